package graph

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
)

// WithTaps makes the values of parts of the model the graph's outputs, in the
// place of those that the model has: "layer4", "layer4.1", "avgpool". The value of
// a scope is what was emitted last in it or in one below it. The model's own
// outputs can be among the names, "logits". A Program of the graph computes what
// the taps and the loss need, and nothing else.
//
// A norm stands for the sum and the activation after it too, which are part of the
// same operation. In a graph for inference so is the convolution before it, which
// then has no value of its own; in one for evaluation it has.
func WithTaps(names ...string) Option {
	return func(g *Graph) { g.taps = append(g.taps, names...) }
}

// value makes n the value of a scope and of those that it is part of.
func (b *builder) value(path string, n *G.Node) {
	if path == "" {
		return
	}
	b.value(path[:max(0, strings.LastIndexByte(path, '.'))], n)
	if b.values[path] == nil {
		b.tappable = append(b.tappable, path)
	}
	b.values[path] = n
}

// A Tap is a part of a model that WithTaps can make an output. The shape of images
// is (N, C, H, W).
type Tap struct {
	Name  string
	Shape tensor.Shape
}

// Taps returns the parts of the model that have a value of their own in a graph of
// this mode, in the order in which they begin, each before the parts of it, and
// then the outputs.
func (g *Graph) Taps() []Tap {
	var taps []Tap
	for _, path := range g.tappable {
		shape, blocked := op.ImageShape(g.values[path])
		if !blocked {
			shape = g.values[path].Shape()
		}
		taps = append(taps, Tap{path, shape})
	}
	for _, name := range g.Outputs() {
		if g.values[name] == nil {
			taps = append(taps, Tap{name, g.outputs[name].Shape()})
		}
	}
	return taps
}

// tap replaces the outputs by the taps.
func (b *builder) tap() {
	own := b.outputs
	b.outputs = make(map[string]*G.Node, len(b.taps))
	found := make(map[*G.Node]*G.Node) // outputs by what was tapped: scopes can share a value
	for _, name := range b.taps {
		n, ok := own[name]
		if !ok {
			if n, ok = b.values[name]; !ok {
				b.err = b.noValue(name, own)
				return
			}
			if found[n] == nil {
				(&Scope{b: b}).Output(name, n)
				found[n] = b.outputs[name]
			}
			n = found[n]
		}
		b.outputs[name] = n
	}
}

// noValue is the error for a name that cannot be tapped.
func (b *builder) noValue(name string, own map[string]*G.Node) error {
	for _, path := range b.where {
		if name != "" && (path == name || strings.HasPrefix(path, name+".")) {
			return errors.Errorf("%q has no value of its own in a graph for %v: it is part of a larger operation", name, b.mode)
		}
	}
	var names []string
	for n := range own {
		names = append(names, n)
	}
	for n := range b.values {
		names = append(names, n)
	}
	slices.Sort(names)
	if near := nearest.Of(name, names); len(near) > 0 {
		return errors.Errorf("the model has no part %q; the nearest names are %s", name, strings.Join(near, ", "))
	}
	var top []string
	for _, n := range names {
		if !strings.Contains(n, ".") {
			top = append(top, n)
		}
	}
	return errors.Errorf("the model has no part %q; there are %s", name, strings.Join(top, ", "))
}
