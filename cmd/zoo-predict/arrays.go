package main

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// part is the name of what is computed where arrays are written.
func (f *imageFlags) part() string {
	if f.features != "" {
		return f.features
	}
	return "logits"
}

// features writes the values of a part of the model for all images, (N, ...).
func (s *session) features(ctx context.Context) error {
	var all array
	for _, x := range s.batches(ctx) {
		if err := all.add(s.predictor, x, s.flags.part()); err != nil {
			return err
		}
	}
	switch {
	case ctx.Err() != nil:
		return errors.New("interrupted")
	case len(all.shape) == 0:
		return s.end() // every image has failed
	}
	if err := all.save(s.stdout, s.flags.part(), s.flags.out); err != nil {
		return err
	}
	return s.end()
}

// convertArray computes the logits, or the values of another part of the model,
// for prepared images.
func (f *flags) convertArray(c *cobra.Command, r *zoo.Predictor) error {
	x, err := readArray(f.npy)
	if err != nil {
		return err
	}
	var all array
	n, size := x.Shape()[0], x.Shape().TotalSize()/x.Shape()[0]
	for first := 0; first < n; first += f.batch {
		if c.Context().Err() != nil {
			return errors.New("interrupted")
		}
		last := min(n, first+f.batch)
		shape := x.Shape().Clone()
		shape[0] = last - first
		part := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x.Float32s()[first*size:last*size]))
		if err := all.add(r, part, f.part()); err != nil {
			return errors.Wrap(err, f.npy)
		}
	}
	return all.save(c.OutOrStdout(), f.part(), f.out)
}

// readArray reads images (N, C, H, W).
func readArray(path string) (*tensor.Dense, error) {
	a, err := weights.Load(path)
	if err != nil {
		return nil, err
	}
	if len(a.Tensors) != 1 {
		return nil, errors.Errorf("%s: %d arrays, want one", path, len(a.Tensors))
	}
	t := a.Tensors[0]
	values, ok := t.Values.([]float32)
	if !ok || len(t.Shape) != 4 || len(values) == 0 {
		return nil, errors.Errorf("%s: an array of %s %v, want floats (N, C, H, W)", path, t.DType(), t.Shape)
	}
	return tensor.New(tensor.WithShape(t.Shape...), tensor.WithBacking(values)), nil
}

// array is what is computed in parts, along the first axis.
type array struct {
	shape  []int
	values []float32
}

// add computes the values of a part of the model for x.
func (a *array) add(r *zoo.Predictor, x *tensor.Dense, part string) error {
	v, err := r.Features(x, part)
	if err != nil {
		return err
	}
	s := v[0].Shape()
	if a.shape == nil {
		a.shape = slices.Clone(s)
		a.shape[0] = 0
	}
	a.shape[0] += s[0]
	a.values = append(a.values, v[0].Float32s()...)
	return nil
}

// save writes the array to a .npy file and says so.
func (a *array) save(stdout io.Writer, part, path string) error {
	err := atomicfile.WriteFile(path, func(w io.Writer) error {
		return weights.EncodeNPY(w, &weights.Archive{Tensors: []weights.Tensor{{Name: part, Shape: a.shape, Values: a.values}}})
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s %v -> %s\n", part, tensor.Shape(a.shape), path)
	return err
}
