package train

import (
	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
)

// Augment says how training images are changed at random, each time that they
// are seen.
type Augment struct {
	// Usual takes what is usual for the data set, see dataset.Data.TrainPipeline,
	// for the settings that are zero.
	Usual bool `yaml:"usual"`

	// Padding is the number of pixels added on all sides before a crop of the input
	// size. Images of all sizes are cropped to a random area instead, from MinArea of
	// the image on.
	Padding int     `yaml:"padding"`
	MinArea float64 `yaml:"min_area"`
	// Flip is the probability of being mirrored.
	Flip float64 `yaml:"flip"`
	// Brightness, Contrast, Saturation and Hue are those of dataset.ColorJitter.
	Brightness float64 `yaml:"brightness"`
	Contrast   float64 `yaml:"contrast"`
	Saturation float64 `yaml:"saturation"`
	Hue        float64 `yaml:"hue"`
	// AutoAugment is a policy by its name in torchvision's references: "ta_wide" for
	// dataset.TrivialAugmentWide, "ra" for dataset.RandAugment; none by default.
	// RAOps and RAMagnitude are those of RandAugment, 0 for 2 and 9.
	AutoAugment string `yaml:"auto_augment"`
	RAOps       int    `yaml:"ra_ops"`
	RAMagnitude int    `yaml:"ra_magnitude"`
	// Erasing is the probability that a random box is overwritten. The others are
	// those of dataset.RandomErasing, zeros for its defaults.
	Erasing      float64    `yaml:"erasing"`
	ErasingScale [2]float64 `yaml:"erasing_scale,flow"`
	ErasingRatio [2]float64 `yaml:"erasing_ratio,flow"`
	ErasingValue float64    `yaml:"erasing_value"`
	ErasingNoise bool       `yaml:"erasing_noise"`
	// RAReps is how often each image of an epoch is taken, in a row and changed
	// differently, so that an epoch sees only that part of the images; 0 for once.
	RAReps int `yaml:"ra_reps"`
	// MixupAlpha and CutMixAlpha are those of dataset.Mixing, which changes the
	// batches of classifiers; 0 for none.
	MixupAlpha  float64 `yaml:"mixup_alpha"`
	CutMixAlpha float64 `yaml:"cutmix_alpha"`
}

func (a Augment) validate() error {
	if a.Padding < 0 {
		return errors.Errorf("padding %d, want at least 0", a.Padding)
	}
	for _, p := range []option{{"min_area", a.MinArea}, {"flip", a.Flip}, {"erasing", a.Erasing}} {
		if !(p.value >= 0 && p.value <= 1) {
			return errors.Errorf("%s %g, want 0 to 1", p.name, p.value)
		}
	}
	if err := a.validateRepeats(); err != nil {
		return err
	}
	if err := a.validateErasing(); err != nil {
		return err
	}
	if err := a.mixing().Validate(); err != nil {
		return err
	}
	if err := a.validatePolicy(); err != nil {
		return err
	}
	_, _, _, err := a.jitter().Shape(0, 0, 0)
	return err
}

func (a Augment) jitter() dataset.ColorJitter {
	return dataset.ColorJitter{Brightness: a.Brightness, Contrast: a.Contrast, Saturation: a.Saturation, Hue: a.Hue}
}

// resolve fills in what is usual for the data set, and defaults.
func (a Augment) resolve(d *dataset.Data, c, h, w int) Augment {
	if a.Usual {
		a = a.usual(d, c, h, w)
	}
	return a.complete()
}

func (a Augment) usual(d *dataset.Data, c, h, w int) Augment {
	a.Usual = false
	for _, t := range d.TrainPipeline(c, h, w).Transforms {
		switch t := t.(type) {
		case dataset.RandomCrop:
			if a.Padding == 0 {
				a.Padding = t.Padding
			}
		case dataset.RandomResizedCrop:
			if a.MinArea == 0 {
				a.MinArea = 0.08 // its default
			}
		case dataset.RandomHorizontalFlip:
			if a.Flip == 0 {
				a.Flip = t.P
			}
		}
	}
	return a
}

// pipeline returns the pipeline of training images, which is that of validation
// with the random transforms in it. a has been resolved.
func (a Augment) pipeline(d *dataset.Data, c, h, w int) dataset.Pipeline {
	p := d.ValPipeline(c, h, w)
	var shape, colour []dataset.Transform
	for _, t := range p.Transforms {
		if _, ok := t.(dataset.Channels); ok {
			colour = append(colour, t)
		} else {
			shape = append(shape, t)
		}
	}
	if _, hasH, hasW := d.Train.Shape(); a.MinArea > 0 && (hasH == 0 || hasW == 0) {
		shape = []dataset.Transform{dataset.RandomResizedCrop{Height: h, Width: w, Scale: [2]float64{a.MinArea, 1}}}
	}
	if a.Padding > 0 {
		shape = append(shape, dataset.RandomCrop{Height: h, Width: w, Padding: a.Padding})
	}
	if a.Flip > 0 {
		shape = append(shape, dataset.RandomHorizontalFlip{P: a.Flip})
	}
	if t := a.policy(); t != nil {
		shape = append(shape, t)
	}
	if j := a.jitter(); j != (dataset.ColorJitter{}) {
		shape = append(shape, j)
	}
	p.Transforms = append(shape, colour...)
	p.Erasing = a.erasing()
	return p
}
