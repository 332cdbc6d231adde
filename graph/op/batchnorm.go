package op

import (
	"fmt"
	"math"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// BatchNormOptions are the settings of batch normalisation, named and defaulted
// as in torch.nn.BatchNorm2d. For torch's momentum=0, statistics that never
// move, take math.SmallestNonzeroFloat64; its None, a cumulative average, has no
// counterpart.
type BatchNormOptions struct {
	Eps      float64 // added to the variance; 0: 1e-5
	Momentum float64 // weight of the new statistics in the running ones, in (0, 1]; 0: 0.1
}

// BatchNormTrain is batch normalisation (Ioffe and Szegedy 2015) as training
// does it: each channel of x, of shape (N, C, H, W), (N, C) or in general
// (N, C, ...), is normalised by its own mean and biased variance, then
// multiplied by weight and shifted by bias, both (C); nil for 1 and 0.
//
// Each run also moves runningMean and runningVar, of shape (C), towards the
// statistics of the batch,
//
//	running = (1-Momentum)*running + Momentum*batch
//
// with the unbiased variance, in place in the tensors that are bound to these
// nodes, which must be inputs of the graph. One value per channel has no
// variance and is an error, as in torch.
func BatchNormTrain(x, weight, bias, runningMean, runningVar *G.Node, o BatchNormOptions) (*G.Node, error) {
	b, err := newBatchNorm("BatchNormTrain", x, weight, bias, runningMean, runningVar, o)
	if err != nil {
		return nil, err
	}
	if b.n*b.hw == 1 {
		return nil, errors.Errorf("%s: input of shape %v has one value per channel, want more", b.name, x.Shape())
	}
	for _, r := range []*G.Node{runningMean, runningVar} {
		if r.Op() != nil {
			return nil, errors.Errorf("%s: running statistics are updated in place, so they must be inputs of the graph; %s is a %s", b.name, r.Name(), Name(r))
		}
	}
	stats, err := b.batchStatistics(x, runningMean, runningVar, o.Momentum)
	if err != nil {
		return nil, err
	}
	b.train, b.stats = true, G.Nodes{stats}
	return b.normalise(x)
}

// BatchNormEval is batch normalisation by the running statistics, which stay as
// they are: evaluation, and fine-tuning with frozen norms. It is differentiable
// with respect to x, weight and bias. Shapes are those of BatchNormTrain;
// Momentum is not used.
func BatchNormEval(x, weight, bias, runningMean, runningVar *G.Node, o BatchNormOptions) (*G.Node, error) {
	b, err := newBatchNorm("BatchNormEval", x, weight, bias, runningMean, runningVar, o)
	if err != nil {
		return nil, err
	}
	b.stats = G.Nodes{runningMean, runningVar}
	return b.normalise(x)
}

// batchNorm is one batch normalisation of an (n, c, hw) array.
type batchNorm struct {
	name         string
	n, c, hw     int
	eps          float64
	weight, bias *G.Node

	// stats hold what x is normalised by: statistics of x in one node of shape
	// (2, C), means first, if train; else running mean and variance.
	stats G.Nodes
	train bool
}

func newBatchNorm(name string, x, weight, bias, mean, variance *G.Node, o BatchNormOptions) (*batchNorm, error) {
	if err := float(name, "input", x); err != nil {
		return nil, err
	}
	shape := x.Shape()
	if shape.Dims() < 2 {
		return nil, errors.Errorf("%s: input has shape %v, want (N, C, H, W) or (N, C)", name, shape)
	}
	b := &batchNorm{name: name, n: shape[0], c: shape[1], hw: shape[2:].TotalSize(), eps: o.Eps, weight: weight, bias: bias}
	if o.Eps == 0 {
		b.eps = 1e-5
	}
	if !(b.eps > 0) || !(o.Momentum >= 0 && o.Momentum <= 1) {
		return nil, errors.Errorf("%s: eps is %v and momentum %v, want eps above 0 and momentum from 0 to 1", name, o.Eps, o.Momentum)
	}
	for _, p := range []struct {
		what string
		node *G.Node
	}{{"running mean", mean}, {"running variance", variance}, {"weight", weight}, {"bias", bias}} {
		if p.node == nil && (p.what == "weight" || p.what == "bias") {
			continue
		}
		if err := float(name, p.what, p.node); err != nil {
			return nil, err
		}
		if want := (tensor.Shape{b.c}); !slices.Equal(p.node.Shape(), want) {
			return nil, errors.Errorf("%s: %s has shape %v, want %v for input of shape %v", name, p.what, p.node.Shape(), want, shape)
		}
	}
	return b, nil
}

// batchStatistics is the node of shape (2, C) with means and biased variances
// of x, which also moves the running statistics.
func (b *batchNorm) batchStatistics(x, runningMean, runningVar *G.Node, momentum float64) (*G.Node, error) {
	if momentum == 0 {
		momentum = 0.1
	}
	m := float64(b.n * b.hw)
	return apply(spec{
		name:  "BatchNormStats",
		attrs: fmt.Sprintf("momentum=%v", momentum),
		shape: tensor.Shape{2, b.c},
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			mean, variance := rows(y)
			kernel.BatchNormStats(mean, variance, in[0].Float32s(), b.n, b.c, b.hw)
			move(in[1].Float32s(), mean, momentum, 1)
			move(in[2].Float32s(), variance, momentum, m/(m-1))
			return nil
		},
	}, x, runningMean, runningVar)
}

// move sets running = (1-momentum)*running + momentum*scale*batch.
func move(running, batch []float32, momentum, scale float64) {
	for i, v := range batch {
		running[i] = float32((1-momentum)*float64(running[i]) + momentum*scale*float64(v))
	}
}

// normalise is the output: inputs x, the statistics, weight and bias.
func (b *batchNorm) normalise(x *G.Node) (*G.Node, error) {
	in := b.with(G.Nodes{x}, b.weight, b.bias)
	diff := []bool{true}
	for len(diff) < len(in) {
		diff = append(diff, len(diff) > len(b.stats)) // the gradient of x accounts for the statistics
	}
	invstd := make([]float32, b.c)
	return apply(spec{
		name:  b.name,
		attrs: fmt.Sprintf("eps=%v", b.eps),
		shape: x.Shape(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			mean, rest := b.split(in[1:], invstd)
			weight, rest := b.optional(b.weight, rest)
			bias, _ := b.optional(b.bias, rest)
			kernel.BatchNormApply(y.Float32s(), in[0].Float32s(), mean, invstd, weight, bias, b.n, b.c, b.hw, false)
			return nil
		},
		diff: diff,
		grad: func(in G.Nodes, _, dy *G.Node) (G.Nodes, error) { return b.gradients(in[0], dy) },
	}, in...)
}

// gradients of x, the statistics (nil), weight and bias.
func (b *batchNorm) gradients(x, dy *G.Node) (G.Nodes, error) {
	grads := make(G.Nodes, 1+len(b.stats))
	var sums *G.Node
	var err error
	if b.train || b.weight != nil || b.bias != nil {
		if sums, err = b.reduce(x, dy); err != nil {
			return nil, err
		}
	}
	if b.train {
		grads[0], err = b.inputGrad(x, dy, sums)
	} else {
		grads[0], err = b.inputGradEval(dy)
	}
	if err != nil {
		return nil, err
	}
	for i, p := range []*G.Node{b.weight, b.bias} {
		if p == nil {
			continue
		}
		g, err := row(sums, i)
		if err != nil {
			return nil, err
		}
		grads = append(grads, g)
	}
	return grads, nil
}

// reduce is the node of shape (2, C) with the gradients of weight and bias.
func (b *batchNorm) reduce(x, dy *G.Node) (*G.Node, error) {
	invstd := make([]float32, b.c)
	return apply(spec{
		name:  b.name + "Reduce",
		attrs: fmt.Sprintf("eps=%v", b.eps),
		shape: tensor.Shape{2, b.c},
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			dweight, dbias := rows(y)
			mean, _ := b.split(in[2:], invstd)
			kernel.BatchNormReduce(dweight, dbias, in[0].Float32s(), in[1].Float32s(), mean, invstd, b.n, b.c, b.hw)
			return nil
		},
	}, b.with(G.Nodes{x, dy})...)
}

// inputGrad is the gradient of x where the statistics are those of x.
func (b *batchNorm) inputGrad(x, dy, sums *G.Node) (*G.Node, error) {
	invstd := make([]float32, b.c)
	return apply(spec{
		name:  b.name + "InputGrad",
		attrs: fmt.Sprintf("eps=%v", b.eps),
		shape: x.Shape(),
		do: func(dx *tensor.Dense, in []*tensor.Dense) error {
			dweight, dbias := rows(in[2])
			mean, rest := b.split(in[3:], invstd)
			weight, _ := b.optional(b.weight, rest)
			kernel.BatchNormInputGrad(dx.Float32s(), in[0].Float32s(), in[1].Float32s(), mean, invstd, weight, dweight, dbias, b.n, b.c, b.hw)
			return nil
		},
	}, b.with(G.Nodes{x, dy, sums}, b.weight)...)
}

// inputGradEval is the gradient of x where the statistics are constants.
func (b *batchNorm) inputGradEval(dy *G.Node) (*G.Node, error) {
	invstd := make([]float32, b.c)
	return apply(spec{
		name:  b.name + "InputGrad",
		attrs: fmt.Sprintf("eps=%v", b.eps),
		shape: dy.Shape(),
		do: func(dx *tensor.Dense, in []*tensor.Dense) error {
			_, rest := b.split(in[1:], invstd)
			weight, _ := b.optional(b.weight, rest)
			kernel.BatchNormInputGradEval(dx.Float32s(), in[0].Float32s(), invstd, weight, b.n, b.c, b.hw)
			return nil
		},
	}, b.with(G.Nodes{dy}, b.weight)...)
}

// with appends the statistics and those of the parameters that are not nil.
func (b *batchNorm) with(in G.Nodes, parameters ...*G.Node) G.Nodes {
	in = append(in, b.stats...)
	for _, p := range parameters {
		if p != nil {
			in = append(in, p)
		}
	}
	return in
}

// split takes the statistics, as with appended them, from the front of in: it
// returns the means, sets invstd, and returns what follows.
func (b *batchNorm) split(in []*tensor.Dense, invstd []float32) (mean []float32, rest []*tensor.Dense) {
	var variance []float32
	if b.train {
		mean, variance = rows(in[0])
	} else {
		mean, variance = in[0].Float32s(), in[1].Float32s()
	}
	for i, v := range variance {
		invstd[i] = float32(1 / math.Sqrt(float64(v)+b.eps))
	}
	return mean, in[len(b.stats):]
}

// optional takes the values of parameter p from the front of in, if there is a p.
func (b *batchNorm) optional(p *G.Node, in []*tensor.Dense) ([]float32, []*tensor.Dense) {
	if p == nil {
		return nil, in
	}
	return in[0].Float32s(), in[1:]
}

// rows gives the two rows of an array of shape (2, C).
func rows(x *tensor.Dense) (first, second []float32) {
	data := x.Float32s()
	return data[:len(data)/2], data[len(data)/2:]
}

// row is row i of a node of shape (2, C), as a copy of shape (C).
func row(x *G.Node, i int) (*G.Node, error) {
	return apply(spec{
		name:  "Row",
		attrs: fmt.Sprintf("i=%d", i),
		shape: tensor.Shape{x.Shape()[1]},
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			n := len(y.Float32s())
			copy(y.Float32s(), in[0].Float32s()[i*n:])
			return nil
		},
	}, x)
}
