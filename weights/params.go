package weights

import (
	"path"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// FromParams returns an archive of the model's state, in the order of p. Its
// tensors share their memory with p; those of values that are not in memory (see
// graph.Params.Defer) have none and cannot be written.
func FromParams(p *graph.Params) *Archive {
	a := &Archive{Tensors: make([]Tensor, 0, p.Len())}
	for e := range p.All() {
		t := Tensor{Name: e.Name, Shape: e.Value.Shape().Clone(), Buffer: e.Buffer, NoDecay: e.NoDecay}
		if e.InMemory() {
			t.Values = e.Value.Float32s()
		}
		a.Tensors = append(a.Tensors, t)
	}
	return a
}

// LoadOption changes what Into and LoadInto do.
type LoadOption func(*loading)

type loading struct {
	partial  bool
	report   []func(*MismatchError)
	skip     []string
	deferred bool
}

func newLoading(opts []LoadOption) *loading {
	var l loading
	for _, o := range opts {
		o(&l)
	}
	return &l
}

// Partial loads what both the archive and the model have: names that only one of
// them has are no error (PyTorch's strict=False), and are given to the functions, if
// there are any. Shapes must still agree, and some name must be in both.
func Partial(report ...func(*MismatchError)) LoadOption {
	return func(l *loading) { l.partial, l.report = true, append(l.report, report...) }
}

// Skip leaves parameters whose names match one of the patterns as they are in
// the model, whatever the archive has under such names: Skip("fc.*") loads all
// but the head of a ResNet. In a pattern * stands for any characters and ? for
// one (path.Match). A pattern that matches no name of either is an error.
func Skip(patterns ...string) LoadOption {
	return func(l *loading) { l.skip = append(l.skip, patterns...) }
}

// Into copies the values of the section "" into the parameters of a model, which
// must have been built. By default every name of one must be in the other, with
// the same shape; if not, nothing is copied and the error is a *MismatchError.
func (a *Archive) Into(p *graph.Params, opts ...LoadOption) error {
	return newLoading(opts).archive(a, p)
}

// archive loads an archive that is in memory.
func (l *loading) archive(a *Archive, p *graph.Params) error {
	fits, err := l.fitting(a, p)
	if err != nil {
		return err
	}
	for _, t := range fits {
		if err := p.Set(t.Name, tensor.Shape(t.Shape), t.Values.([]float32)); err != nil {
			return err
		}
	}
	return nil
}

// fitting returns the tensors of a that are to be loaded into p.
func (l *loading) fitting(a *Archive, p *graph.Params) ([]*Tensor, error) {
	if p.Len() == 0 {
		return nil, errors.New("the model has no parameters: build one of its graphs before loading")
	}
	skipped, err := l.skipped(a, p)
	if err != nil {
		return nil, err
	}
	fits, mismatch := a.compare(p, skipped)
	switch {
	case mismatch.empty():
	case l.partial && len(mismatch.Different) > 0:
		mismatch.Missing, mismatch.Unexpected = nil, nil
		return nil, mismatch
	case !l.partial || len(fits) == 0:
		return nil, mismatch
	default:
		for _, report := range l.report {
			report(mismatch)
		}
	}
	return fits, nil
}

// skipped returns the names in a and p that are to be skipped.
func (l *loading) skipped(a *Archive, p *graph.Params) (map[string]bool, error) {
	var all []string
	for e := range p.All() {
		all = append(all, e.Name)
	}
	for _, t := range a.Section("") {
		all = append(all, t.Name)
	}
	skipped := make(map[string]bool)
	for _, pattern := range l.skip {
		found := false
		for _, name := range all {
			ok, err := path.Match(pattern, name)
			if err != nil {
				return nil, errors.Errorf("pattern %q of parameters to skip: %v", pattern, err)
			}
			if ok {
				skipped[name], found = true, true
			}
		}
		if !found {
			return nil, errors.Errorf("no parameter matches %q, so there is nothing to skip", pattern)
		}
	}
	return skipped, nil
}
