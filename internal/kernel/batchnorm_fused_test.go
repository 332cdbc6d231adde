package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// A normRun holds what the passes of a batch normalisation take and make.
type normRun struct {
	shape           NormShape
	norm            Norm
	x, dy, residual []float32
	dgamma, dbeta   []float32 // that the input gradient is made with

	arrays, channels map[string][]float32
}

// notAllFinite returns normal values with some among them that are not finite
// or zero.
func notAllFinite(r *rand.Rand, n int) []float32 {
	x := randomSlice(r, n)
	for i := range x {
		if r.IntN(40) == 0 {
			x[i] = []float32{nan, inf, -inf, 0}[r.IntN(4)]
		}
	}
	return x
}

func newNormRun(r *rand.Rand, s shape3, values func(*rand.Rand, int) []float32) *normRun {
	return &normRun{
		shape:    s.norm(),
		norm:     Norm{randomSlice(r, s.c), randomSlice(r, s.c), randomSlice(r, s.c), randomSlice(r, s.c)},
		x:        values(r, s.size()),
		dy:       values(r, s.size()),
		residual: values(r, s.size()),
		dgamma:   randomSlice(r, s.c),
		dbeta:    randomSlice(r, s.c),
	}
}

// blocked returns the same in the blocked layout.
func (n *normRun) blocked() *normRun {
	b, s := *n, n.shape
	b.shape.Blocked = true
	b.x, b.dy, b.residual = blocked(n.x, s.N, s.C, s.HW), blocked(n.dy, s.N, s.C, s.HW), blocked(n.residual, s.N, s.C, s.HW)
	return &b
}

func (n *normRun) array() []float32   { return fresh(len(n.x)) }
func (n *normRun) channel() []float32 { return fresh(n.shape.C) }

// run runs every pass.
func (n *normRun) run(relu bool) {
	n.arrays = map[string][]float32{"y": n.array(), "sum": n.array(), "dz": n.array(), "dx": n.array(), "frozen": n.array()}
	n.channels = map[string][]float32{
		"mean": n.channel(), "variance": n.channel(), "dgamma": n.channel(), "dbeta": n.channel(), "dgamma of dz": n.channel(), "dbeta of dz": n.channel(),
	}
	a, c, s := n.arrays, n.channels, n.shape
	s.Stats(c["mean"], c["variance"], n.x)
	s.Apply(a["y"], n.x, nil, n.norm, relu)
	s.Apply(a["sum"], n.x, n.residual, n.norm, relu)
	s.Reduce(c["dgamma"], c["dbeta"], n.x, n.dy, n.norm, relu)
	s.ReduceOf(a["dz"], c["dgamma of dz"], c["dbeta of dz"], a["sum"], n.dy, n.x, n.norm)
	s.InputGrad(a["dx"], n.x, n.dy, n.dgamma, n.dbeta, n.norm, relu)
	s.InputGradEval(a["frozen"], n.x, n.dy, n.norm, relu)
}

// same reports whether two numbers are equal or both NaN.
func same(a, b float32) bool { return a == b || a != a && b != b }

// What is computed of blocked arrays is what is computed of planes: elements by
// the same operations, sums in float64 whose order alone differs.
func TestBatchNormOfBlockedArrays(t *testing.T) {
	r := rand.New(rand.NewPCG(83, 84))
	for _, s := range blockedShapes {
		for _, values := range []func(*rand.Rand, int) []float32{randomSlice, notAllFinite} {
			planes := newNormRun(r, s, values)
			got := planes.blocked()
			onEachTier(t, func(t *testing.T) {
				for _, relu := range []bool{false, true} {
					planes.run(relu)
					got.run(relu)
					for name, want := range planes.channels {
						checkNear(t, fmt.Sprintf("%v relu=%v: %s", s, relu, name), got.channels[name], wide(want), nil, 2)
					}
					for name, want := range planes.arrays {
						if !slices.EqualFunc(got.arrays[name], blocked(want, s.n, s.c, s.hw), same) {
							t.Errorf("%v relu=%v: %s differs between the layouts", s, relu, name)
						}
					}
				}
			})
		}
	}
}

// A ReLU and a sum in the same pass give what they give in passes of their own.
func TestBatchNormFuses(t *testing.T) {
	r := rand.New(rand.NewPCG(85, 86))
	for _, s := range append(slices.Clone(shapes3), blockedShapes...) {
		for _, values := range []func(*rand.Rand, int) []float32{randomSlice, notAllFinite} {
			planes := newNormRun(r, s, values)
			onEachTier(t, func(t *testing.T) {
				planes.checkFused(t)
				if s.c%Block == 0 {
					planes.blocked().checkFused(t)
				}
			})
		}
	}
}

func (n *normRun) checkFused(t *testing.T) {
	t.Helper()
	n.run(true)
	s, g := n.shape, n.array()
	check := func(what string, got, want []float32) {
		t.Helper()
		if !slices.EqualFunc(got, want, same) {
			t.Errorf("%+v: %s is not the same in one pass", s, what)
		}
	}
	y, sum := n.array(), n.array()
	s.Apply(y, n.x, nil, n.norm, false)
	Add(sum, y, n.residual)
	ReLU(sum, sum)
	check("norm + residual, ReLU", n.arrays["sum"], sum)
	plain := n.array()
	s.Apply(plain, n.x, n.residual, n.norm, false)
	ReLU(plain, plain)
	check("ReLU of norm + residual", n.arrays["sum"], plain)
	ReLU(y, y)
	check("ReLU of norm", n.arrays["y"], y)

	dgamma, dbeta, dx := n.channel(), n.channel(), n.array()
	ReLUGrad(g, sum, n.dy)
	check("dz", n.arrays["dz"], g)
	s.Reduce(dgamma, dbeta, n.x, g, n.norm, false)
	check("dgamma of dz", n.channels["dgamma of dz"], dgamma)
	check("dbeta of dz", n.channels["dbeta of dz"], dbeta)

	ReLUGrad(g, y, n.dy)
	s.Reduce(dgamma, dbeta, n.x, g, n.norm, false)
	check("dgamma", n.channels["dgamma"], dgamma)
	check("dbeta", n.channels["dbeta"], dbeta)
	s.InputGrad(dx, n.x, g, n.dgamma, n.dbeta, n.norm, false)
	check("dx", n.arrays["dx"], dx)
	s.InputGradEval(dx, nil, g, n.norm, false)
	check("dx of frozen statistics", n.arrays["frozen"], dx)
}

func TestBatchNormFusedRepeats(t *testing.T) {
	r := rand.New(rand.NewPCG(87, 88))
	for _, s := range []shape3{{9, 32, 1009}, {20, 64, 49}, {130, 304, 1}} {
		n := newNormRun(r, s, randomSlice)
		for _, n := range []*normRun{n, n.blocked()} {
			out := make([]float32, 2*s.c+s.size())
			onEachTier(t, func(t *testing.T) {
				checkRepeats(t, fmt.Sprintf("%+v", n.shape), func() []float32 {
					dgamma, dbeta, dx := out[:s.c], out[s.c:2*s.c], out[2*s.c:]
					n.shape.Apply(dx, n.x, n.residual, n.norm, true)
					n.shape.ReduceOf(dx, dgamma, dbeta, dx, n.dy, n.x, n.norm)
					n.shape.InputGrad(dx, n.x, dx, dgamma, dbeta, n.norm, true)
					n.shape.InputGradEval(dx, n.x, dx, n.norm, true)
					n.shape.Reduce(dgamma, dbeta, n.x, dx, n.norm, true)
					return out
				})
			})
		}
	}
}
