package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v3"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/pretrained"
	"github.com/gorgonia-zoo/modelzoo/train"
)

// setting is a flag that sets a field of train.Config.
type setting struct {
	name, value, usage string
	field              func(*train.Config) any // a pointer
}

// settings are all fields of train.Config, most wanted first.
var settings = []setting{
	{"model", "NAME", "name of the model (default resnet20; eval: the one of the weights)", func(c *train.Config) any { return &c.Model }},
	{"data", "SPEC", "data set: glyphs, sentences, or KIND:DIR with KIND of " + kinds() + " (default glyphs, or sentences for a language model)", func(c *train.Config) any { return &c.Data }},
	{"epochs", "N", "how often all the training data is seen", func(c *train.Config) any { return &c.Epochs }},
	{"batch-size", "N", "images or sequences in a step", func(c *train.Config) any { return &c.BatchSize }},
	{"patience", "N", "stop after so many epochs without improvement (default never)", func(c *train.Config) any { return &c.Patience }},
	{"min-delta", "X", "what an improvement must be more than, in top-1 as a part of 1 or in loss", func(c *train.Config) any { return &c.MinDelta }},
	{"seed", "N", "of initial weights, order, augmentation, dropout and glyphs (default 1)", func(c *train.Config) any { return &c.Seed }},

	{"optimizer", "NAME", strings.Join(train.Optimizers(), ", ") + " (default sgd)", func(c *train.Config) any { return &c.Optimizer.Name }},
	{"lr", "X", "largest learning rate", func(c *train.Config) any { return &c.Optimizer.LR }},
	{"lr-base-size", "N", "images or sequences in a step that the learning rate is for; it is scaled in proportion", func(c *train.Config) any { return &c.LRBaseBatch }},
	{"weight-decay", "X", "L2 penalty; adamw: decay beside the gradient", func(c *train.Config) any { return &c.Optimizer.WeightDecay }},
	{"exempt-norms-and-biases", "", "no weight decay for norms and biases", func(c *train.Config) any { return &c.Optimizer.ExemptNormsAndBiases }},
	{"momentum", "X", "sgd, rmsprop", func(c *train.Config) any { return &c.Optimizer.Momentum }},
	{"nesterov", "", "sgd: Nesterov momentum", func(c *train.Config) any { return &c.Optimizer.Nesterov }},
	{"dampening", "X", "sgd", func(c *train.Config) any { return &c.Optimizer.Dampening }},
	{"betas", "X,X", "adam, adamw", func(c *train.Config) any { return &c.Optimizer.Betas }},
	{"amsgrad", "", "adam, adamw", func(c *train.Config) any { return &c.Optimizer.AMSGrad }},
	{"alpha", "X", "rmsprop", func(c *train.Config) any { return &c.Optimizer.Alpha }},
	{"centered", "", "rmsprop", func(c *train.Config) any { return &c.Optimizer.Centered }},
	{"eps", "X", "adam, adamw, rmsprop", func(c *train.Config) any { return &c.Optimizer.Eps }},

	{"schedule", "NAME", strings.Join(train.Schedules(), ", "), func(c *train.Config) any { return &c.Schedule.Name }},
	{"warmup", "EPOCHS", "linear rise of the learning rate before the schedule", func(c *train.Config) any { return &c.Schedule.Warmup }},
	{"warmup-factor", "X", "part of the learning rate with which it begins (default 0.01)", func(c *train.Config) any { return &c.Schedule.WarmupFactor }},
	{"step-size", "EPOCHS", "step: time between two drops (default 30)", func(c *train.Config) any { return &c.Schedule.StepSize }},
	{"milestones", "EPOCHS,...", "step: when the learning rate drops, instead of --step-size", func(c *train.Config) any { return &c.Schedule.Milestones }},
	{"gamma", "X", "step: factor of a drop (default 0.1)", func(c *train.Config) any { return &c.Schedule.Gamma }},
	{"min-lr", "X", "cosine: last learning rate; plateau: the least", func(c *train.Config) any { return &c.Schedule.MinLR }},
	{"power", "X", "polynomial: of the part of the steps that is left (default 1)", func(c *train.Config) any { return &c.Schedule.Power }},
	{"factor", "X", "plateau: factor of a drop (default 0.1)", func(c *train.Config) any { return &c.Schedule.Factor }},
	{"patience-epochs", "N", "plateau: epochs without improvement before a drop (default 10)", func(c *train.Config) any { return &c.Schedule.Patience }},
	{"threshold", "X", "plateau: part by which an improvement must be better (default 0.0001)", func(c *train.Config) any { return &c.Schedule.Threshold }},
	{"pct-start", "X", "onecycle: part of the steps that rise (default 0.3)", func(c *train.Config) any { return &c.Schedule.PctStart }},
	{"div-factor", "X", "onecycle: largest by first learning rate (default 25)", func(c *train.Config) any { return &c.Schedule.DivFactor }},
	{"final-div-factor", "X", "onecycle: first by last learning rate (default 10000)", func(c *train.Config) any { return &c.Schedule.FinalDivFactor }},
	{"cycle-momentum", "", "onecycle: move the momentum too", func(c *train.Config) any { return &c.Schedule.CycleMomentum }},
	{"base-momentum", "X", "onecycle: least momentum (default 0.85)", func(c *train.Config) any { return &c.Schedule.BaseMomentum }},
	{"max-momentum", "X", "onecycle: largest momentum (default 0.95)", func(c *train.Config) any { return &c.Schedule.MaxMomentum }},

	{"clip-norm", "X", "largest norm of the gradient", func(c *train.Config) any { return &c.ClipNorm }},
	{"clip-value", "X", "largest size of a number of the gradient", func(c *train.Config) any { return &c.ClipValue }},
	{"grad-accum-steps", "N", "batches whose gradients are averaged for a step (default 1)", func(c *train.Config) any { return &c.Accumulate }},
	{"model-ema-decay", "X", "evaluate and keep an average of the weights; what the old average counts, as 0.999 (default none)", func(c *train.Config) any { return &c.EMADecay }},
	{"model-ema-warmup", "", "let that decay rise from 0", func(c *train.Config) any { return &c.EMAWarmup }},
	{"label-smoothing", "X", "share of the target that all classes get", func(c *train.Config) any { return &c.LabelSmoothing }},
	{"augment", "", "the usual augmentation of the data set; --augment=false for none (default true)", func(c *train.Config) any { return &c.Augment.Usual }},
	{"padding", "PIXELS", "random crop after padding", func(c *train.Config) any { return &c.Augment.Padding }},
	{"min-area", "X", "random resized crop of images of all sizes: least part of the area", func(c *train.Config) any { return &c.Augment.MinArea }},
	{"flip", "P", "probability of a mirrored image", func(c *train.Config) any { return &c.Augment.Flip }},
	{"brightness", "X", "colour jitter", func(c *train.Config) any { return &c.Augment.Brightness }},
	{"contrast", "X", "colour jitter", func(c *train.Config) any { return &c.Augment.Contrast }},
	{"saturation", "X", "colour jitter", func(c *train.Config) any { return &c.Augment.Saturation }},
	{"hue", "X", "colour jitter", func(c *train.Config) any { return &c.Augment.Hue }},
	{"auto-augment", "NAME", "policy: ta_wide (TrivialAugment) or ra (RandAugment)", func(c *train.Config) any { return &c.Augment.AutoAugment }},
	{"ra-ops", "N", "RandAugment: operations in turn (default 2)", func(c *train.Config) any { return &c.Augment.RAOps }},
	{"ra-magnitude", "N", "RandAugment: strength, 1 to 30 (default 9)", func(c *train.Config) any { return &c.Augment.RAMagnitude }},
	{"erasing", "P", "probability of a random box being erased", func(c *train.Config) any { return &c.Augment.Erasing }},
	{"erasing-scale", "X,X", "erasing: part of the area, least and most (default 0.02,0.33)", func(c *train.Config) any { return &c.Augment.ErasingScale }},
	{"erasing-ratio", "X,X", "erasing: height by width, least and most (default 0.3,3.3)", func(c *train.Config) any { return &c.Augment.ErasingRatio }},
	{"erasing-value", "X", "erasing: what fills the box, after normalisation (default 0)", func(c *train.Config) any { return &c.Augment.ErasingValue }},
	{"erasing-noise", "", "erasing: fill the box with normal noise", func(c *train.Config) any { return &c.Augment.ErasingNoise }},
	{"ra-reps", "N", "repeated augmentation: how often an epoch takes each image that it takes", func(c *train.Config) any { return &c.Augment.RAReps }},
	{"mixup-alpha", "X", "classifiers: mix batches by mixup", func(c *train.Config) any { return &c.Augment.MixupAlpha }},
	{"cutmix-alpha", "X", "classifiers: mix batches by CutMix", func(c *train.Config) any { return &c.Augment.CutMixAlpha }},

	{"input-size", "PIXELS", "height and width of the model's input", func(c *train.Config) any { return &c.InputSize }},
	{"mean", "A,B,C", "of pixels in [0, 1], for each channel", func(c *train.Config) any { return &c.Mean }},
	{"std", "A,B,C", "of pixels in [0, 1], for each channel", func(c *train.Config) any { return &c.Std }},
	{"steps-per-epoch", "N", "Transformers: length of an epoch (default once over the text)", func(c *train.Config) any { return &c.StepsPerEpoch }},
	{"min-count", "N", "words: how often a word must be there to be in the vocabulary", func(c *train.Config) any { return &c.MinCount }},
	{"train-len", "N", "glyphs, sentences: training images or characters", func(c *train.Config) any { return &c.TrainLen }},
	{"val-len", "N", "glyphs, sentences: validation images or characters", func(c *train.Config) any { return &c.ValLen }},
	{"architecture", "YAML", "settings of the model: '{width: 32, blocks: [2, 2, 2]}'", func(c *train.Config) any { return &c.Architecture }},
	{"weights", "FILE", "weights to begin with, or a run folder", func(c *train.Config) any { return &c.Weights }},
	{"pretrained", "DATA", "instead of --weights: those that the program has inside, by what they were trained on: cifar10; see zoo-train models", func(c *train.Config) any { return &c.Pretrained }},
	{"map", "FILE", "other names for the weights: lines of a regular expression and a new name, or - for none", func(c *train.Config) any { return &c.Map }},
	{"new-head", "", "begin with a new last layer, for other classes than those of the weights", func(c *train.Config) any { return &c.NewHead }},
	{"skip", "PATTERN,...", "parameters to begin at random whatever the weights have: 'layer4.*'", func(c *train.Config) any { return &c.Skip }},
	{"adapt-input", "", "bring the first convolution to the channels of the images: three to one by their sum", func(c *train.Config) any { return &c.AdaptInput }},
	{"no-strict", "", "load the names that weights and model have in common, and tell of the rest", func(c *train.Config) any { return &c.NoStrict }},
	{"freeze", "PATTERN,...", "parameters that stay as they are, with their norms in evaluation mode: 'conv1.*,bn1.*,layer1.*'", func(c *train.Config) any { return &c.Freeze }},
	{"lr-scale", "PATTERN=X,...", "factors of the learning rate: 'fc.*=10'", func(c *train.Config) any { return &c.LRScale }},
	{"layer-decay", "X", "factor of the learning rate from each layer to the one before it, such as 0.8", func(c *train.Config) any { return &c.LayerDecay }},
	{"tensorboard", "", "event files for TensorBoard in the run folder (default true)", func(c *train.Config) any { return &c.TensorBoard }},
	{"checkpoint-minutes", "X", "time between two checkpoints within an epoch (default 10)", func(c *train.Config) any { return &c.CheckpointMinutes }},
	{"on-nan", "NAME", "stop or skip a step whose loss or gradient is not finite (default stop)", func(c *train.Config) any { return &c.OnNaN }},
	{"max-skipped", "N", "on-nan skip: steps of a run that may be skipped (default 100)", func(c *train.Config) any { return &c.MaxSkipped }},
	{"max-corrupt", "X", "images: part of an epoch that may be corrupt (default 0.01)", func(c *train.Config) any { return &c.MaxCorrupt }},
	{"keep-best", "N", "checkpoints of so many best epochs are kept (default 1, best.ckpt)", func(c *train.Config) any { return &c.KeepBest }},
}

func kinds() string {
	var names []string
	for _, k := range append(dataset.Kinds(), dataset.TextKinds()...) {
		if k != "glyphs" && k != "sentences" {
			names = append(names, k)
		}
	}
	return strings.Join(names, ", ")
}

// settingFlags are the flags of the settings that were given.
type settingFlags struct {
	given map[string]string
}

// register adds the flags of the settings of those names, of all without names.
func (s *settingFlags) register(flags *pflag.FlagSet, names ...string) {
	s.given = make(map[string]string)
	for i := range settings {
		if len(names) > 0 && !slices.Contains(names, settings[i].name) {
			continue
		}
		f := flags.VarPF(&settingFlag{setting: &settings[i], given: s.given}, settings[i].name, "", settings[i].usage)
		if f.Value.Type() == "bool" {
			f.NoOptDefVal = "true"
		}
	}
}

// config returns the settings: those of the origin with those of the flags over
// them.
func (s *settingFlags) config(o origin) (train.Config, error) {
	c, err := s.unchecked(o)
	if err != nil {
		return c, err
	}
	return c, c.Validate()
}

// unchecked is config without looking whether the settings go together.
func (s *settingFlags) unchecked(o origin) (train.Config, error) {
	names := train.Names{
		Model: s.given["model"], Data: s.given["data"],
		Optimizer: s.given["optimizer"], Schedule: s.given["schedule"],
	}
	if names.Model == "" && o == (origin{}) {
		var err error
		if names.Model, err = s.modelOfWeights(); err != nil {
			return train.Config{}, err
		}
	}
	c, err := o.config(names)
	if err != nil {
		return c, err
	}
	for _, f := range settings {
		if text, ok := s.given[f.name]; ok {
			if err := parse(text, f.field(&c)); err != nil {
				return c, errors.Wrap(err, "--"+f.name)
			}
		}
	}
	if c.Pretrained != "" {
		if _, err := pretrained.Find(c.Model, c.Pretrained); err != nil {
			return c, errors.Wrap(err, "--pretrained")
		}
	}
	return c, nil
}

// modelOfWeights returns the name of the model that the given weights are for, "" if
// there are none or they do not say.
func (s *settingFlags) modelOfWeights() (string, error) {
	if data := s.given["pretrained"]; data != "" {
		e, err := pretrained.Find("", data)
		return e.Model, errors.Wrap(err, "--pretrained")
	}
	if path := s.given["weights"]; path != "" {
		return train.ModelOf(path), nil
	}
	return "", nil
}

// settingFlag is a pflag.Value that checks its text and keeps it.
type settingFlag struct {
	*setting
	given map[string]string
}

func (f *settingFlag) String() string { return "" }

func (f *settingFlag) Type() string {
	if f.value == "" {
		return "bool"
	}
	return f.value
}

func (f *settingFlag) Set(text string) error {
	if err := parse(text, f.field(new(train.Config))); err != nil {
		return err
	}
	f.given[f.name] = text
	return nil
}

// parse sets what into points to.
func parse(text string, into any) (err error) {
	switch p := into.(type) {
	case *string:
		*p = text
	case *bool:
		if *p, err = strconv.ParseBool(text); err != nil {
			return errors.Errorf("want true or false")
		}
	case *int:
		if *p, err = strconv.Atoi(text); err != nil {
			return errors.New("want a whole number")
		}
	case *uint64:
		if *p, err = strconv.ParseUint(text, 10, 64); err != nil {
			return errors.New("want a whole number from 0")
		}
	case *float64:
		*p, err = number(text)
	case *[]float64:
		*p, err = numbers(text)
	case *[]float32:
		var list []float64
		list, err = numbers(text)
		*p = make([]float32, len(list))
		for i, v := range list {
			(*p)[i] = float32(v)
		}
	case *[2]float64:
		list, err := numbers(text)
		if err != nil || len(list) != 2 {
			return errors.New("want two numbers with a comma between them")
		}
		*p = [2]float64(list)
	case *[]string:
		*p = strings.Split(text, ",")
	case *yaml.Node:
		*p, err = train.ParseArchitecture(text)
	default:
		return errors.Errorf("no way to read a %T", into)
	}
	return err
}

func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil {
		return 0, errors.New("want a number")
	}
	return v, nil
}

func numbers(text string) ([]float64, error) {
	var list []float64
	for _, t := range strings.Split(text, ",") {
		v, err := number(t)
		if err != nil {
			return nil, errors.New("want numbers with commas between them")
		}
		list = append(list, v)
	}
	return list, nil
}
