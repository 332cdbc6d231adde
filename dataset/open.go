package dataset

import (
	"log/slog"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
)

// Data is an opened data set.
type Data struct {
	Kind  string // what the specification begins with, such as "cifar10"
	Train Dataset
	Val   Dataset // the test split of the sets that call it so

	// Norm is the mean and the standard deviation of the training pixels, as
	// the field uses them for this set; ImageNet's for image folders.
	Norm Normalization

	kind *kind
}

// Options are settings of [Open]. The zero Options are the defaults.
type Options struct {
	// Seed chooses the images of glyphs.
	Seed uint64

	// TrainLen and ValLen are how many images glyphs has; default
	// [GlyphTrainLen] and [GlyphValLen].
	TrainLen, ValLen int

	// MaxPixels is the size of the largest image file that is decoded; default
	// [DefaultMaxPixels].
	MaxPixels int

	// Log receives warnings of files that are skipped; default slog.Default().
	Log *slog.Logger
}

func (o Options) log() *slog.Logger { return orDefault(o.Log) }

func orDefault(l *slog.Logger) *slog.Logger {
	if l == nil {
		return slog.Default()
	}
	return l
}

// openFunc opens the splits of a data set in a folder or file.
type openFunc func(k *kind, path string, o Options) (train, val Dataset, err error)

// kind is one of the data sets that can be opened.
type kind struct {
	name    string
	open    openFunc
	noPath  bool // needs no file
	norm    Normalization
	classes []string // where the files do not name them

	// The usual augmentation: a random crop after padding, and a mirror where
	// mirrored images are of the same class.
	padding int
	flip    bool
}

// The normalisations are those in use for these sets: mean and deviation of all
// training pixels (MNIST as in PyTorch's examples, CIFAR with the deviation of
// pixels and not of image means).
var kinds = []kind{
	{
		name: "glyphs", open: openGlyphs, noPath: true,
		norm:    Normalization{Mean: []float32{glyphMean}, Std: []float32{glyphStd}},
		classes: digits,
	},
	{
		name: "mnist", open: openMNIST,
		norm:    Normalization{Mean: []float32{0.1307}, Std: []float32{0.3081}},
		classes: digits, padding: 2,
	},
	{
		name: "fashion-mnist", open: openMNIST,
		norm:    Normalization{Mean: []float32{0.2860}, Std: []float32{0.3530}},
		classes: fashionClasses, padding: 2, flip: true,
	},
	{
		name: "cifar10", open: cifar10Layout.opener(),
		norm: Normalization{
			Mean: []float32{0.4914, 0.4822, 0.4465},
			Std:  []float32{0.2470, 0.2435, 0.2616},
		},
		classes: cifar10Classes, padding: 4, flip: true,
	},
	{
		name: "cifar100", open: cifar100Layout.opener(),
		norm: Normalization{
			Mean: []float32{0.5071, 0.4865, 0.4409},
			Std:  []float32{0.2673, 0.2564, 0.2762},
		},
		classes: cifar100Classes, padding: 4, flip: true,
	},
	{name: "imagefolder", open: openImageFolder, norm: ImageNet, flip: true},
}

// Kinds returns the names that a specification may begin with.
func Kinds() []string {
	names := make([]string, len(kinds))
	for i := range kinds {
		names[i] = kinds[i].name
	}
	return names
}

// findKind returns the kind of that name.
func findKind(name string) (*kind, error) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name })
	if i < 0 {
		return nil, unknownKind("data set", name, Kinds())
	}
	return &kinds[i], nil
}

// unknownKind says that there is nothing of that name, and what there is.
func unknownKind(what, name string, known []string) error {
	hint := ""
	if near := nearest.Of(name, known); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "? "
	}
	return errors.Errorf("unknown %s %q: %sknown are %s", what, name, hint, strings.Join(known, ", "))
}

// Open opens the data set that a specification names: "glyphs", or "KIND:PATH"
// with a kind of [Kinds] and a folder, or for CIFAR also its .tar.gz.
//
// All but image folders are read into memory. A missing folder, file or class
// folder, and a truncated or inconsistent file, is an error of one line.
func Open(spec string, o Options) (*Data, error) {
	name, path, _ := strings.Cut(spec, ":")
	k, err := findKind(name)
	if err != nil {
		return nil, err
	}
	if k.noPath && path != "" {
		return nil, errors.Errorf("data set %s takes no path, found %q", name, path)
	}
	if !k.noPath && path == "" {
		return nil, errors.Errorf("data set %s needs a path: %s:DIR", name, name)
	}
	train, val, err := k.open(k, path, o)
	if err != nil {
		return nil, errors.WithMessage(err, name)
	}
	return &Data{Kind: name, Train: train, Val: val, Norm: k.norm, kind: k}, nil
}

// TrainPipeline returns the usual training pipeline for this set, ending in
// images of shape (c, h, w). Image folders: random resized crop and horizontal
// flip, as for ImageNet. Small images: padding by 4 (28x28: 2) and random crop,
// and a horizontal flip where the classes bear it, as in He et al. 2015;
// glyphs need no augmentation, as they are random already.
func (d *Data) TrainPipeline(c, h, w int) Pipeline {
	var p Pipeline
	if d.varies() {
		p.Transforms = append(p.Transforms, RandomResizedCrop{Height: h, Width: w})
	} else {
		p.Transforms = d.fit(h, w)
		if d.kind.padding > 0 {
			p.Transforms = append(p.Transforms, RandomCrop{Height: h, Width: w, Padding: d.kind.padding})
		}
	}
	if d.kind.flip {
		p.Transforms = append(p.Transforms, RandomHorizontalFlip{P: 0.5})
	}
	return d.finish(p, c)
}

// ValPipeline returns the usual pipeline for evaluation, ending in images of
// shape (c, h, w). Image folders: the shorter side is scaled to 256/224 of the
// larger of h and w, and the centre cut out. Small images are scaled if their
// size is another.
func (d *Data) ValPipeline(c, h, w int) Pipeline {
	p := Pipeline{Transforms: d.fit(h, w)}
	if d.varies() {
		p.Transforms = []Transform{Resize{Size: (max(h, w)*256 + 112) / 224}, CenterCrop{h, w}}
	}
	return d.finish(p, c)
}

// varies reports whether the images have different sizes.
func (d *Data) varies() bool {
	_, h, w := d.Train.Shape()
	return h == 0 || w == 0
}

// fit scales images to (h, w) if they have another size.
func (d *Data) fit(h, w int) []Transform {
	if _, hasH, hasW := d.Train.Shape(); hasH == h && hasW == w {
		return nil
	}
	return []Transform{ResizeTo{h, w}}
}

// finish adds what every pipeline ends in.
func (d *Data) finish(p Pipeline, c int) Pipeline {
	if has, _, _ := d.Train.Shape(); has != c {
		p.Transforms = append(p.Transforms, Channels{c})
	}
	p.Normalize = d.Norm.For(c)
	return p
}
