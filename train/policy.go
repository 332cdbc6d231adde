package train

import (
	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// The names of the policies.
const (
	trivialAugment = "ta_wide"
	randAugment    = "ra"
)

// policy returns the transform that AutoAugment names, nil for none.
func (a Augment) policy() dataset.Transform {
	switch a.AutoAugment {
	case trivialAugment:
		return dataset.TrivialAugmentWide{}
	case randAugment:
		return dataset.RandAugment{Ops: a.RAOps, Magnitude: a.RAMagnitude}
	}
	return nil
}

func (a Augment) validatePolicy() error {
	p := a.policy()
	switch {
	case p == nil && a.AutoAugment != "" && a.AutoAugment != "none":
		return unknown("auto_augment", a.AutoAugment, []string{"none", trivialAugment, randAugment})
	case a.AutoAugment != randAugment && (a.RAOps != 0 || a.RAMagnitude != 0):
		return errors.Errorf("ra_ops and ra_magnitude are for auto_augment %s", randAugment)
	case p == nil:
		return nil
	}
	_, _, _, err := p.Shape(0, 0, 0)
	return err
}

// erasing returns the erasing of the pipeline.
func (a Augment) erasing() dataset.RandomErasing {
	return dataset.RandomErasing{
		P: a.Erasing, Scale: a.ErasingScale, Ratio: a.ErasingRatio,
		Value: float32(a.ErasingValue), Random: a.ErasingNoise,
	}
}

func (a Augment) validateErasing() error {
	e := a.erasing()
	switch {
	case a.Erasing == 0 && e != (dataset.RandomErasing{}):
		return errors.New("erasing_scale, erasing_ratio, erasing_value and erasing_noise are for erasing of more than 0")
	case a.ErasingNoise && a.ErasingValue != 0:
		return errors.New("erasing_value and erasing_noise: want one of them")
	}
	return e.Validate()
}

func (a Augment) validateRepeats() error {
	if a.RAReps < 0 {
		return errors.Errorf("ra_reps %d, want at least 1, or 0 for none", a.RAReps)
	}
	return nil
}

// complete fills in the defaults of what is asked for.
func (a Augment) complete() Augment {
	if a.AutoAugment == randAugment {
		d := dataset.RandAugment{Ops: a.RAOps, Magnitude: a.RAMagnitude}.Defaults()
		a.RAOps, a.RAMagnitude = d.Ops, d.Magnitude
	}
	if a.Erasing > 0 {
		d := a.erasing().Defaults()
		a.ErasingScale, a.ErasingRatio = d.Scale, d.Ratio
	}
	return a
}

// suits reports settings that mean nothing for a task.
func (a Augment) suits(t zoo.Task) error {
	switch {
	case t == zoo.Language && a != (Augment{}):
		return errors.New("augment is for images, a language model has none")
	case t != zoo.Classification && a.mixing() != (dataset.Mixing{}):
		return errors.New("mixup_alpha and cutmix_alpha are for classifiers, which have classes to mix")
	}
	return nil
}
