package main

import (
	"io"
	"runtime"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// imageFlags are those for image classifiers.
type imageFlags struct {
	top       int
	json      bool
	batch     int
	features  string
	npy       string
	cam       bool
	mean, std []float32
	size      string
}

func (f *imageFlags) define(o *pflag.FlagSet) {
	o.IntVar(&f.top, "top", 5, "classifiers: how many classes to write for an image, the most probable")
	o.BoolVar(&f.json, "json", false, "classifiers: write JSON, one object a line for each image")
	o.IntVar(&f.batch, "batch-size", 16, "classifiers: how many images to compute at a time")
	o.StringVar(&f.features, "features", "", "classifiers: write the values of the part `NAME` of the model, such as layer4, to --out FILE.npy")
	o.StringVar(&f.npy, "npy", "", "classifiers: take prepared images (N, C, H, W) from `FILE.npy`, and write the logits to --out FILE.npy")
	o.BoolVar(&f.cam, "cam", false, "classifiers: draw where in the image the class is seen, to --out FILE.png or, of several images, into that folder")
	o.Float32SliceVar(&f.mean, "mean", nil, "classifiers: of the pixels in [0, 1], for each `CHANNEL` (default what the file says)")
	o.Float32SliceVar(&f.std, "std", nil, "classifiers: standard deviation, for each `CHANNEL`")
	o.StringVar(&f.size, "input-size", "", "classifiers: `SIZE` of the images for the model, 224 or HEIGHTxWIDTH")
}

// classify finds the classes of images, or writes arrays.
func (f *flags) classify(c *cobra.Command, p *zoo.Pretrained, args []string) error {
	if err := f.checkClassify(p, args); err != nil {
		return cli.Usage(err)
	}
	if err := f.overrideInput(p); err != nil {
		return err
	}
	r, err := p.Predictor()
	if err != nil {
		return err
	}
	if f.npy != "" {
		return f.convertArray(c, r)
	}
	files, err := findImages(args)
	if err != nil {
		return err
	}
	s := &session{
		predictor: r, flags: f, files: files,
		stdin: c.InOrStdin(), stdout: c.OutOrStdout(), stderr: c.ErrOrStderr(),
		workers: runtime.GOMAXPROCS(0),
	}
	switch {
	case f.features != "":
		return s.features(c.Context())
	case f.cam:
		return s.maps(c.Context())
	}
	return s.classes(c.Context())
}

// checkClassify reports flags that do not go together.
func (f *flags) checkClassify(p *zoo.Pretrained, args []string) error {
	name := p.Model.Name()
	switch {
	case f.prompt != "":
		return errors.Errorf("--prompt is for language models: %s is an image classifier", name)
	case f.samples != 0:
		return errors.Errorf("--samples is for generators of images: %s is an image classifier", name)
	case f.npy == "" && len(args) == 0:
		return errors.New("no image: want files, folders, or - for standard input")
	case f.npy != "" && len(args) > 0:
		return errors.New("--npy takes the place of images: give one or the other")
	case f.npy != "" && (len(f.mean) > 0 || len(f.std) > 0 || f.size != ""):
		return errors.New("--mean, --std and --input-size are for images: those of --npy are prepared")
	case f.top < 1 || f.batch < 1:
		return errors.Errorf("--top %d and --batch-size %d, want at least 1", f.top, f.batch)
	case f.cam && (f.features != "" || f.npy != ""):
		return errors.New("--cam goes with images, and without --features")
	case f.cam && f.out == "":
		return errors.New("--out is missing: want the PNG file or the folder to write")
	case (f.features != "" || f.npy != "") && f.out == "":
		return errors.New("--out is missing: want the .npy file to write")
	case f.json && (f.features != "" || f.npy != ""):
		return errors.New("--json is for classes: --features and --npy write arrays")
	case f.out != "" && !f.cam && f.features == "" && f.npy == "":
		return errors.New("--out is for --features, --npy and --cam")
	}
	return nil
}

// overrideInput lays the flags over what the file of weights says of the images.
func (f *flags) overrideInput(p *zoo.Pretrained) error {
	if f.npy != "" {
		return nil
	}
	in, err := p.Input()
	if err != nil && (len(f.mean) == 0 || len(f.std) == 0) {
		return cli.Usage(errors.WithMessage(err, "--mean and --std are missing"))
	}
	if len(f.mean) > 0 {
		in.Mean = f.mean
	}
	if len(f.std) > 0 {
		in.Std = f.std
	}
	if f.size != "" {
		h, w, err := parseSize(f.size)
		if err != nil {
			return cli.Usage(err)
		}
		if in.Resize > 0 { // in the same proportion
			old := max(in.Height, in.Width)
			in.Resize = (in.Resize*max(h, w) + old/2) / old
		}
		in.Height, in.Width = h, w
	}
	p.Meta.Input = in
	return nil
}

// parseSize reads 224 or HEIGHTxWIDTH.
func parseSize(s string) (h, w int, err error) {
	const largest = 1 << 14
	high, wide, two := strings.Cut(s, "x")
	if !two {
		wide = high
	}
	h, errH := strconv.Atoi(high)
	w, errW := strconv.Atoi(wide)
	if errH != nil || errW != nil || h < 1 || w < 1 || h > largest || w > largest {
		return 0, 0, errors.Errorf("--input-size %q, want 224 or HEIGHTxWIDTH, of 1 to %d pixels", s, largest)
	}
	return h, w, nil
}

// session is one call for images.
type session struct {
	predictor      *zoo.Predictor
	flags          *flags
	files          []string
	stdin          io.Reader
	stdout, stderr io.Writer
	workers        int
	failed         int // images that could not be read
}

// end is the error with which a session ends that has left images out.
func (s *session) end() error {
	if s.failed == 0 {
		return nil
	}
	return errors.Errorf("%d of %d images could not be read", s.failed, len(s.files))
}
