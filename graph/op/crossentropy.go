package op

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// CrossEntropyOptions are the settings of CrossEntropy, as those of
// torch.nn.CrossEntropyLoss.
type CrossEntropyOptions struct {
	// Weight holds a weight for each class; nil is 1 for all. Mean divides by
	// the sum of the weights of the labels, not by their number.
	Weight []float32

	// IgnoreIndex is the label of places to leave out: they add nothing to loss
	// or gradient, and Mean does not count them (over nothing else it is NaN).
	// nil is torch's default, -100.
	IgnoreIndex *int

	// LabelSmoothing, from 0 to 1, is how much of each target is spread evenly
	// over all classes (Szegedy et al., "Rethinking the Inception architecture
	// for computer vision", 2016); default 0.
	LabelSmoothing float64

	Reduction Reduction

	// ClassesLast takes logits (..., C), with the classes in the last dimension,
	// and labels (...), as the token after each token of a text.
	ClassesLast bool
}

// CrossEntropy is the cross-entropy of softmax(logits) against class labels, as
// torch.nn.CrossEntropyLoss: logits (N, C) with labels (N), or (N, C, d1, ...)
// with labels (N, d1, ...); ClassesLast is for another order. Labels are a node of dtype tensor.Int; one that is
// neither a class nor ignored is an error when the graph runs. With Mean and
// Sum the loss is a scalar, with None it has the shape of the labels.
func CrossEntropy(logits, labels *G.Node, o CrossEntropyOptions) (*G.Node, error) {
	l := classLoss{name: "CrossEntropy", forward: kernel.CrossEntropy.Forward, backward: kernel.CrossEntropy.Backward}
	if !(o.LabelSmoothing >= 0 && o.LabelSmoothing <= 1) {
		return nil, errors.Errorf("%s: label smoothing is %v, want 0 to 1", l.name, o.LabelSmoothing)
	}
	return l.of(logits, labels, o)
}

// NLLLossOptions are the settings of NLLLoss, with the meaning and defaults of
// those of CrossEntropy.
type NLLLossOptions struct {
	Weight      []float32
	IgnoreIndex *int
	Reduction   Reduction
}

// NLLLoss is the negative log-likelihood of class labels, as torch.nn.NLLLoss:
// CrossEntropy for inputs that are log-probabilities already, as LogSoftmax
// gives them. Shapes and labels are those of CrossEntropy.
func NLLLoss(logProbs, labels *G.Node, o NLLLossOptions) (*G.Node, error) {
	l := classLoss{name: "NLLLoss", forward: kernel.CrossEntropy.NLLForward, backward: kernel.CrossEntropy.NLLBackward}
	return l.of(logProbs, labels, CrossEntropyOptions{Weight: o.Weight, IgnoreIndex: o.IgnoreIndex, Reduction: o.Reduction})
}

// classLoss describes a loss against class labels.
type classLoss struct {
	name     string
	forward  func(k kernel.CrossEntropy, loss, x []float32, labels []int) error
	backward func(k kernel.CrossEntropy, dx, x []float32, labels []int, dloss []float32) error
}

func (l classLoss) of(x, labels *G.Node, o CrossEntropyOptions) (*G.Node, error) {
	k, err := l.kernel(x, labels, o)
	if err != nil {
		return nil, err
	}
	attrs := fmt.Sprintf("ignore_index=%d, label_smoothing=%v, reduction=%v", k.IgnoreIndex, o.LabelSmoothing, o.Reduction)
	return apply(spec{
		name:  l.name,
		attrs: attrs,
		shape: o.Reduction.shape(labels.Shape()),
		do: func(loss *tensor.Dense, in []*tensor.Dense) error {
			return l.forward(k, loss.Float32s(), in[0].Float32s(), in[1].Ints())
		},
		diff: []bool{true, false},
		grad: func(in G.Nodes, _, dloss *G.Node) (G.Nodes, error) {
			dx, err := apply(spec{
				name:  l.name + "Grad",
				attrs: attrs,
				shape: x.Shape(),
				do: func(dx *tensor.Dense, in []*tensor.Dense) error {
					return l.backward(k, dx.Float32s(), in[0].Float32s(), in[1].Ints(), in[2].Float32s())
				},
			}, in[0], in[1], dloss)
			return G.Nodes{dx, nil}, err
		},
	}, x, labels)
}

// kernel checks what is asked for and says it in the kernel's terms.
func (l classLoss) kernel(x, labels *G.Node, o CrossEntropyOptions) (k kernel.CrossEntropy, err error) {
	if err = o.Reduction.check(l.name); err != nil {
		return k, err
	}
	if err = float(l.name, "input", x); err != nil {
		return k, err
	}
	s := x.Shape()
	if s.Dims() < 2 {
		return k, errors.Errorf("%s: input has shape %v, want (N, C) or (N, C, d1, ...)", l.name, s)
	}
	n, classes, want := s[0], s[1], append(tensor.Shape{s[0]}, s[2:]...)
	if o.ClassesLast {
		last := s.Dims() - 1
		n, classes, want = s[:last].TotalSize(), s[last], s[:last:last]
	}
	switch {
	case labels == nil:
		return k, errors.Errorf("%s: labels is nil", l.name)
	case labels.Dtype() != tensor.Int:
		return k, errors.Errorf("%s: labels (%s) is %v, want int", l.name, labels.Name(), labels.Dtype())
	case !slices.Equal(labels.Shape(), want):
		return k, errors.Errorf("%s: labels has shape %v, want %v for input %v", l.name, labels.Shape(), want, s)
	case o.Weight != nil && len(o.Weight) != classes:
		return k, errors.Errorf("%s: %d class weights, want one for each of the %d classes of input %v", l.name, len(o.Weight), classes, s)
	}
	k = kernel.CrossEntropy{
		N: n, C: classes, Inner: s.TotalSize() / (n * classes),
		Weight:      slices.Clone(o.Weight),
		IgnoreIndex: -100, HasIgnore: true,
		LabelSmoothing: float32(o.LabelSmoothing),
		Reduction:      kernel.Reduction(o.Reduction),
	}
	if o.IgnoreIndex != nil {
		k.IgnoreIndex = *o.IgnoreIndex
	}
	return k, nil
}
