package weights

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// contents are what a file of a format other than this module's own holds. The
// values are still in it.
type contents struct {
	meta Meta
	list []*located
}

// add appends a tensor of the section "" after checking its name.
func (c *contents) add(l *located, seen names) error {
	if err := l.checkName(); err != nil {
		return err
	}
	if err := seen.add(&l.Tensor); err != nil {
		return err
	}
	if len(c.list) == tensorLimit {
		return errors.Errorf("more than %d tensors", tensorLimit)
	}
	l.Buffer = untrained(l.Name)
	c.list = append(c.list, l)
	return nil
}

// untrained tells the buffers of a model by the names that PyTorch gives them,
// for formats that do not say.
func untrained(name string) bool {
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "running_mean", "running_var", "num_batches_tracked":
		return true
	}
	return false
}

// counted tells PyTorch's count of the batches that a norm has seen. No model
// here has one, and nothing depends on it.
func counted(name string) bool { return strings.HasSuffix(name, ".num_batches_tracked") }

// archive returns the tensors with their types and without values.
func (c *contents) archive() *Archive {
	a := &Archive{Meta: c.meta}
	for _, l := range c.list {
		t := l.Tensor
		t.Values = kinds[l.form.dtype].make(0)
		a.Tensors = append(a.Tensors, t)
	}
	return a
}

// load reads all values.
func (c *contents) load() (*Archive, error) {
	a := c.archive()
	for i, l := range c.list {
		a.Tensors[i].Values = l.form.values(l.count)
	}
	return a, transfer(len(c.list), func(i int) error { return c.list[i].read(a.Tensors[i].Values) })
}

// transfer calls read for 0 to n-1 on all threads and returns the first error.
func transfer(n int, read func(i int) error) error {
	failed := make([]error, n)
	kernel.Parallel(n, func(i int) { failed[i] = read(i) })
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// contents loads a file's contents into p, leaving large values in the file if it
// may; if any are, it says so.
func (l *loading) contents(c *contents, p *graph.Params, mayDefer bool) (deferred bool, err error) {
	a := c.archive()
	fits, err := l.fitting(a, p)
	if err != nil {
		return false, err
	}
	var now, later []*located
	var values [][]float32
	for i := range a.Tensors {
		t, at := &a.Tensors[i], c.list[i]
		if !slices.Contains(fits, t) {
			continue
		}
		if mayDefer && int64(at.count)*4 >= deferredSize {
			later = append(later, at)
			continue
		}
		v, err := p.Overwrite(t.Name, tensor.Shape(t.Shape))
		if err != nil {
			return false, err
		}
		now, values = append(now, at), append(values, v)
	}
	if err := transfer(len(now), func(i int) error { return now[i].read(values[i]) }); err != nil {
		return false, err
	}
	if err := transfer(len(later), func(i int) error { return later[i].check() }); err != nil {
		return false, err
	}
	for _, at := range later {
		source := func(dst []float32) error { return at.read(dst) }
		if err := p.Defer(at.Name, tensor.Shape(at.Shape), source); err != nil {
			return false, err
		}
	}
	return len(later) > 0, nil
}
