package train

import (
	"cmp"
	"strings"

	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// recipe is what works for a model and a data set on small machines: the settings
// of DefaultConfig.
type recipe struct {
	epochs, batch int
	optimizer     OptimizerConfig
	schedule      ScheduleConfig
	clipNorm      float64
	augment       bool
}

// DefaultConfig returns the settings for a model on a data set.
func DefaultConfig(model, data string) Config {
	r := recipeFor(model, data)
	return Config{
		Model: model, Data: data, Augment: Augment{Usual: r.augment},
		Epochs: r.epochs, BatchSize: r.batch, Seed: 1,
		Optimizer: r.optimizer, Schedule: r.schedule, ClipNorm: r.clipNorm, Accumulate: 1,
		CheckpointMinutes: 10, KeepBest: 1, Faults: defaultFaults(model), TensorBoard: true,
	}
}

// recipeFor returns the recipe of the model's family or, for classifiers, that of
// the kind of data.
func recipeFor(model, data string) recipe {
	family := ""
	if m, err := zoo.New(model); err == nil { // else Validate will say
		family = m.Family()
	}
	if r, ok := familyRecipes[family]; ok {
		return r
	}
	kind, _, _ := strings.Cut(data, ":")
	r, ok := dataRecipes[kind]
	if !ok {
		r = dataRecipes["cifar10"]
	}
	if family == "convnet" {
		r.optimizer.LR /= 4 // it has no norms
	}
	return r
}

// sgd is the optimiser of the classifiers.
func sgd(lr, weightDecay float64) OptimizerConfig {
	o := DefaultOptimizer("sgd")
	o.LR, o.Momentum, o.Nesterov, o.WeightDecay = lr, 0.9, true, weightDecay
	return o
}

// adam is an optimiser of that family.
func adam(name string, lr, beta1, beta2, weightDecay float64) OptimizerConfig {
	o := DefaultOptimizer(name)
	o.LR, o.Betas, o.WeightDecay = lr, [2]float64{beta1, beta2}, weightDecay
	o.ExemptNormsAndBiases = weightDecay > 0
	return o
}

// warmed is a cosine after so many epochs of warm-up.
func warmed(epochs float64) ScheduleConfig {
	s := DefaultSchedule("cosine")
	s.Warmup = epochs
	return s
}

// dataRecipes by the kind of data set. Those for ResNet-20 on glyphs and
// Fashion-MNIST are measured in docs/results.md; the one for image folders is
// that of torchvision's references, with its learning rate scaled to the batch.
var dataRecipes = map[string]recipe{
	"glyphs":        {3, 64, sgd(0.1, 5e-4), DefaultSchedule("onecycle"), 0, true},
	"mnist":         {5, 128, sgd(0.1, 5e-4), DefaultSchedule("onecycle"), 0, true},
	"fashion-mnist": {12, 128, sgd(0.2, 5e-4), DefaultSchedule("onecycle"), 0, true},
	"cifar10":       {30, 128, sgd(0.2, 5e-4), DefaultSchedule("onecycle"), 0, true},
	"cifar100":      {30, 128, sgd(0.2, 5e-4), DefaultSchedule("onecycle"), 0, true},
	"imagefolder":   {90, 32, sgd(0.0125, 1e-4), DefaultSchedule("cosine"), 0, true},
}

// familyRecipes by the family of the model, measured in docs/models.md. That of
// the GANs is from Radford et al. 2015.
var familyRecipes = map[string]recipe{
	"lstm":        {5, 32, adam("adam", 2e-3, 0.9, 0.999, 0), DefaultSchedule("cosine"), 1, false},
	"transformer": {2, 12, adam("adamw", 1e-3, 0.9, 0.99, 0.1), warmed(0.1), 1, false},
	"gan":         {10, 64, adam("adam", 2e-4, 0.5, 0.999, 0), DefaultSchedule("constant"), 0, false},
}

// Names are the settings on which the defaults of others depend. The empty
// string stands for the default: ResNet-20, glyphs or for language models
// sentences, and the optimiser and schedule of the recipe.
type Names struct {
	Model, Data, Optimizer, Schedule string
}

// Config returns the default settings for the names.
func (n Names) Config() Config {
	model := cmp.Or(n.Model, "resnet20")
	data := n.Data
	if data == "" {
		data = "glyphs"
		if t, _ := taskOf(model); t == zoo.Language {
			data = "sentences"
		}
	}
	c := DefaultConfig(model, data)
	if n.Optimizer != "" && n.Optimizer != c.Optimizer.Name {
		c.Optimizer = DefaultOptimizer(n.Optimizer)
	}
	if n.Schedule != "" && n.Schedule != c.Schedule.Name {
		c.Schedule = DefaultSchedule(n.Schedule)
	}
	return c
}
