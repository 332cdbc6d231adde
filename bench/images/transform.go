package main

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
)

// Files that the transforms are applied to. Those of large images are decoded before,
// except where a job begins with it.
const (
	large  = "500x375, quality 90, 4:2:0.jpg"
	medium = "224x224, quality 90, 4:2:0.jpg"
	small  = "32x32, quality 90, 4:2:0.jpg"
)

// work is what a job does.
type work struct {
	decode   bool // the file, each time
	pipeline dataset.Pipeline
	tensor   bool // makes the input of a network, and not an image
}

var (
	crop224   = dataset.CenterCrop{Height: 224, Width: 224}
	resized   = dataset.RandomResizedCrop{Height: 224, Width: 224}
	flip      = dataset.RandomHorizontalFlip{P: 0.5}
	jitter    = dataset.ColorJitter{Brightness: 0.4, Contrast: 0.4, Saturation: 0.4, Hue: 0.1}
	padded    = dataset.RandomCrop{Height: 32, Width: 32, Padding: 4}
	evaluated = []dataset.Transform{dataset.Resize{Size: 256}, crop224}
	trained   = []dataset.Transform{resized, flip}
)

// transforms are known to the peer by the same names, those of torchvision.
var transforms = map[string]work{
	"Resize(256), CenterCrop(224)":                    {pipeline: dataset.Pipeline{Transforms: evaluated}},
	"RandomResizedCrop(224), flip":                    {pipeline: dataset.Pipeline{Transforms: trained}},
	"RandomCrop(32, padding=4), flip":                 {pipeline: dataset.Pipeline{Transforms: []dataset.Transform{padded, flip}}},
	"ColorJitter(0.4, 0.4, 0.4, 0.1)":                 {pipeline: dataset.Pipeline{Transforms: []dataset.Transform{jitter}}},
	"TrivialAugmentWide":                              {pipeline: dataset.Pipeline{Transforms: []dataset.Transform{dataset.TrivialAugmentWide{}}}},
	"RandAugment":                                     {pipeline: dataset.Pipeline{Transforms: []dataset.Transform{dataset.RandAugment{}}}},
	"ToTensor, Normalize":                             {tensor: true, pipeline: dataset.Pipeline{Normalize: dataset.ImageNet}},
	"ToTensor, Normalize, RandomErasing(p=1)":         {tensor: true, pipeline: dataset.Pipeline{Normalize: dataset.ImageNet, Erasing: dataset.RandomErasing{P: 1}}},
	"file, RandomResizedCrop(224), flip, to tensor":   {decode: true, tensor: true, pipeline: dataset.Pipeline{Transforms: trained, Normalize: dataset.ImageNet}},
	"file, Resize(256), CenterCrop(224), to tensor":   {decode: true, tensor: true, pipeline: dataset.Pipeline{Transforms: evaluated, Normalize: dataset.ImageNet}},
	"RandomCrop(32, padding=4), flip, to tensor":      {tensor: true, pipeline: dataset.Pipeline{Transforms: []dataset.Transform{padded, flip}, Normalize: dataset.ImageNet}},
	"TrivialAugmentWide, crop, flip, tensor, erasing": {tensor: true, pipeline: dataset.Pipeline{Transforms: []dataset.Transform{dataset.TrivialAugmentWide{}, padded, flip}, Normalize: dataset.ImageNet, Erasing: dataset.RandomErasing{P: 0.25}}},
}

// transformJobs are what is measured, in the order of the table.
var transformJobs = []job{
	{"Resize(256), CenterCrop(224)", large, "500x375", false},
	{"RandomResizedCrop(224), flip", large, "500x375", true},
	{"file, Resize(256), CenterCrop(224), to tensor", large, "500x375", false},
	{"file, RandomResizedCrop(224), flip, to tensor", large, "500x375", true},
	{"ColorJitter(0.4, 0.4, 0.4, 0.1)", medium, "224x224", true},
	{"TrivialAugmentWide", medium, "224x224", true},
	{"RandAugment", medium, "224x224", true},
	{"ToTensor, Normalize", medium, "224x224", false},
	{"ToTensor, Normalize, RandomErasing(p=1)", medium, "224x224", true},
	{"RandomCrop(32, padding=4), flip", small, "32x32", true},
	{"ColorJitter(0.4, 0.4, 0.4, 0.1)", small, "32x32", true},
	{"TrivialAugmentWide", small, "32x32", true},
	{"RandAugment", small, "32x32", true},
	{"ToTensor, Normalize", small, "32x32", false},
	{"RandomCrop(32, padding=4), flip, to tensor", small, "32x32", true},
	{"TrivialAugmentWide, crop, flip, tensor, erasing", small, "32x32", true},
}

// transformer applies this module's transforms.
type transformer struct {
	folder string
	random *rand.Rand
	m      dataset.Image
	dst    []float32
}

func newTransformer(folder string) *transformer {
	return &transformer{folder: folder, random: rand.New(rand.NewPCG(1, 1))}
}

func (t *transformer) time(j job, n int) ([]float64, error) {
	w, ok := transforms[j.name]
	if !ok {
		return nil, errors.New("nobody knows this transform")
	}
	file, err := os.ReadFile(filepath.Join(t.folder, j.file))
	if err != nil {
		return nil, err
	}
	var source dataset.Image
	if err := dataset.Decode(bytes.NewReader(file), &source, 0); err != nil {
		return nil, err
	}
	return timed(n, func() error {
		if !w.decode {
			t.m.CopyFrom(&source)
		} else if err := dataset.Decode(bytes.NewReader(file), &t.m, 0); err != nil {
			return err
		}
		return t.apply(w)
	})
}

// apply does the work on the image.
func (t *transformer) apply(w work) error {
	if !w.tensor {
		for _, step := range w.pipeline.Transforms {
			if err := step.Apply(&t.m, t.random); err != nil {
				return err
			}
		}
		return nil
	}
	c, h, width, err := w.pipeline.Shape(t.m.C, t.m.H, t.m.W)
	if err != nil {
		return err
	}
	if n := c * h * width; n != len(t.dst) {
		t.dst = make([]float32, n)
	}
	return w.pipeline.Apply(&t.m, t.random, t.dst)
}
