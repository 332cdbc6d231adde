package graph

import (
	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/hollow"
)

// A Source gives the values of a parameter that lie somewhere else than in
// memory, such as in a file: it fills dst, in row-major order.
type Source func(dst []float32) error

// Defer takes the values of the entry of that name from src, from now on, each
// time that they are needed. Until then they take no memory.
//
// A Program for inference reads them once, to bring them into the form in which
// it keeps weights; what it reads at each run, it brings into memory for good. So
// does Build for a graph of another mode. Whoever runs a graph on a machine of
// their own, or reads the Value of an entry, calls Fetch first.
func (p *Params) Defer(name string, shape tensor.Shape, src Source) error {
	e, err := p.fitting(name, shape)
	if err != nil {
		return err
	}
	hollow.Out(e.Value)
	e.source = src
	p.Changed()
	return nil
}

// Overwrite returns the memory of the values of the entry of that name, to be
// written from the first to the last.
func (p *Params) Overwrite(name string, shape tensor.Shape) ([]float32, error) {
	e, err := p.fitting(name, shape)
	if err != nil {
		return nil, err
	}
	if !e.InMemory() {
		e.hold(make([]float32, shape.TotalSize()))
	}
	p.Changed()
	return e.Value.Float32s(), nil
}

// Fetch brings the values of all entries into memory.
func (p *Params) Fetch() error {
	for _, e := range p.list {
		if err := e.fetch(); err != nil {
			return err
		}
	}
	return nil
}

// InMemory reports whether Value holds the values; see Params.Defer.
func (e *Param) InMemory() bool { return e.source == nil }

// read copies the values to dst, wherever they are.
func (e *Param) read(dst []float32) error {
	if e.source == nil {
		copy(dst, e.Value.Float32s())
		return nil
	}
	return errors.Wrap(e.source(dst), e.Name)
}

// fetch brings the values into memory.
func (e *Param) fetch() error {
	if e.source == nil {
		return nil
	}
	v := make([]float32, e.Value.Shape().TotalSize())
	if err := e.read(v); err != nil {
		return err
	}
	e.hold(v)
	return nil
}

// hold makes v the values.
func (e *Param) hold(v []float32) {
	hollow.Fill(e.Value, v)
	e.source = nil
}

// release gives the values up.
func (e *Param) release() {
	if e.source != nil {
		return
	}
	hollow.Out(e.Value)
	e.source = absent("its values were released after a program had taken them: load the parameters again")
}

// absent is the source of values that are nowhere.
func absent(why string) Source {
	return func([]float32) error { return errors.New(why) }
}
