package op

import (
	"fmt"
	"math"
	"math/bits"
	"runtime"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kerneltest"
)

// far is an int beyond all sizes: 1<<40, whose lower half is 0, where an int has 64
// bits. Its square does not fit an int.
const far = 1 << (bits.UintSize * 5 / 8)

// An opCase is one operation with inputs, and a reference for it that is so
// plain that it is right at sight.
type opCase struct {
	name string
	in   []*tensor.Dense // float32, or int for labels
	op   func(in G.Nodes) (*G.Node, error)

	// ref computes the result in float64 from the values of the inputs. The
	// gradients are checked against its central differences, so it must be
	// smooth around the inputs given: keep them off the corners of ReLU and off
	// ties of a maximum.
	ref func(in [][]float64) []float64

	wrt []bool  // the inputs whose gradient is checked; nil: every float32 one
	tol float64 // largest error relative to the largest value; 0: 1e-5
}

// checkOp builds the operation on every CPU tier, runs it twice on a stock
// TapeMachine and compares result and gradients with the reference; the second
// run must give the same bits.
func checkOp(t *testing.T, c opCase) {
	t.Helper()
	onEachTier(t, c.name, func(t *testing.T) {
		t.Helper()
		wrt := c.wrt
		if wrt == nil {
			for _, x := range c.in {
				wrt = append(wrt, x.Dtype() == tensor.Float32)
			}
		}
		r := compile(t, c.op, c.in, wrt)
		r.run(t)
		first := r.results()
		r.run(t)
		for i, v := range r.results() {
			if !sameBits(v, first[i]) {
				t.Errorf("the second run gives another result %d (0: y, then gradients)", i)
			}
		}
		tol := c.tol
		if tol == 0 {
			tol = 1e-5
		}
		in := make([][]float64, len(c.in))
		for i, x := range c.in {
			in[i] = float64s(x)
		}
		compare(t, "y", first[0], c.ref(in), tol)
		next := 1
		for i := range c.in {
			if !wrt[i] {
				continue
			}
			compare(t, fmt.Sprintf("gradient of input %d", i), first[next], differences(c.ref, in, i, float64s(r.upstream)), tol)
			next++
		}
	})
}

// onEachTier runs f as a subtest on every CPU tier of this machine.
func onEachTier(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { kerneltest.Tiers(t, f) })
}

// running is an operation compiled for a stock TapeMachine, together with the
// gradients of loss = sum(upstream * y).
type running struct {
	vm       G.VM
	in       G.Nodes
	y        *G.Node
	grads    G.Nodes       // of the inputs in wrt, in order
	upstream *tensor.Dense // the gradient that arrives at y
}

// compile builds the graph of op over inputs named in0, in1, ... and the
// gradients of those in wrt. With no wrt there is only the forward pass.
func compile(t testing.TB, op func(G.Nodes) (*G.Node, error), values []*tensor.Dense, wrt []bool) *running {
	t.Helper()
	return compileWith(t, op, values, wrt, nil)
}

// compileWith is compile with an upstream gradient of the caller's; nil: some
// random one.
func compileWith(t testing.TB, op func(G.Nodes) (*G.Node, error), values []*tensor.Dense, wrt []bool, upstream *tensor.Dense) *running {
	t.Helper()
	g := G.NewGraph()
	r := &running{in: inputs(g, values...), upstream: upstream}
	var err error
	if r.y, err = op(r.in); err != nil {
		t.Fatal(err)
	}
	var to G.Nodes
	for i, w := range wrt {
		if w {
			to = append(to, r.in[i])
		}
	}
	if len(to) > 0 {
		if r.upstream == nil {
			r.upstream = random(99, upstreamShape(r.y)...)
		}
		u := G.NodeFromAny(g, r.upstream, G.WithName("upstream"))
		loss, err := inner(r.y, u)
		if err != nil {
			t.Fatal(err)
		}
		if r.grads, err = G.Grad(loss, to...); err != nil {
			t.Fatal(err)
		}
	}
	r.vm = G.NewTapeMachine(g)
	t.Cleanup(func() { r.vm.Close() })
	return r
}

// inputs makes an input node for each value, named in0, in1, ...
func inputs(g *G.ExprGraph, values ...*tensor.Dense) G.Nodes {
	var n G.Nodes
	for i, v := range values {
		n = append(n, G.NodeFromAny(g, v, G.WithName(fmt.Sprintf("in%d", i))))
	}
	return n
}

// nodes makes input nodes without values, float32, for tests of shape errors.
func nodes(shapes ...tensor.Shape) G.Nodes {
	g := G.NewGraph()
	var n G.Nodes
	for i, s := range shapes {
		n = append(n, G.NewTensor(g, tensor.Float32, s.Dims(), G.WithShape(s...), G.WithName(fmt.Sprintf("in%d", i))))
	}
	return n
}

func upstreamShape(y *G.Node) tensor.Shape {
	if y.IsScalar() {
		return tensor.Shape{1}
	}
	return y.Shape()
}

// run is one pass over the graph.
func (r *running) run(t testing.TB) {
	t.Helper()
	if err := r.vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	r.vm.Reset()
}

// results copies y and the gradients out.
func (r *running) results() [][]float32 {
	out := [][]float32{floats(r.y.Value())}
	for _, n := range r.grads {
		out = append(out, floats(n.Value()))
	}
	return out
}

// checkAllocates runs the operation and fails if runs after the first allocate
// as much as limit bytes each. Give it tensors much larger than that: the
// machine itself allocates a few kilobytes. The quietest of some runs counts,
// because kernels may still get scratch memory for a core that had no work
// before.
func checkAllocates(t *testing.T, limit uint64, op func(G.Nodes) (*G.Node, error), values []*tensor.Dense, wrt []bool) {
	t.Helper()
	r := compile(t, op, values, wrt)
	r.run(t)
	bytes := uint64(math.MaxUint64)
	for range 5 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r.run(t)
		runtime.ReadMemStats(&after)
		bytes = min(bytes, after.TotalAlloc-before.TotalAlloc)
	}
	if bytes >= limit {
		t.Errorf("a run allocates %d bytes, want less than %d", bytes, limit)
	}
}

// inner is sum(y * u), a scalar, with gradient u: what the tests differentiate.
func inner(y, u *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  "Inner",
		shape: tensor.ScalarShape(),
		do: func(loss *tensor.Dense, in []*tensor.Dense) error {
			var sum float64
			for i, v := range in[0].Float32s() {
				sum += float64(v) * float64(in[1].Float32s()[i])
			}
			loss.Float32s()[0] = float32(sum)
			return nil
		},
		diff: []bool{true, false},
		grad: func(in G.Nodes, _, dloss *G.Node) (G.Nodes, error) {
			dy, err := apply(spec{
				name:  "InnerGrad",
				shape: y.Shape(),
				do: func(dy *tensor.Dense, in []*tensor.Dense) error {
					scale := in[1].Float32s()[0]
					for i, v := range in[0].Float32s() {
						dy.Float32s()[i] = v * scale
					}
					return nil
				},
			}, in[1], dloss)
			return G.Nodes{dy, nil}, err
		},
	}, y, u)
}

// differences is the gradient of sum(upstream * f(in)) with respect to input
// wrt, by central differences.
func differences(f func([][]float64) []float64, in [][]float64, wrt int, upstream []float64) []float64 {
	const step = 1e-5
	loss := func() (sum float64) {
		for i, v := range f(in) {
			sum += v * upstream[i]
		}
		return sum
	}
	x := in[wrt]
	grad := make([]float64, len(x))
	for i, v := range x {
		x[i] = v + step
		up := loss()
		x[i] = v - step
		grad[i] = (up - loss()) / (2 * step)
		x[i] = v
	}
	return grad
}

// compare wants |got-want| <= tol times the largest |want|, and NaN and
// infinities where want has them.
func compare(t testing.TB, what string, got []float32, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d elements, want %d", what, len(got), len(want))
		return
	}
	largest := 1e-3
	for _, w := range want {
		if a := math.Abs(w); a > largest && !math.IsInf(w, 0) {
			largest = a
		}
	}
	for i, w := range want {
		g := float64(got[i])
		switch {
		case g == w || math.IsNaN(g) && math.IsNaN(w):
		case math.Abs(g-w) <= tol*largest:
		default:
			t.Errorf("%s: element %d is %v, want %v (tolerance %g of %g)", what, i, g, w, tol, largest)
			return
		}
	}
}

// random gives a tensor of values in (-1, 1), the same for the same seed.
func random(seed uint64, shape ...int) *tensor.Dense {
	x := tensor.New(tensor.WithShape(shape...), tensor.Of(tensor.Float32))
	state := seed*0x9e3779b97f4a7c15 + 1
	for i := range x.Float32s() {
		state = state*6364136223846793005 + 1442695040888963407
		x.Float32s()[i] = float32(int32(state>>32)>>8) / (1 << 23)
	}
	return x
}

// floats copies the values out of a tensor or scalar.
func floats(v G.Value) []float32 {
	switch x := v.(type) {
	case *G.F32:
		return []float32{float32(*x)}
	case *tensor.Dense:
		if x.Shape().IsScalar() {
			return []float32{x.ScalarValue().(float32)}
		}
		return append([]float32(nil), x.Float32s()...)
	}
	panic(fmt.Sprintf("a %T is neither scalar nor tensor", v))
}

// float64s gives the values of a float32 or int tensor as float64.
func float64s(x *tensor.Dense) []float64 {
	var out []float64
	switch data := x.Data().(type) {
	case []float32:
		for _, v := range data {
			out = append(out, float64(v))
		}
	case []int:
		for _, v := range data {
			out = append(out, float64(v))
		}
	}
	return out
}

func sameBits(a, b []float32) bool {
	for i := range a {
		if math.Float32bits(a[i]) != math.Float32bits(b[i]) {
			return false
		}
	}
	return len(a) == len(b)
}

// wantError fails unless err is a single line that contains every part.
func wantError(t testing.TB, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("no error, want one about %q", parts)
		return
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not say %q", err, p)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error of several lines: %q", err)
	}
}
