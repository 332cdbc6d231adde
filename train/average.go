package train

import (
	"math"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// Average is a running mean of parameters and buffers over the steps of a training,
// which does better on images that were not seen than the last of them (Polyak and
// Juditsky 1992): torch.optim.swa_utils.AveragedModel with the averaging that
// torchvision and timm call exponential,
//
//	average = Decay*average + (1-Decay)*parameter
//
// and the parameters themselves after the first step.
type Average struct {
	// Decay is what the old average counts, as 0.999.
	Decay float64
	// Warmup lets the decay rise to Decay as timm's ModelEmaV3 does, as
	// 1-(1+t)^(-2/3) after t steps: a young average does not hold on to its beginnings.
	Warmup bool

	mean  *graph.Params
	pairs []averaged
}

// averaged is a parameter with its mean.
type averaged struct {
	mean, of *graph.Param
}

// NewAverage returns an average of parameters that begins as they are.
func NewAverage(of *graph.Params, decay float64) *Average {
	a := &Average{Decay: decay, mean: of.Clone()}
	for e := range of.All() {
		m, _ := a.mean.Get(e.Name)
		a.pairs = append(a.pairs, averaged{m, e})
	}
	return a
}

// Params returns the means. They change with every Update.
func (a *Average) Params() *graph.Params { return a.mean }

// Update takes the parameters into the average after a step, counted from 0.
func (a *Average) Update(step int) {
	weight := float32(1 - a.decay(step))
	for _, p := range a.pairs {
		if step == 0 {
			copy(p.mean.Value.Float32s(), p.of.Value.Float32s())
		} else {
			kernel.Lerp(p.mean.Value.Float32s(), p.of.Value.Float32s(), weight)
		}
	}
	a.mean.Changed()
}

func (a *Average) decay(step int) float64 {
	if a.Warmup {
		return min(a.Decay, 1-math.Pow(float64(1+step), -2.0/3))
	}
	return a.Decay
}

// averageSection holds the averages, in a checkpoint.
const averageSection = "ema"

func (a *Average) tensors() []weights.Tensor {
	list := weights.FromParams(a.mean).Tensors
	for i := range list {
		list[i].Section = averageSection
	}
	return list
}

// averagesOf returns the averages of a checkpoint as the model's own weights.
func averagesOf(a *weights.Archive) *weights.Archive {
	w := &weights.Archive{Meta: a.Meta}
	for _, t := range a.Section(averageSection) {
		own := *t
		own.Section = ""
		w.Tensors = append(w.Tensors, own)
	}
	return w
}

// shown returns the parameters that are evaluated and kept: the averages if the
// settings want them. The parameters must be there.
func (r *Run) shown() *graph.Params {
	if r.config.EMADecay == 0 {
		return r.params
	}
	if r.average == nil {
		r.average = NewAverage(r.params, r.config.EMADecay)
		r.average.Warmup = r.config.EMAWarmup
	}
	return r.average.Params()
}

// follow takes a step of the run into the average, if there is one.
func (r *Run) follow(step int) {
	if r.average != nil {
		r.average.Update(step)
	}
}

// restoreAverage takes the averages from a checkpoint.
func (r *Run) restoreAverage(a *weights.Archive) error {
	if r.average == nil {
		return nil
	}
	return errors.Wrap(averagesOf(a).Into(r.average.Params()), "averages (ema)")
}

// bestWeights returns the part of a checkpoint that is the model, averages if there
// are any.
func bestWeights(a *weights.Archive) *weights.Archive {
	if w := averagesOf(a); len(w.Tensors) > 0 {
		return w
	}
	return weightsOnly(a)
}

func (c *Config) validateAverage() error {
	if c.EMAWarmup && c.EMADecay == 0 {
		return errors.New("ema_warmup without ema_decay: there is no average")
	}
	return below1(option{"ema_decay", c.EMADecay})
}
