package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
)

// lstmCase is a layer with all that goes in.
type lstmCase struct {
	n, t, in, hidden int
	x, h0, c0        []float32
	ih, hh, bih, bhh []float32
	dy, dhn, dcn     []float32
}

func newLSTMCase(seed uint64, n, t, in, hidden int) *lstmCase {
	r := rand.New(rand.NewPCG(seed, 1))
	some := func(n int, scale float64) []float32 {
		v := randomSlice(r, n)
		for i := range v {
			v[i] *= float32(scale)
		}
		return v
	}
	return &lstmCase{
		n, t, in, hidden, some(n*t*in, 1), some(n*hidden, 1), some(n*hidden, 1),
		some(4*hidden*in, 1/math.Sqrt(float64(in))), some(4*hidden*hidden, 1/math.Sqrt(float64(hidden))), some(4*hidden, 1), some(4*hidden, 1),
		some(n*t*hidden, 1), some(n*hidden, 1), some(n*hidden, 1),
	}
}

// lstmResult is all that comes out.
type lstmResult[F float32 | float64] struct {
	y, hn, cn, dx, dh0, dc0, dih, dhh, db []F
}

func (c *lstmCase) run() (r lstmResult[float32]) {
	l := NewLSTM(c.n, c.t, c.in, c.hidden)
	saved, back := make([]float32, l.SavedLen()), make([]float32, l.BackLen())
	size := c.n * c.hidden
	r = lstmResult[float32]{
		make([]float32, size*c.t), make([]float32, size), make([]float32, size), make([]float32, len(c.x)),
		make([]float32, size), make([]float32, size), make([]float32, len(c.ih)), make([]float32, len(c.hh)), make([]float32, 4*c.hidden),
	}
	l.Compute(saved, c.x, c.h0, c.c0, c.ih, c.hh, c.bih, c.bhh)
	l.Output(r.y, saved)
	l.State(r.hn, r.cn, saved)
	l.Backward(back, saved, c.hh, c.dy, c.dhn, c.dcn)
	l.InputGrad(r.dx, back, c.ih)
	l.InitialGrad(r.dh0, r.dc0, back)
	l.InputWeightGrad(r.dih, back, c.x)
	l.HiddenWeightGrad(r.dhh, back, saved)
	l.BiasGrad(r.db, back)
	return r
}

// want computes the layer straight from the definition, in float64.
func (c *lstmCase) want() (r lstmResult[float64]) {
	n, t, in, hidden := c.n, c.t, c.in, c.hidden
	size := n * hidden
	zeros := func(n int) []float64 { return make([]float64, n) }
	r = lstmResult[float64]{zeros(size * t), zeros(size), zeros(size), zeros(len(c.x)), zeros(size), zeros(size), zeros(len(c.ih)), zeros(len(c.hh)), zeros(4 * hidden)}
	sigmoid := func(v float64) float64 { return 1 / (1 + math.Exp(-v)) }
	for row := range n {
		h, cell := wide(c.h0[row*hidden:(row+1)*hidden]), wide(c.c0[row*hidden:(row+1)*hidden])
		hs, cs, zs := [][]float64{h}, [][]float64{cell}, [][]float64{}
		for step := range t {
			x := wide(c.x[(row*t+step)*in:][:in])
			z := make([]float64, 4*hidden)
			for k := range z {
				z[k] = float64(c.bih[k]) + float64(c.bhh[k])
				for j, v := range x {
					z[k] += v * float64(c.ih[k*in+j])
				}
				for j, v := range h {
					z[k] += v * float64(c.hh[k*hidden+j])
				}
			}
			next, nextCell := make([]float64, hidden), make([]float64, hidden)
			for u := range hidden {
				i, f, g, o := sigmoid(z[u]), sigmoid(z[hidden+u]), math.Tanh(z[2*hidden+u]), sigmoid(z[3*hidden+u])
				z[u], z[hidden+u], z[2*hidden+u], z[3*hidden+u] = i, f, g, o
				nextCell[u] = f*cell[u] + i*g
				next[u] = o * math.Tanh(nextCell[u])
			}
			h, cell = next, nextCell
			hs, cs, zs = append(hs, h), append(cs, cell), append(zs, z)
			copy(r.y[(row*t+step)*hidden:], h)
		}
		copy(r.hn[row*hidden:], h)
		copy(r.cn[row*hidden:], cell)
		dh, dc := wide(c.dhn[row*hidden:(row+1)*hidden]), wide(c.dcn[row*hidden:(row+1)*hidden])
		for step := t - 1; step >= 0; step-- {
			dz := make([]float64, 4*hidden)
			for u := range hidden {
				z := zs[step]
				i, f, g, o := z[u], z[hidden+u], z[2*hidden+u], z[3*hidden+u]
				th := math.Tanh(cs[step+1][u])
				d := dh[u] + float64(c.dy[(row*t+step)*hidden+u])
				dcell := dc[u] + d*o*(1-th*th)
				dz[u], dz[hidden+u] = dcell*g*i*(1-i), dcell*cs[step][u]*f*(1-f)
				dz[2*hidden+u], dz[3*hidden+u] = dcell*i*(1-g*g), d*th*o*(1-o)
				dc[u] = dcell * f
			}
			dh = make([]float64, hidden)
			for k, d := range dz {
				r.db[k] += d
				for j := range in {
					r.dx[(row*t+step)*in+j] += d * float64(c.ih[k*in+j])
					r.dih[k*in+j] += d * float64(c.x[(row*t+step)*in+j])
				}
				for j := range hidden {
					dh[j] += d * float64(c.hh[k*hidden+j])
					r.dhh[k*hidden+j] += d * hs[step][j]
				}
			}
		}
		copy(r.dh0[row*hidden:], dh)
		copy(r.dc0[row*hidden:], dc)
	}
	return r
}

func (r lstmResult[F]) all() map[string][]F {
	return map[string][]F{"y": r.y, "hn": r.hn, "cn": r.cn, "dx": r.dx, "dh0": r.dh0, "dc0": r.dc0, "dW_ih": r.dih, "dW_hh": r.dhh, "db": r.db}
}

// lstmShapes are (N, T, In, Hidden).
var lstmShapes = [][4]int{
	{1, 1, 1, 1}, {1, 3, 2, 3}, {2, 1, 16, 16}, {3, 4, 17, 5}, {5, 2, 3, 33}, {7, 3, 40, 16}, {12, 5, 16, 48}, {13, 2, 65, 64}, {32, 3, 31, 80},
}

// An LSTM is what its definition says, on every tier.
func TestLSTM(t *testing.T) {
	for i, s := range lstmShapes {
		c := newLSTMCase(uint64(i), s[0], s[1], s[2], s[3])
		want := c.want().all()
		onEachTier(t, func(t *testing.T) {
			for name, got := range c.run().all() {
				rms := 0.0
				for _, v := range want[name] {
					rms += v * v / float64(len(want[name]))
				}
				rms = math.Sqrt(rms)
				for k, v := range got {
					if d := math.Abs(float64(v) - want[name][k]); !(d <= 1e-5*max(rms, math.Abs(want[name][k]))) {
						t.Fatalf("%v: %s[%d] is %v, want %v", s, name, k, v, want[name][k])
					}
				}
			}
		})
	}
}

// Parts of the gradient that do not arrive are as good as zeros.
func TestLSTMWithoutSomeGradients(t *testing.T) {
	c := newLSTMCase(1, 3, 4, 5, 20)
	clear(c.dhn)
	clear(c.dcn)
	want := c.run()
	c.dhn, c.dcn = nil, nil
	if got := c.run(); !slices.Equal(got.dhh, want.dhh) || !slices.Equal(got.dc0, want.dc0) {
		t.Error("gradients differ without those of the last state")
	}
	c = newLSTMCase(1, 3, 4, 5, 20)
	clear(c.dy)
	want = c.run()
	c.dy = nil
	if got := c.run(); !slices.Equal(got.dih, want.dih) || !slices.Equal(got.dx, want.dx) {
		t.Error("gradients differ without that of y")
	}
}

// The same bits at any number of threads.
func TestLSTMAtAnyGOMAXPROCS(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	c := newLSTMCase(3, 9, 6, 33, 100)
	var want map[string][]float32
	for _, procs := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(procs)
		got := c.run().all()
		if want == nil {
			want = got
		}
		for name := range got {
			if !slices.Equal(got[name], want[name]) {
				t.Errorf("GOMAXPROCS %d: %s differs", procs, name)
			}
		}
	}
}

// NaN in one row stays in it; saturated gates, from infinite inputs too, give no
// NaN where torch gives none.
func TestLSTMOfNaNAndLarge(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		c := newLSTMCase(4, 3, 3, 4, 17)
		c.x[5] = float32(math.NaN())
		y := c.run().y
		perRow := c.t * c.hidden
		if y[0] == y[0] && y[perRow-1] == y[perRow-1] && !slices.ContainsFunc(y[:perRow], func(v float32) bool { return v != v }) {
			t.Error("NaN in the input does not show")
		}
		if slices.ContainsFunc(y[perRow:], func(v float32) bool { return v != v }) {
			t.Error("NaN of one row shows in another")
		}
		c = newLSTMCase(4, 2, 3, 4, 17)
		for i := range c.x {
			c.x[i] *= 1e30
		}
		for name, v := range c.run().all() {
			if name == "dW_ih" {
				continue // the inputs are factors
			}
			if slices.ContainsFunc(v, func(v float32) bool { return v != v || math.IsInf(float64(v), 0) }) {
				t.Errorf("large inputs: %s has numbers that are not finite", name)
			}
		}
	})
}

func TestLSTMAllocatesNothing(t *testing.T) {
	c := newLSTMCase(5, 4, 3, 20, 32)
	l := NewLSTM(c.n, c.t, c.in, c.hidden)
	saved, back, dw := make([]float32, l.SavedLen()), make([]float32, l.BackLen()), make([]float32, len(c.hh))
	if n := testing.AllocsPerRun(10, func() {
		l.Compute(saved, c.x, c.h0, c.c0, c.ih, c.hh, c.bih, nil)
		l.Backward(back, saved, c.hh, c.dy, nil, nil)
		l.HiddenWeightGrad(dw, back, saved)
	}); n > 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

// BenchmarkLSTM is a layer of a character model, forward and backward.
func BenchmarkLSTM(b *testing.B) {
	for _, s := range [][4]int{{32, 64, 256, 256}, {20, 35, 200, 200}, {1, 1, 256, 256}} {
		c := newLSTMCase(1, s[0], s[1], s[2], s[3])
		l := NewLSTM(c.n, c.t, c.in, c.hidden)
		saved, back := make([]float32, l.SavedLen()), make([]float32, l.BackLen())
		dx, dih, dhh, db := make([]float32, len(c.x)), make([]float32, len(c.ih)), make([]float32, len(c.hh)), make([]float32, 4*c.hidden)
		flops := 2 * float64(s[0]*s[1]) * float64(4*s[3]*(s[2]+s[3]))
		run := func(name string, factor float64, f func()) {
			b.Run(fmt.Sprintf("%dx%dx%dx%d/%s", s[0], s[1], s[2], s[3], name), func(b *testing.B) {
				for b.Loop() {
					f()
				}
				b.ReportMetric(factor*flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
		run("forward", 1, func() { l.Compute(saved, c.x, c.h0, c.c0, c.ih, c.hh, c.bih, c.bhh) })
		run("back", 0.5, func() { l.Backward(back, saved, c.hh, c.dy, nil, nil) })
		run("dx", 0.5, func() { l.InputGrad(dx, back, c.ih) })
		run("dW_ih", 0.5, func() { l.InputWeightGrad(dih, back, c.x) })
		run("dW_hh", 0.5, func() { l.HiddenWeightGrad(dhh, back, saved) })
		run("db", 0, func() { l.BiasGrad(db, back) })
	}
}
