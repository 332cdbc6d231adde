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

	// What follows is computed in the same pass: the result is norm(x) + Residual,
	// a node of the shape of x, if that is set, and max(0, that) if ReLU is (NaN
	// stays NaN). Images may be in another layout in Residual than in x.
	Residual *G.Node
	ReLU     bool
}

// BatchNormTrain is batch normalisation (Ioffe and Szegedy 2015) as training
// does it: each channel of x, of shape (N, C, H, W), (N, C) or in general
// (N, C, ...), or of the blocked shape (N, C/16, H, W, 16), is normalised by its
// own mean and biased variance, then multiplied by weight and shifted by bias,
// both (C); nil for 1 and 0. Five dimensions of which the last is 16 are always
// taken for blocked images.
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
	if b.shape.N*b.shape.HW == 1 {
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

// batchNorm is one batch normalisation and what is fused with it.
type batchNorm struct {
	name         string
	shape        kernel.NormShape
	eps          float64
	weight, bias *G.Node
	residual     *G.Node
	relu         bool

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
	b := &batchNorm{name: name, eps: o.Eps, weight: weight, bias: bias, relu: o.ReLU}
	b.shape = kernel.NormShape{N: shape[0], C: shape[1], HW: shape[2:].TotalSize()}
	if s, blocked := ImageShape(x); blocked {
		b.shape = kernel.NormShape{N: s[0], C: s[1], HW: s[2] * s[3], Blocked: true}
	}
	if o.Eps == 0 {
		b.eps = 1e-5
	}
	if !(b.eps > 0) || !(o.Momentum >= 0 && o.Momentum <= 1) {
		return nil, errors.Errorf("%s: eps is %v and momentum %v, want eps above 0 and momentum from 0 to 1", name, o.Eps, o.Momentum)
	}
	if r := o.Residual; r != nil {
		if err := float(name, "residual", r); err != nil {
			return nil, err
		}
		r, err := likewise(r, b.shape.Blocked)
		if err != nil {
			return nil, errors.Wrap(err, name+": residual")
		}
		if !slices.Equal(r.Shape(), shape) {
			return nil, errors.Errorf("%s: residual has shape %v, want that of the input, %v", name, o.Residual.Shape(), shape)
		}
		b.residual = r
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
		if want := (tensor.Shape{b.shape.C}); !slices.Equal(p.node.Shape(), want) {
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
	m := float64(b.shape.N) * float64(b.shape.HW)
	return apply(spec{
		name:  "BatchNormStats",
		attrs: fmt.Sprintf("momentum=%v", momentum),
		shape: tensor.Shape{2, b.shape.C},
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			mean, variance := rows(y)
			b.shape.Stats(mean, variance, in[0].Float32s())
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

// attrs writes the attributes.
func (b *batchNorm) attrs() string {
	a := fmt.Sprintf("eps=%v", b.eps)
	if b.residual != nil {
		a += ", residual"
	}
	if b.relu {
		a += ", relu"
	}
	return a
}

// normalise is the output: inputs x, the statistics, weight, bias and residual.
func (b *batchNorm) normalise(x *G.Node) (*G.Node, error) {
	in := append(b.with(G.Nodes{x}, b.weight, b.bias), withoutNil(b.residual)...)
	diff := []bool{true}
	for len(diff) < len(in) {
		diff = append(diff, len(diff) > len(b.stats)) // the gradient of x accounts for the statistics
	}
	read := b.reader(b.weight, b.bias)
	return apply(spec{
		name:  b.name,
		attrs: b.attrs(),
		data: map[string]any{
			"eps": b.eps, "weight": b.weight != nil, "bias": b.bias != nil, "residual": b.residual != nil, "relu": b.relu,
		},
		shape: x.Shape(),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			norm, rest := read(in[1:])
			b.shape.Apply(y.Float32s(), in[0].Float32s(), values(rest, 0), norm, b.relu)
			return nil
		},
		diff: diff,
		grad: func(in G.Nodes, y, dy *G.Node) (G.Nodes, error) { return b.gradients(in[0], y, dy) },
	}, in...)
}

// gradients of x, the statistics (nil), weight, bias and residual.
func (b *batchNorm) gradients(x, y, dy *G.Node) (grads G.Nodes, err error) {
	d := batchNormGrad{batchNorm: b, x: x, dy: dy, mask: b.relu}
	if b.train || b.weight != nil || b.bias != nil {
		err = d.reduce(y)
	} else if b.relu && b.residual != nil {
		d.dy, err = reluGrad(y, dy)
		d.mask = false
	}
	if err != nil {
		return nil, err
	}
	grads = make(G.Nodes, 1+len(b.stats))
	if grads[0], err = d.input(); err != nil {
		return nil, err
	}
	for i, p := range []*G.Node{b.weight, b.bias} {
		if p == nil {
			continue
		}
		g, err := row(d.sums, i)
		if err != nil {
			return nil, err
		}
		grads = append(grads, g)
	}
	if b.residual != nil {
		g, err := handOn(d.dy, b.residual)
		if err != nil {
			return nil, err
		}
		grads = append(grads, g)
	}
	return grads, nil
}

// batchNormGrad is the backward pass. dy is the gradient of the norm itself, or
// with mask set that of the ReLU after it: what becomes of it there is then found
// from x, at no cost, wherever it is needed.
type batchNormGrad struct {
	*batchNorm
	x, dy *G.Node
	mask  bool
	sums  *G.Node // (2, C): the gradients of weight and bias
}

// parameters are those of weight and bias that the gradients depend on, if the
// gradient of x does on weight.
func (d *batchNormGrad) parameters(weight *G.Node) (w, b *G.Node) {
	if d.mask {
		return d.weight, d.bias
	}
	return weight, nil
}

// reduce makes the sums; y is the output. With a residual and a ReLU, the same
// pass makes dy that of the norm.
func (d *batchNormGrad) reduce(y *G.Node) (err error) {
	if d.relu && d.residual != nil {
		return d.reduceOf(y)
	}
	weight, bias := d.parameters(nil)
	read := d.reader(weight, bias)
	mask := d.mask
	d.sums, err = apply(spec{
		name:  d.name + "Reduce",
		attrs: d.attrs(),
		shape: tensor.Shape{2, d.shape.C},
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			dweight, dbias := rows(y)
			norm, _ := read(in[2:])
			d.shape.Reduce(dweight, dbias, in[0].Float32s(), in[1].Float32s(), norm, mask)
			return nil
		},
	}, d.with(G.Nodes{d.x, d.dy}, weight, bias)...)
	return err
}

// reduceOf makes the gradient behind the ReLU, and the sums along with it, which
// a small operation after it hands out.
func (d *batchNormGrad) reduceOf(y *G.Node) (err error) {
	sums := tensor.New(tensor.WithShape(2, d.shape.C), tensor.Of(tensor.Float32))
	read := d.reader(nil, nil)
	d.dy, err = apply(spec{
		name:  d.name + "Reduce",
		attrs: d.attrs(),
		shape: y.Shape(),
		do: func(dz *tensor.Dense, in []*tensor.Dense) error {
			dweight, dbias := rows(sums)
			norm, _ := read(in[3:])
			d.shape.ReduceOf(dz.Float32s(), dweight, dbias, in[0].Float32s(), in[1].Float32s(), in[2].Float32s(), norm)
			return nil
		},
	}, d.with(G.Nodes{y, d.dy, d.x})...)
	if err != nil {
		return err
	}
	d.mask = false
	d.sums, err = apply(spec{
		name:  d.name + "Sums",
		shape: sums.Shape(),
		do: func(y *tensor.Dense, _ []*tensor.Dense) error {
			copy(y.Float32s(), sums.Float32s())
			return nil
		},
	}, d.dy)
	return err
}

// input is the gradient of x.
func (d *batchNormGrad) input() (*G.Node, error) {
	if !d.train {
		return d.inputEval()
	}
	weight, bias := d.parameters(d.weight)
	read := d.reader(weight, bias)
	mask := d.mask
	return apply(spec{
		name:  d.name + "InputGrad",
		attrs: d.attrs(),
		shape: d.x.Shape(),
		do: func(dx *tensor.Dense, in []*tensor.Dense) error {
			dweight, dbias := rows(in[2])
			norm, _ := read(in[3:])
			d.shape.InputGrad(dx.Float32s(), in[0].Float32s(), in[1].Float32s(), dweight, dbias, norm, mask)
			return nil
		},
	}, d.with(G.Nodes{d.x, d.dy, d.sums}, weight, bias)...)
}

// inputEval is the gradient of x where the statistics are constants. It depends
// on x only through the mask.
func (d *batchNormGrad) inputEval() (*G.Node, error) {
	in := G.Nodes{d.dy}
	if d.mask {
		in = append(in, d.x)
	}
	first := len(in)
	weight, bias := d.parameters(d.weight)
	read := d.reader(weight, bias)
	mask := d.mask
	return apply(spec{
		name:  d.name + "InputGrad",
		attrs: d.attrs(),
		shape: d.dy.Shape(),
		do: func(dx *tensor.Dense, in []*tensor.Dense) error {
			norm, _ := read(in[first:])
			d.shape.InputGradEval(dx.Float32s(), values(in[:first], 1), in[0].Float32s(), norm, mask)
			return nil
		},
	}, d.with(in, weight, bias)...)
}

// with appends the statistics and those of the parameters that are not nil.
func (b *batchNorm) with(in G.Nodes, parameters ...*G.Node) G.Nodes {
	return append(append(in, b.stats...), withoutNil(parameters...)...)
}

// reader returns what takes the statistics, weight and bias, as with appended
// them, from the front of an operation's inputs and returns the others too. A
// parameter that is nil has not been appended.
func (b *batchNorm) reader(weight, bias *G.Node) func(in []*tensor.Dense) (n kernel.Norm, rest []*tensor.Dense) {
	invstd := make([]float32, b.shape.C)
	return func(in []*tensor.Dense) (kernel.Norm, []*tensor.Dense) {
		n := kernel.Norm{InvStd: invstd}
		var variance []float32
		if b.train {
			n.Mean, variance = rows(in[0])
		} else {
			n.Mean, variance = in[0].Float32s(), in[1].Float32s()
		}
		for i, v := range variance {
			invstd[i] = float32(1 / math.Sqrt(float64(v)+b.eps))
		}
		in = in[len(b.stats):]
		n.Gamma, in = optional(weight, in)
		n.Beta, in = optional(bias, in)
		return n, in
	}
}

// optional takes the values of parameter p from the front of in, if there is a p.
func optional(p *G.Node, in []*tensor.Dense) ([]float32, []*tensor.Dense) {
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
