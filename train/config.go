package train

import (
	"cmp"
	"os"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"go.yaml.in/yaml/v3"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// Config is everything that determines a run. It is stored as the config.yaml of
// the run folder, and the same Config gives the same bits again.
//
// Start from DefaultConfig or ReadConfig: zero values are not the defaults.
type Config struct {
	// Model is the name of a registered model, and Architecture what differs from
	// its registered configuration, by the keys of the family's type (zoo.ResNet).
	// The number of classes, and for images of one size the input, come from the
	// data set. In the config.yaml of a run Architecture is complete.
	Model        string    `yaml:"model"`
	Architecture yaml.Node `yaml:"architecture,omitempty"`
	// Initial are the weights to start from.
	Initial `yaml:",inline"`

	// Data is the specification of a data set, as dataset.Open takes it.
	Data string `yaml:"data"`
	// TrainLen and ValLen are the numbers of images of glyphs, or of characters of
	// sentences; 0 for their defaults. Other data sets have the length that they have.
	TrainLen int `yaml:"train_len"`
	ValLen   int `yaml:"val_len"`
	// MinCount is how often a word of the training text must be there to be in the
	// vocabulary of a language model of words; 0 for 1.
	MinCount int `yaml:"min_count"`
	// InputSize is the height and width of the model's input, to which images are
	// brought; 0 for that of the data set, or of the model if images have all sizes.
	InputSize int `yaml:"input_size"`
	// Augment changes the training images.
	Augment Augment `yaml:"augment"`
	// Mean and Std normalise pixels in [0, 1], one value a channel; none for the
	// usual ones of the data set.
	Mean []float32 `yaml:"mean,flow"`
	Std  []float32 `yaml:"std,flow"`

	// Epochs is how often all the training data is seen. The images of an epoch that
	// do not fill a batch are left out. BatchSize counts images, or sequences of tokens.
	Epochs    int `yaml:"epochs"`
	BatchSize int `yaml:"batch_size"`
	// StepsPerEpoch is for models that read windows of a text at random, for which an
	// epoch is what one says it is; 0 for as many as the text has windows side by side.
	StepsPerEpoch int `yaml:"steps_per_epoch"`
	// Seed determines the initial weights, the order of images, their augmentation,
	// dropout, and the images of glyphs.
	Seed uint64 `yaml:"seed"`
	// FineTuning keeps parts of the model from learning, or makes them learn less.
	FineTuning `yaml:",inline"`
	// LabelSmoothing in [0, 1) moves that share of each target to all classes.
	LabelSmoothing float64 `yaml:"label_smoothing"`

	// ClipNorm is the largest norm of the gradient, see ClipGradNorm, and ClipValue the
	// largest size of its numbers, see ClipGradValue; 0 for any. One of them may be set.
	ClipNorm  float64 `yaml:"clip_norm"`
	ClipValue float64 `yaml:"clip_value"`
	// Accumulate is the number of batches whose gradients are averaged for a step.
	// Norms over the batch see one batch; schedules and the numbers of steps count
	// steps.
	Accumulate int `yaml:"accumulate"`

	// LRBaseBatch is the number of images or sequences in a step that the optimiser's
	// learning rate is for; it is scaled to that of the run, BatchSize times Accumulate,
	// in proportion (Goyal et al. 2017, "Accurate, large minibatch SGD"). 0 for not.
	LRBaseBatch int `yaml:"lr_base_batch"`

	// Patience ends the run after so many epochs that were not better than the best one
	// before them by more than MinDelta, in top-1, a part of 1, or the loss on the
	// validation text; 0 for after all epochs.
	Patience int     `yaml:"patience"`
	MinDelta float64 `yaml:"min_delta"`

	// EMADecay in (0, 1) keeps an Average of the weights with that Decay, which is
	// what is evaluated and kept; 0 for none. EMAWarmup is the Warmup of it.
	EMADecay  float64 `yaml:"ema_decay"`
	EMAWarmup bool    `yaml:"ema_warmup"`

	Optimizer OptimizerConfig `yaml:"optimizer"`
	Schedule  ScheduleConfig  `yaml:"schedule"`

	// CheckpointMinutes is how long a run goes on before it writes last.ckpt
	// without waiting for the end of the epoch; 0 for at the end of epochs only.
	CheckpointMinutes float64 `yaml:"checkpoint_minutes"`
	// KeepBest is how many of the best epochs have their checkpoints kept, as
	// epoch-001.ckpt; with 1 there is best.ckpt alone.
	KeepBest int `yaml:"keep_best"`

	Faults `yaml:",inline"`

	// TensorBoard has the run write event files for TensorBoard to its folder.
	TensorBoard bool `yaml:"tensorboard"`
}

// ReadConfig reads settings in YAML. Those that the file does not give are the
// defaults for its names. Names that override gives take the place of the file's,
// and then what the file says of another model's architecture, another
// optimiser, another schedule, or the images of another kind of data set does
// not count. A key that does not exist is an error that gives the nearest ones.
func ReadConfig(path string, override Names) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, plain(path, err)
	}
	c, err := ParseConfig(text, override)
	return c, errors.Wrap(err, path)
}

// ParseConfig is ReadConfig for a text.
func ParseConfig(text []byte, override Names) (Config, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return Config{}, errors.New(oneLine(err))
	}
	if err := checkKeys(&root, &Config{}); err != nil {
		return Config{}, err
	}
	var in struct {
		Model, Data         string
		Optimizer, Schedule struct{ Name string }
	}
	if err := root.Decode(&in); err != nil {
		return Config{}, errors.New(oneLine(err))
	}
	names := Names{in.Model, in.Data, in.Optimizer.Name, in.Schedule.Name}
	names.replace(&root, override)
	c := names.Config()
	if err := root.Decode(&c); err != nil {
		return Config{}, errors.New(oneLine(err))
	}
	c.Model, c.Data = cmp.Or(names.Model, c.Model), cmp.Or(names.Data, c.Data)
	return c, nil
}

// replace sets the names that override gives, and removes the settings of the
// old ones from the text.
func (n *Names) replace(root *yaml.Node, override Names) {
	kind := func(data string) string {
		k, _, _ := strings.Cut(data, ":")
		return k
	}
	for _, o := range []struct {
		name  *string
		by    string
		same  bool
		takes []string // keys
	}{
		{&n.Model, override.Model, n.Model == override.Model, []string{"architecture"}},
		{&n.Data, override.Data, kind(n.Data) == kind(override.Data),
			[]string{"train_len", "val_len", "input_size", "augment", "mean", "std"}},
		{&n.Optimizer, override.Optimizer, n.Optimizer == override.Optimizer, []string{"optimizer"}},
		{&n.Schedule, override.Schedule, n.Schedule == override.Schedule, []string{"schedule"}},
	} {
		if o.by == "" {
			continue
		}
		*o.name = o.by
		if !o.same {
			removeKeys(root, o.takes...)
		}
	}
}

// Validate reports the first setting that cannot be, as far as that can be told
// without opening files.
func (c *Config) Validate() error {
	kind, path, _ := strings.Cut(c.Data, ":")
	made := kind == "glyphs" || kind == "sentences" // by the program
	if err := c.suits(kind); err != nil {
		return err
	}
	switch {
	case path == "" && !made:
		return errors.Errorf("data %q, want %s:DIR", c.Data, kind)
	case !made && (c.TrainLen != 0 || c.ValLen != 0):
		return errors.Errorf("train_len and val_len are for glyphs and sentences, %s has the length that it has", kind)
	case c.TrainLen < 0 || c.ValLen < 0:
		return errors.Errorf("train_len %d and val_len %d, want at least 0", c.TrainLen, c.ValLen)
	case c.InputSize < 0:
		return errors.Errorf("input_size %d, want at least 1, or 0 for the usual one", c.InputSize)
	case c.Epochs < 1:
		return errors.Errorf("epochs %d, want at least 1", c.Epochs)
	case c.BatchSize < 1:
		return errors.Errorf("batch_size %d, want at least 1", c.BatchSize)
	case !(c.LabelSmoothing >= 0 && c.LabelSmoothing < 1):
		return errors.Errorf("label_smoothing %g, want at least 0 and less than 1", c.LabelSmoothing)
	case c.StepsPerEpoch < 0 || c.MinCount < 0:
		return errors.Errorf("steps_per_epoch %d and min_count %d, want at least 0", c.StepsPerEpoch, c.MinCount)
	case !(c.ClipNorm >= 0):
		return errors.Errorf("clip_norm %g, want more than 0, or 0 for any norm", c.ClipNorm)
	case !(c.ClipValue >= 0):
		return errors.Errorf("clip_value %g, want more than 0, or 0 for any size", c.ClipValue)
	case c.ClipNorm > 0 && c.ClipValue > 0:
		return errors.New("clip_norm and clip_value: want one of them")
	case !(c.CheckpointMinutes >= 0):
		return errors.Errorf("checkpoint_minutes %g, want at least 0", c.CheckpointMinutes)
	case c.KeepBest < 1:
		return errors.Errorf("keep_best %d, want at least 1", c.KeepBest)
	case len(c.Mean) != len(c.Std):
		return errors.Errorf("%d values of mean and %d of std, want one of each for a channel", len(c.Mean), len(c.Std))
	}
	m, err := zoo.New(c.Model, WithArchitecture(c.Architecture))
	if err != nil {
		return err
	}
	if err := c.Initial.validate(m.Task()); err != nil {
		return err
	}
	if err := c.FineTuning.validate(); err != nil {
		return err
	}
	if c.FineTuning.Given() && m.Task() == zoo.Generation {
		return errors.Errorf("freeze, lr_scale and layer_decay are for classifiers and language models, %s is a GAN", c.Model)
	}
	if err := c.Augment.validate(); err != nil {
		return errors.Wrap(err, "augment")
	}
	if err := c.Optimizer.validate(); err != nil {
		return errors.Wrap(err, "optimizer")
	}
	if err := c.Schedule.validate(); err != nil {
		return errors.Wrap(err, "schedule")
	}
	for _, check := range []func() error{
		c.validateFaults, c.validateAverage, c.validateAccumulate, c.validateBaseBatch, c.validatePatience, c.needsMeasure,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// suits reports a kind of data that there is not, or that is not for the model, and
// settings that mean nothing for it.
func (c *Config) suits(kind string) error {
	all := append(dataset.Kinds(), dataset.TextKinds()...)
	if !slices.Contains(all, kind) {
		return unknown("data set", kind, all)
	}
	t, err := taskOf(c.Model)
	if err != nil {
		return err
	}
	want := dataset.Kinds()
	if t == zoo.Language {
		want = dataset.TextKinds()
	}
	if !slices.Contains(want, kind) {
		return errors.Errorf("%s is a model for %s: want data of %s, found %s", c.Model, t, strings.Join(want, ", "), kind)
	}
	switch {
	case t == zoo.Language && c.InputSize != 0:
		return errors.Errorf("input_size is for images: %s reads text", c.Model)
	case kind != "words" && c.MinCount != 0:
		return errors.Errorf("min_count is for words: %s has none", kind)
	case t != zoo.Language && c.StepsPerEpoch != 0:
		return errors.Errorf("steps_per_epoch is for language models: %s sees all images in an epoch", c.Model)
	case t != zoo.Classification && len(c.Mean)+len(c.Std) > 0:
		return errors.Errorf("mean and std are for image classifiers: %s is a model for %s", c.Model, t)
	case t == zoo.Generation && c.LabelSmoothing != 0:
		return errors.Errorf("label_smoothing is for models with classes or tokens: %s is a model for %s", c.Model, t)
	}
	return c.Augment.suits(t)
}

// unknown says that a name does not exist, and which ones are near.
func unknown(what, name string, choices []string) error {
	if near := nearest.Of(name, choices); len(near) > 0 {
		return errors.Errorf("no %s %q; did you mean %s?", what, name, strings.Join(near, " or "))
	}
	return errors.Errorf("no %s %q; there are %s", what, name, strings.Join(choices, ", "))
}
