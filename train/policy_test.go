package train

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/dataset"
)

// modern is augmentation of every kind that is off by default.
var modern = Augment{
	Padding: 1, AutoAugment: "ta_wide", Erasing: 0.3, ErasingNoise: true, RAReps: 3, MixupAlpha: 0.2, CutMixAlpha: 1,
}

// A run with all of them comes to the same bits at any number of threads, and
// after an interruption anywhere.
func TestModernAugmentationIsReproducible(t *testing.T) {
	c := small(t)
	c.Augment = modern
	reproducible(t, c)
}

// Each of them has an influence on a run.
func TestModernAugmentationMatters(t *testing.T) {
	weights := func(a Augment) []float32 {
		c := small(t)
		c.Epochs, c.Augment = 1, a
		r := newRun(t, c, Options{})
		finish(t, r)
		w, _ := r.Params().Get("conv1.weight")
		return slices.Clone(w.Value.Float32s())
	}
	plain := weights(Augment{Erasing: 1})
	for name, a := range map[string]Augment{
		"ta_wide":       {Erasing: 1, AutoAugment: "ta_wide"},
		"ra":            {Erasing: 1, AutoAugment: "ra"},
		"erasing_scale": {Erasing: 1, ErasingScale: [2]float64{0.5, 0.5}},
		"erasing_ratio": {Erasing: 1, ErasingRatio: [2]float64{3, 3}},
		"erasing_value": {Erasing: 1, ErasingValue: 1},
		"erasing_noise": {Erasing: 1, ErasingNoise: true},
		"ra_reps":       {Erasing: 1, RAReps: 2},
		"mixup_alpha":   {Erasing: 1, MixupAlpha: 1},
		"cutmix_alpha":  {Erasing: 1, CutMixAlpha: 1},
	} {
		if slices.Equal(weights(a), plain) {
			t.Errorf("%s has no influence", name)
		}
	}
	for name, a := range map[string]Augment{
		"none":      {Erasing: 1, AutoAugment: "none"},
		"one rep":   {Erasing: 1, RAReps: 1},
		"torch's":   {Erasing: 1, ErasingScale: [2]float64{0.02, 0.33}, ErasingRatio: [2]float64{0.3, 3.3}},
		"same once": {Erasing: 1},
	} {
		if !slices.Equal(weights(a), plain) {
			t.Errorf("%s: not the run without", name)
		}
	}
}

// A policy comes after crop and flip and before the colours, as in torchvision.
func TestPolicyInThePipeline(t *testing.T) {
	data, err := dataset.Open("glyphs", dataset.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		a        Augment
		resolved Augment
		want     dataset.Transform
	}{
		{Augment{AutoAugment: "ta_wide"}, Augment{AutoAugment: "ta_wide"}, dataset.TrivialAugmentWide{}},
		{Augment{AutoAugment: "ra"}, Augment{AutoAugment: "ra", RAOps: 2, RAMagnitude: 9}, dataset.RandAugment{Ops: 2, Magnitude: 9}},
		{Augment{AutoAugment: "ra", RAOps: 3, RAMagnitude: 5}, Augment{AutoAugment: "ra", RAOps: 3, RAMagnitude: 5}, dataset.RandAugment{Ops: 3, Magnitude: 5}},
	} {
		c.a.Flip, c.a.Brightness, c.a.Erasing, c.a.ErasingNoise = 0.5, 0.1, 0.2, true
		c.resolved.Flip, c.resolved.Brightness, c.resolved.Erasing, c.resolved.ErasingNoise = 0.5, 0.1, 0.2, true
		c.resolved.ErasingScale, c.resolved.ErasingRatio = [2]float64{0.02, 0.33}, [2]float64{0.3, 3.3}
		a := c.a.resolve(data, 1, 28, 28)
		if a != c.resolved {
			t.Errorf("resolved %+v, want %+v", a, c.resolved)
		}
		p := a.pipeline(data, 1, 28, 28)
		want := []dataset.Transform{dataset.RandomHorizontalFlip{P: 0.5}, c.want, dataset.ColorJitter{Brightness: 0.1}}
		if !reflect.DeepEqual(p.Transforms[:3], want) {
			t.Errorf("%+v, want %+v first", p.Transforms, want)
		}
		e := dataset.RandomErasing{P: 0.2, Scale: [2]float64{0.02, 0.33}, Ratio: [2]float64{0.3, 3.3}, Random: true}
		if p.Erasing != e {
			t.Errorf("%+v, want %+v", p.Erasing, e)
		}
	}
}

func TestAugmentRefuses(t *testing.T) {
	for _, c := range []struct {
		a    Augment
		want string
	}{
		{Augment{AutoAugment: "ta"}, `augment: no auto_augment "ta"`},
		{Augment{AutoAugment: "randaugment"}, "augment: no auto_augment"},
		{Augment{AutoAugment: "ta_wide", RAOps: 2}, "augment: ra_ops and ra_magnitude are for auto_augment ra"},
		{Augment{RAMagnitude: 9}, "augment: ra_ops and ra_magnitude are for auto_augment ra"},
		{Augment{AutoAugment: "ra", RAMagnitude: 31}, "augment: rand augment: magnitude 31: want 1 to 30"},
		{Augment{AutoAugment: "ra", RAOps: -1}, "augment: rand augment: -1 operations: want at least 1"},
		{Augment{ErasingNoise: true}, "are for erasing of more than 0"},
		{Augment{ErasingScale: [2]float64{0.1, 0.2}}, "are for erasing of more than 0"},
		{Augment{Erasing: 0.1, ErasingScale: [2]float64{0.3, 0.2}}, "augment: random erasing: scale 0.3 to 0.2"},
		{Augment{Erasing: 0.1, ErasingRatio: [2]float64{-1, 2}}, "augment: random erasing: ratio -1 to 2"},
		{Augment{Erasing: 0.1, ErasingValue: math.NaN()}, "augment: random erasing: value NaN: want a finite number"},
		{Augment{Erasing: 0.1, ErasingValue: 1, ErasingNoise: true}, "augment: erasing_value and erasing_noise: want one of them"},
		{Augment{RAReps: -2}, "augment: ra_reps -2, want at least 1"},
		{Augment{MixupAlpha: -1}, "augment: mixup: alpha -1: want 0.001 to 1000"},
		{Augment{CutMixAlpha: math.Inf(1)}, "augment: cutmix: alpha +Inf: want"},
	} {
		config := small(t)
		config.Augment = c.a
		oneClearLine(t, config.Validate(), c.want)
	}
}

// Settings that mean nothing for a task are refused.
func TestAugmentOfOtherTasks(t *testing.T) {
	for name, text := range others {
		for _, a := range []Augment{{MixupAlpha: 0.2}, {CutMixAlpha: 1}, {AutoAugment: "ra"}, {RAReps: 2}, {Padding: 1}, {Usual: true}} {
			c := tiny(t, text)
			c.Augment = a
			err := c.Validate()
			switch {
			case c.Model == "lstm-lm" || c.Model == "transformer-lm":
				oneClearLine(t, err, "augment is for images, a language model has none")
			case a.mixing() != (dataset.Mixing{}):
				oneClearLine(t, err, "mixup_alpha and cutmix_alpha are for classifiers")
			case err != nil:
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
