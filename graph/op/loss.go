package op

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Reduction says what a loss makes of its terms, one for each target: torch's
// argument of that name.
type Reduction int

// The reductions. The zero value is torch's default.
const (
	Mean Reduction = iota // their mean, a scalar
	Sum                   // their sum, a scalar
	None                  // the terms themselves, in the shape of the targets
)

// String returns the reduction's name in torch.
func (r Reduction) String() string { return kernel.Reduction(r).String() }

func (r Reduction) check(name string) error {
	if r < Mean || r > None {
		return errors.Errorf("%s: reduction is %d, want Mean, Sum or None", name, int(r))
	}
	return nil
}

// shape is that of the loss for terms of the given shape.
func (r Reduction) shape(terms tensor.Shape) tensor.Shape {
	if r == None {
		return terms
	}
	return tensor.ScalarShape()
}

// BCEWithLogitsOptions are the settings of BCEWithLogits. Weights repeat along
// the elements of x as the trailing dimensions do: for x (N, classes) one for
// each class, or one for each element; never one for each row.
type BCEWithLogitsOptions struct {
	Weight    []float32 // of each term; nil: 1
	PosWeight []float32 // of the positive part of each term; nil: 1
	Reduction Reduction
}

// BCEWithLogits is the binary cross-entropy of the probabilities sigmoid(x)
// against target, as torch.nn.BCEWithLogitsLoss; x is any shape of logits,
// target the same shape of probabilities. Nothing overflows. It is
// differentiable with respect to x alone. Mean divides by the number of
// elements.
func BCEWithLogits(x, target *G.Node, o BCEWithLogitsOptions) (*G.Node, error) {
	const name = "BCEWithLogits"
	l := pairLoss{name: name, attrs: "reduction=" + o.Reduction.String(), reduction: o.Reduction}
	if err := l.check(x, target); err != nil {
		return nil, err
	}
	for _, w := range []struct {
		what   string
		values []float32
	}{{"weight", o.Weight}, {"positive weight", o.PosWeight}} {
		if err := checkRepeats(name, w.what, w.values, x.Shape()); err != nil {
			return nil, err
		}
	}
	k := kernel.BCEWithLogits{Weight: slices.Clone(o.Weight), PosWeight: slices.Clone(o.PosWeight), Reduction: kernel.Reduction(o.Reduction)}
	l.forward, l.backward = k.Forward, k.Backward
	return l.of(x, target)
}

// checkRepeats wants as many weights as there are elements in some trailing
// dimensions of x.
func checkRepeats(name, what string, weights []float32, x tensor.Shape) error {
	if weights == nil {
		return nil
	}
	for i := range len(x) + 1 {
		if x[i:].TotalSize() == len(weights) {
			return nil
		}
	}
	return errors.Errorf("%s: %d values of %s, want as many as in trailing dimensions of input %v", name, len(weights), what, x)
}

// MSELossOptions are the settings of MSELoss.
type MSELossOptions struct {
	Reduction Reduction
}

// MSELoss is the squared error (x - target)^2, elementwise, as
// torch.nn.MSELoss. Both inputs have one shape: nothing broadcasts. It is
// differentiable with respect to both. Mean divides by the number of elements.
func MSELoss(x, target *G.Node, o MSELossOptions) (*G.Node, error) {
	k := kernel.MSE{Reduction: kernel.Reduction(o.Reduction)}
	l := pairLoss{
		name: "MSELoss", attrs: "reduction=" + o.Reduction.String(), reduction: o.Reduction,
		forward: k.Forward, backward: k.Backward, symmetric: true,
	}
	if err := l.check(x, target); err != nil {
		return nil, err
	}
	return l.of(x, target)
}

// pairLoss describes a loss of an x and a target of the same shape.
type pairLoss struct {
	name, attrs string
	reduction   Reduction
	forward     func(loss, x, target []float32)
	backward    func(dx, x, target, dloss []float32)
	symmetric   bool         // x and target may change places
	terms       tensor.Shape // of the terms; nil: one for each pair of elements
}

func (l pairLoss) check(x, target *G.Node) error {
	if err := l.reduction.check(l.name); err != nil {
		return err
	}
	if err := float(l.name, "input", x); err != nil {
		return err
	}
	if err := float(l.name, "target", target); err != nil {
		return err
	}
	if !slices.Equal(x.Shape(), target.Shape()) {
		return errors.Errorf("%s: target has shape %v, want that of the input, %v", l.name, target.Shape(), x.Shape())
	}
	return nil
}

func (l pairLoss) of(x, target *G.Node) (*G.Node, error) {
	terms := l.terms
	if terms == nil {
		terms = x.Shape()
	}
	return apply(spec{
		name:  l.name,
		attrs: l.attrs,
		shape: l.reduction.shape(terms),
		do: func(loss *tensor.Dense, in []*tensor.Dense) error {
			l.forward(loss.Float32s(), in[0].Float32s(), in[1].Float32s())
			return nil
		},
		diff: []bool{true, l.symmetric},
		grad: func(in G.Nodes, _, dloss *G.Node) (G.Nodes, error) {
			return gradients(in,
				func() (*G.Node, error) { return l.grad(in[0], in[1], dloss) },
				when(l.symmetric, func() (*G.Node, error) { return l.grad(in[1], in[0], dloss) }))
		},
	}, x, target)
}

func (l pairLoss) grad(x, target, dloss *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  l.name + "Grad",
		attrs: l.attrs,
		shape: x.Shape(),
		do: func(dx *tensor.Dense, in []*tensor.Dense) error {
			l.backward(dx.Float32s(), in[0].Float32s(), in[1].Float32s(), in[2].Float32s())
			return nil
		},
	}, x, target, dloss)
}
