package op

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// normTest is a batch normalisation of inputs x, running mean, running
// variance and, if affine, weight and bias.
type normTest struct {
	shape  tensor.Shape
	train  bool
	affine bool
	eps    float64
}

func (n normTest) String() string {
	return fmt.Sprintf("%v train=%v affine=%v eps=%v", n.shape, n.train, n.affine, n.eps)
}

func (n normTest) inputs() []*tensor.Dense {
	c := n.shape[1]
	in := []*tensor.Dense{random(1, n.shape...), random(2, c), shifted(1.5, random(3, c))}
	if n.affine {
		in = append(in, random(4, c), random(5, c))
	}
	return in
}

func (n normTest) op(in G.Nodes) (*G.Node, error) {
	norm := BatchNormEval
	if n.train {
		norm = BatchNormTrain
	}
	var weight, bias *G.Node
	if n.affine {
		weight, bias = in[3], in[4]
	}
	return norm(in[0], weight, bias, in[1], in[2], BatchNormOptions{Eps: n.eps})
}

// ref is the definition, statistics in two passes.
func (n normTest) ref(in [][]float64) []float64 {
	x, y := in[0], make([]float64, len(in[0]))
	eps := n.eps
	if eps == 0 {
		eps = 1e-5
	}
	mean, variance := in[1], in[2]
	if n.train {
		mean, variance = n.statistics(x)
	}
	for i, v := range x {
		k := n.channel(i)
		y[i] = (v - mean[k]) / math.Sqrt(variance[k]+eps)
		if n.affine {
			y[i] = y[i]*in[3][k] + in[4][k]
		}
	}
	return y
}

func (n normTest) channel(i int) int { return i / n.shape[2:].TotalSize() % n.shape[1] }

// statistics gives means and biased variances.
func (n normTest) statistics(x []float64) (mean, variance []float64) {
	c := n.shape[1]
	m := float64(len(x) / c)
	mean, variance = make([]float64, c), make([]float64, c)
	for i, v := range x {
		mean[n.channel(i)] += v / m
	}
	for i, v := range x {
		d := v - mean[n.channel(i)]
		variance[n.channel(i)] += d * d / m
	}
	return mean, variance
}

func TestBatchNorm(t *testing.T) {
	for _, shape := range []tensor.Shape{{4, 3, 5, 7}, {2, 1, 3, 3}, {1, 5, 2, 2}, {8, 4}, {5, 1}, {3, 17, 1, 1}, {2, 3, 6}, {2, 3, 2, 2, 2}} {
		for _, train := range []bool{true, false} {
			for _, affine := range []bool{true, false} {
				for _, eps := range []float64{0, 0.1} {
					n := normTest{shape, train, affine, eps}
					checkOp(t, opCase{
						name: n.String(), in: n.inputs(), op: n.op, ref: n.ref,
						wrt: []bool{true, false, false, true, true}[:len(n.inputs())],
						tol: 2e-5,
					})
				}
			}
		}
	}
	one := normTest{shape: tensor.Shape{1, 3, 1, 1}, affine: true} // enough for evaluation
	checkOp(t, opCase{name: "one value", in: one.inputs(), op: one.op, ref: one.ref, wrt: []bool{true, false, false, true, true}})
}

// Weight and bias are optional each for itself.
func TestBatchNormWithWeightOrBias(t *testing.T) {
	n := normTest{shape: tensor.Shape{3, 2, 2, 3}, affine: true}
	for _, train := range []bool{true, false} {
		n.train = train
		norm := BatchNormEval
		if train {
			norm = BatchNormTrain
		}
		in := n.inputs()
		checkOp(t, opCase{
			name: fmt.Sprintf("weight alone, train=%v", train), in: in[:4], wrt: []bool{true, false, false, true}, tol: 2e-5,
			op: func(in G.Nodes) (*G.Node, error) { return norm(in[0], in[3], nil, in[1], in[2], BatchNormOptions{}) },
			ref: func(in [][]float64) []float64 {
				return n.ref([][]float64{in[0], in[1], in[2], in[3], make([]float64, 2)})
			},
		})
		checkOp(t, opCase{
			name: fmt.Sprintf("bias alone, train=%v", train), in: []*tensor.Dense{in[0], in[1], in[2], in[4]}, wrt: []bool{true, false, false, true}, tol: 2e-5,
			op: func(in G.Nodes) (*G.Node, error) { return norm(in[0], nil, in[3], in[1], in[2], BatchNormOptions{}) },
			ref: func(in [][]float64) []float64 {
				return n.ref([][]float64{in[0], in[1], in[2], {1, 1}, in[3]})
			},
		})
	}
}

func TestBatchNormParity(t *testing.T) {
	checkParity(t, "BatchNorm2d", 2e-5, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		norm := BatchNormEval
		if c.Attrs.Training {
			norm = BatchNormTrain
		}
		o := BatchNormOptions{Eps: c.Attrs.Eps, Momentum: c.Attrs.Momentum}
		if o.Momentum == 0 {
			o.Momentum = math.SmallestNonzeroFloat64
		}
		return norm(in["x"], in["weight"], in["bias"], in["running_mean"], in["running_var"], o)
	}, func(t *testing.T, c parity.Op, values map[string]*tensor.Dense) {
		for _, name := range []string{"running_mean", "running_var"} {
			if err := c.Outputs[name].Check(values[name].Float32s(), 1e-6); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// Running statistics move once in each run, by the momentum asked for, and only
// in training.
func TestBatchNormRunningStatistics(t *testing.T) {
	for _, momentum := range []float64{0, 0.3, 1} {
		n := normTest{shape: tensor.Shape{3, 4, 5, 2}, train: true}
		in := n.inputs()
		wantMean, wantVar := float64s(in[1]), float64s(in[2])
		m := momentum
		if m == 0 {
			m = 0.1
		}
		r := compile(t, func(in G.Nodes) (*G.Node, error) {
			return BatchNormTrain(in[0], nil, nil, in[1], in[2], BatchNormOptions{Momentum: momentum})
		}, in, []bool{true, false, false})
		for run := range 3 {
			copy(in[0].Float32s(), random(uint64(10+run), n.shape...).Float32s())
			r.run(t)
			mean, variance := n.statistics(float64s(in[0]))
			for k := range wantMean {
				wantMean[k] = (1-m)*wantMean[k] + m*mean[k]
				wantVar[k] = (1-m)*wantVar[k] + m*variance[k]*30/29 // 3*5*2 values a channel
			}
			compare(t, fmt.Sprintf("running mean after run %d", run), in[1].Float32s(), wantMean, 1e-6)
			compare(t, fmt.Sprintf("running variance after run %d", run), in[2].Float32s(), wantVar, 1e-6)
		}
	}
	n := normTest{shape: tensor.Shape{3, 4, 5, 2}, affine: true}
	in := n.inputs()
	mean, variance := floats(in[1]), floats(in[2])
	r := compile(t, n.op, in, []bool{true, false, false, true, true})
	r.run(t)
	if !sameBits(mean, in[1].Float32s()) || !sameBits(variance, in[2].Float32s()) {
		t.Error("evaluation changes the running statistics")
	}
}

// A train graph and an eval graph may share the tensors of the statistics.
func TestBatchNormGraphsShareStatistics(t *testing.T) {
	n := normTest{shape: tensor.Shape{4, 3, 2, 2}, train: true, affine: true}
	in := n.inputs()
	train := compile(t, n.op, in, nil)
	n.train = false
	eval := compile(t, n.op, in, nil)
	train.run(t)
	eval.run(t)
	var values [][]float64
	for _, x := range in {
		values = append(values, float64s(x)) // the statistics as training left them
	}
	compare(t, "y", eval.results()[0], n.ref(values), 1e-5)
}

// A channel with NaN or Inf must not touch the others.
func TestBatchNormKeepsChannelsApart(t *testing.T) {
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		n := normTest{shape: tensor.Shape{2, 3, 4, 4}, train: true, affine: true}
		in := n.inputs()
		sound := n.ref(allFloat64s(in))
		in[0].Float32s()[16+5] = float32(bad) // channel 1 of image 0
		r := compile(t, n.op, in, []bool{true, false, false, true, true})
		r.run(t)
		got := r.results()
		for i, v := range got[0] {
			if n.channel(i) == 1 {
				if !math.IsNaN(float64(v)) {
					t.Fatalf("y[%d] is %v in a channel with %v, want NaN", i, v, bad)
				}
			} else if math.Abs(float64(v)-sound[i]) > 1e-5 {
				t.Fatalf("y[%d] is %v beside a channel with %v, want %v", i, v, bad, sound[i])
			}
		}
		for i, v := range got[1] {
			if math.IsNaN(float64(v)) != (n.channel(i) == 1) {
				t.Fatalf("dx[%d] is %v with %v in channel 1", i, v, bad)
			}
		}
		for k, v := range in[2].Float32s() {
			if math.IsNaN(float64(v)) != (k == 1) {
				t.Fatalf("running variance %d is %v with %v in channel 1", k, v, bad)
			}
		}
	}
}

func TestBatchNormErrors(t *testing.T) {
	x, c := tensor.Shape{2, 3, 4, 5}, tensor.Shape{3}
	for _, test := range []struct {
		shapes []tensor.Shape // of x, weight, bias, mean, variance; nil: no such node
		o      BatchNormOptions
		want   []string
	}{
		{[]tensor.Shape{nil, c, c, c, c}, BatchNormOptions{}, []string{"input is nil"}},
		{[]tensor.Shape{x, c, c, nil, c}, BatchNormOptions{}, []string{"running mean is nil"}},
		{[]tensor.Shape{x, c, c, c, nil}, BatchNormOptions{}, []string{"running variance is nil"}},
		{[]tensor.Shape{{3}, c, c, c, c}, BatchNormOptions{}, []string{"(3)", "(N, C, H, W) or (N, C)"}},
		{[]tensor.Shape{x, {4}, c, c, c}, BatchNormOptions{}, []string{"weight", "(4)", "(3)", "(2, 3, 4, 5)"}},
		{[]tensor.Shape{x, c, {3, 1}, c, c}, BatchNormOptions{}, []string{"bias", "(3, 1)", "(3)"}},
		{[]tensor.Shape{x, c, c, {5}, c}, BatchNormOptions{}, []string{"running mean", "(5)"}},
		{[]tensor.Shape{x, c, c, c, {5}}, BatchNormOptions{}, []string{"running variance", "(5)"}},
		{[]tensor.Shape{x, c, c, c, c}, BatchNormOptions{Eps: -1}, []string{"eps", "-1"}},
		{[]tensor.Shape{x, c, c, c, c}, BatchNormOptions{Eps: math.NaN()}, []string{"eps", "NaN"}},
		{[]tensor.Shape{x, c, c, c, c}, BatchNormOptions{Momentum: 1.5}, []string{"momentum", "1.5"}},
	} {
		g := G.NewGraph()
		in := make(G.Nodes, len(test.shapes))
		for i, s := range test.shapes {
			if s != nil {
				in[i] = G.NewTensor(g, tensor.Float32, s.Dims(), G.WithShape(s...), G.WithName(fmt.Sprintf("in%d", i)))
			}
		}
		for _, norm := range []func(x, weight, bias, mean, variance *G.Node, o BatchNormOptions) (*G.Node, error){BatchNormTrain, BatchNormEval} {
			_, err := norm(in[0], in[1], in[2], in[3], in[4], test.o)
			wantError(t, err, append(test.want, "BatchNorm")...)
		}
	}
	for _, one := range []tensor.Shape{{1, 3, 1, 1}, {1, 3}} {
		in := nodes(one, c, c)
		_, err := BatchNormTrain(in[0], nil, nil, in[1], in[2], BatchNormOptions{})
		wantError(t, err, "BatchNormTrain", "one value per channel")
	}
	in := nodes(x, c, c)
	moved, err := ReLU(in[1])
	if err != nil {
		t.Fatal(err)
	}
	_, err = BatchNormTrain(in[0], nil, nil, moved, in[2], BatchNormOptions{})
	wantError(t, err, "BatchNormTrain", "inputs of the graph", "ReLU")
}

func TestBatchNormAllocatesNothing(t *testing.T) {
	for _, train := range []bool{true, false} {
		n := normTest{shape: tensor.Shape{8, 16, 32, 32}, train: train, affine: true}
		checkAllocates(t, 1<<16, n.op, n.inputs(), []bool{true, false, false, true, true})
	}
}

// shifted adds d to x, in place.
func shifted(d float32, x *tensor.Dense) *tensor.Dense {
	for i := range x.Float32s() {
		x.Float32s()[i] += d
	}
	return x
}

func allFloat64s(in []*tensor.Dense) (all [][]float64) {
	for _, x := range in {
		all = append(all, float64s(x))
	}
	return all
}
