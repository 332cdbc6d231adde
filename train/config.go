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
	// Init is a file of weights to start from, none by default, and InitSkip are
	// patterns of parameters that begin at random all the same: "fc.*" for a new
	// head.
	Init     string   `yaml:"init"`
	InitSkip []string `yaml:"init_skip,flow"`

	// Data is the specification of a data set, as dataset.Open takes it.
	Data string `yaml:"data"`
	// TrainLen and ValLen are the numbers of images of glyphs; 0 for its defaults.
	// Other data sets have the length that they have.
	TrainLen int `yaml:"train_len"`
	ValLen   int `yaml:"val_len"`
	// InputSize is the height and width of the model's input, to which images are
	// brought; 0 for that of the data set, or of the model if images have all sizes.
	InputSize int `yaml:"input_size"`
	// Augment changes the training images.
	Augment Augment `yaml:"augment"`
	// Mean and Std normalise pixels in [0, 1], one value a channel; none for the
	// usual ones of the data set.
	Mean []float32 `yaml:"mean,flow"`
	Std  []float32 `yaml:"std,flow"`

	// Epochs is how often every training image is seen. The images of an epoch that
	// do not fill a batch are left out.
	Epochs    int `yaml:"epochs"`
	BatchSize int `yaml:"batch_size"`
	// Seed determines the initial weights, the order of images, their augmentation,
	// dropout, and the images of glyphs.
	Seed uint64 `yaml:"seed"`
	// LabelSmoothing in [0, 1) moves that share of each target to all classes.
	LabelSmoothing float64 `yaml:"label_smoothing"`

	Optimizer OptimizerConfig `yaml:"optimizer"`
	Schedule  ScheduleConfig  `yaml:"schedule"`

	// CheckpointMinutes is how long a run goes on before it writes last.ckpt
	// without waiting for the end of the epoch; 0 for at the end of epochs only.
	CheckpointMinutes float64 `yaml:"checkpoint_minutes"`
}

// recipe is what works for a data set on small machines: the setting of
// DefaultConfig.
type recipe struct {
	epochs, batch int
	optimizer     OptimizerConfig
	schedule      ScheduleConfig
}

// DefaultConfig returns the settings for a model on a data set: SGD with
// Nesterov momentum and the usual augmentation of the data set.
func DefaultConfig(model, data string) Config {
	kind, _, _ := strings.Cut(data, ":")
	r, ok := recipes[kind]
	if !ok {
		r = recipes["cifar10"]
	}
	return Config{
		Model: model, Data: data, Augment: Augment{Usual: true},
		Epochs: r.epochs, BatchSize: r.batch, Seed: 1,
		Optimizer: r.optimizer, Schedule: r.schedule,
		CheckpointMinutes: 10,
	}
}

// sgd is the optimiser of all recipes.
func sgd(lr, weightDecay float64) OptimizerConfig {
	o := DefaultOptimizer("sgd")
	o.LR, o.Momentum, o.Nesterov, o.WeightDecay = lr, 0.9, true, weightDecay
	return o
}

// recipes by the kind of data set. Those for ResNet-20 on glyphs and
// Fashion-MNIST are measured in docs/results.md; the one for image folders is
// that of torchvision's references, with its learning rate scaled to the batch.
var recipes = map[string]recipe{
	"glyphs":        {3, 64, sgd(0.1, 5e-4), DefaultSchedule("onecycle")},
	"mnist":         {5, 128, sgd(0.1, 5e-4), DefaultSchedule("onecycle")},
	"fashion-mnist": {12, 128, sgd(0.2, 5e-4), DefaultSchedule("onecycle")},
	"cifar10":       {30, 128, sgd(0.2, 5e-4), DefaultSchedule("onecycle")},
	"cifar100":      {30, 128, sgd(0.2, 5e-4), DefaultSchedule("onecycle")},
	"imagefolder":   {90, 32, sgd(0.0125, 1e-4), DefaultSchedule("cosine")},
}

// Names are the settings on which the defaults of others depend. The empty
// string stands for the default: ResNet-20, glyphs, and the optimiser and
// schedule of the recipe.
type Names struct {
	Model, Data, Optimizer, Schedule string
}

// Config returns the default settings for the names.
func (n Names) Config() Config {
	c := DefaultConfig(cmp.Or(n.Model, "resnet20"), cmp.Or(n.Data, "glyphs"))
	if n.Optimizer != "" && n.Optimizer != c.Optimizer.Name {
		c.Optimizer = DefaultOptimizer(n.Optimizer)
	}
	if n.Schedule != "" && n.Schedule != c.Schedule.Name {
		c.Schedule = DefaultSchedule(n.Schedule)
	}
	return c
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
	switch {
	case !slices.Contains(dataset.Kinds(), kind):
		return unknown("data set", kind, dataset.Kinds())
	case path == "" && kind != "glyphs":
		return errors.Errorf("data %q, want %s:DIR", c.Data, kind)
	case kind != "glyphs" && (c.TrainLen != 0 || c.ValLen != 0):
		return errors.Errorf("train_len and val_len are for glyphs, %s has the length that it has", kind)
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
	case !(c.CheckpointMinutes >= 0):
		return errors.Errorf("checkpoint_minutes %g, want at least 0", c.CheckpointMinutes)
	case len(c.Mean) != len(c.Std):
		return errors.Errorf("%d values of mean and %d of std, want one of each for a channel", len(c.Mean), len(c.Std))
	case len(c.InitSkip) > 0 && c.Init == "":
		return errors.New("init_skip without init: there is nothing to skip")
	}
	if _, err := zoo.New(c.Model, WithArchitecture(c.Architecture)); err != nil {
		return err
	}
	if err := c.Augment.validate(); err != nil {
		return errors.Wrap(err, "augment")
	}
	if err := c.Optimizer.validate(); err != nil {
		return errors.Wrap(err, "optimizer")
	}
	return errors.Wrap(c.Schedule.validate(), "schedule")
}

// unknown says that a name does not exist, and which ones are near.
func unknown(what, name string, choices []string) error {
	if near := nearest.Of(name, choices); len(near) > 0 {
		return errors.Errorf("no %s %q; did you mean %s?", what, name, strings.Join(near, " or "))
	}
	return errors.Errorf("no %s %q; there are %s", what, name, strings.Join(choices, ", "))
}
