package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
	"github.com/gorgonia-zoo/modelzoo/pretrained"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// formats are how weights can be written, by the extension of the file.
var formats = map[string]func(*export, *weights.Archive) error{
	".gob": func(e *export, a *weights.Archive) error { return a.Save(e.to) },
	".npz": func(e *export, a *weights.Archive) error { return a.SaveNPZ(e.to) },
	".pth": func(e *export, a *weights.Archive) error { return a.SavePTH(e.to) },
	safetensorsFormat: func(e *export, a *weights.Archive) error {
		return a.SaveSafetensors(e.to, weights.FloatsAs(weights.DType(e.dtype)))
	},
}

func format(path string) string { return strings.ToLower(filepath.Ext(path)) }

const (
	// onnxFormat is the extension of files that hold the network with the weights.
	onnxFormat = ".onnx"
	// safetensorsFormat is that of files whose values may be narrower than float32.
	safetensorsFormat = ".safetensors"
)

// dtypes are what floating-point values may be written as.
var dtypes = []string{string(weights.Float32), string(weights.Float16), string(weights.BFloat16)}

func extensions() string {
	return strings.Join(slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(formats)), onnxFormat))), " or ")
}

// export copies weights from one file to another.
type export struct {
	from, pretrained string // one of them
	to, model        string
	dtype            string
	source, license  string
	keepNorms        bool
	fitting          cli.FittingFlags
}

// check reports what is wrong with the flags.
func (e *export) check() error {
	switch {
	case e.from == "" && e.pretrained == "":
		return errors.New("--from is missing: want a run folder or a file of weights, or --pretrained")
	case e.from != "" && e.pretrained != "":
		return errors.New("--from and --pretrained exclude each other")
	case e.to == "":
		return errors.New("--to is missing: want the file to write, such as weights.gob")
	}
	isONNX := format(e.to) == onnxFormat
	if formats[format(e.to)] == nil && !isONNX {
		return errors.Errorf("--to %s: cannot write this format, want a name that ends in %s", e.to, extensions())
	}
	if e.keepNorms && !isONNX {
		return errors.Errorf("--keep-norms is for --to FILE%s", onnxFormat)
	}
	if !slices.Contains(dtypes, e.dtype) {
		return errors.Errorf("--dtype %s: %s", e.dtype, nearest.Hint(e.dtype, dtypes))
	}
	if e.dtype != dtypes[0] && format(e.to) != safetensorsFormat {
		return errors.Errorf("--dtype %s is for --to FILE%s", e.dtype, safetensorsFormat)
	}
	if e.pretrained != "" {
		_, err := pretrained.Find(e.model, e.pretrained)
		return errors.Wrap(err, "--pretrained")
	}
	if e.model == "" {
		if flag := e.fitting.NeedsModel(); flag != "" && !isONNX {
			return errors.Errorf("%s is for --model NAME: there is nothing to fit", flag)
		}
		return nil
	}
	_, err := zoo.Lookup(e.model)
	return errors.Wrap(err, "--model")
}

func (e *export) run(stdout, stderr io.Writer) error {
	from, a, err := e.load()
	if err != nil {
		return err
	}
	fitting, err := e.fitting.Fitting(stderr, "zoo-export")
	if err != nil {
		return err
	}
	if format(e.to) == onnxFormat {
		return e.onnx(from, a, fitting, stdout, stderr)
	}
	a.Tensors = slices.DeleteFunc(a.Tensors, func(t weights.Tensor) bool { return t.Section != "" })
	if len(a.Tensors) == 0 {
		return errors.Errorf("%s: there are no weights in it", from)
	}
	switch {
	case e.model != "":
		a, err = as(e.model, a, fitting)
	case fitting.Names != nil:
		err = a.Rename(fitting.Names)
	}
	if err != nil {
		return errors.Wrap(err, from)
	}
	e.sign(&a.Meta)
	warn(stderr, a)
	if err := formats[format(e.to)](e, a); err != nil {
		return err
	}
	return e.report(stdout, from, a)
}

// load reads the weights, and returns what messages call them.
func (e *export) load() (from string, a *weights.Archive, err error) {
	if e.pretrained != "" {
		a, err = pretrained.Archive(e.model, e.pretrained)
		return "pretrained " + e.pretrained, a, err
	}
	if from, err = source(e.from); err != nil {
		return "", nil, err
	}
	a, err = weights.Load(from)
	return from, a, err
}

// onnx writes the network of the weights with them.
func (e *export) onnx(from string, a *weights.Archive, f *weights.Fitting, stdout, stderr io.Writer) error {
	p, err := zoo.FromArchive(a, e.model, f)
	if err != nil {
		return errors.Wrap(err, from)
	}
	e.sign(&p.Meta)
	a = weights.FromParams(p.Params)
	warn(stderr, a)
	if err := p.SaveONNX(e.to, e.keepNorms); err != nil {
		return err
	}
	return e.report(stdout, from, a)
}

// sign says where the weights come from, and under which terms.
func (e *export) sign(m *weights.Meta) {
	m.Source, m.License = cmp.Or(e.source, m.Source), cmp.Or(e.license, m.License)
}

// warn tells of values that are no numbers.
func warn(stderr io.Writer, a *weights.Archive) {
	for i := range a.Tensors {
		if s := a.Tensors[i].Stats(); s.NaN+s.Inf > 0 {
			fmt.Fprintf(stderr, "zoo-export: warning: %s has %d NaN and %d infinite values\n", a.Tensors[i].Name, s.NaN, s.Inf)
		}
	}
}

// report says what was read, and written.
func (e *export) report(stdout io.Writer, from string, a *weights.Archive) error {
	info, err := os.Stat(e.to)
	if err != nil {
		return err
	}
	sum := total(a)
	_, err = fmt.Fprintf(stdout, "%s -> %s: %d tensors, %d parameters, %s\n", from, e.to, sum.Tensors, sum.Parameters, size(info.Size()))
	return err
}

// as returns the archive in the order and with the flags of a registered model,
// whose names and shapes it must have. The number of classes and the input are
// those of the archive, and so are all settings if it was made from that model.
func as(name string, a *weights.Archive, f *weights.Fitting) (*weights.Archive, error) {
	p, err := zoo.FromArchive(a, name, f)
	if err != nil {
		return nil, err
	}
	checked := weights.FromParams(p.Params)
	checked.Meta = a.Meta
	checked.Meta.Model = name
	return checked, checked.Meta.SetConfig(p.Model.Config())
}
