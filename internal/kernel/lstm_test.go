package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// lstmShapes are odd ones, and those that fill blocks and bands. Short tests, which
// may be emulated, take the smaller ones.
func lstmShapes() []LSTM {
	return slices.DeleteFunc(slices.Clone(allLSTMShapes), func(l LSTM) bool {
		return testing.Short() && l.N*l.T*4*l.H*(l.I+l.H) > 1<<19
	})
}

var allLSTMShapes = []LSTM{
	{1, 1, 1, 1}, {1, 1, 5, 16}, {2, 3, 1, 1}, {3, 4, 2, 3}, {1, 9, 7, 16}, {5, 2, 3, 17}, {2, 5, 33, 33},
	{7, 6, 5, 4}, {49, 4, 3, 8}, {97, 5, 2, 20}, {13, 7, 17, 48}, {4, 5, 3, 64}, {1, 3, 64, 256}, {32, 6, 40, 256},
}

// lstmCase holds the operands of a layer.
type lstmCase struct {
	l                       LSTM
	x, h0, c0, wih, whh     []float32
	bih, bhh                []float32 // or nil
	dy, dcn                 []float32
	state, grad, y          []float32 // and what comes out
	hn, cn, dx, dh0, dc0    []float32
	dwih, dwhh, dbias, sums []float32
}

func newLSTMCase(r *rand.Rand, l LSTM, bias bool) *lstmCase {
	w := func(n int) []float32 {
		x := randomSlice(r, n)
		Scale(x, x, float32(1/math.Sqrt(float64(l.H))))
		return x
	}
	c := &lstmCase{
		l: l, x: randomSlice(r, l.N*l.T*l.I), h0: randomSlice(r, l.N*l.H), c0: randomSlice(r, l.N*l.H),
		wih: w(4 * l.H * l.I), whh: w(4 * l.H * l.H), dy: randomSlice(r, l.N*l.T*l.H), dcn: randomSlice(r, l.N*l.H),
	}
	if bias {
		c.bih, c.bhh = w(4*l.H), w(4*l.H)
	}
	return c
}

// run computes everything into slices whose surroundings it checks.
func (c *lstmCase) run(t *testing.T) {
	l := c.l
	var checks []func(*testing.T, string)
	out := func(n int) []float32 {
		x, check := bordered(n)
		checks = append(checks, check)
		return x
	}
	states, weights := l.N*l.H, 4*l.H
	c.state, c.grad, c.y, c.hn, c.cn = out(l.StateLen()), out(l.GradLen()), out(len(c.dy)), out(states), out(states)
	c.dx, c.dh0, c.dc0 = out(len(c.x)), out(states), out(states)
	c.dwih, c.dwhh, c.dbias = out(weights*l.I), out(weights*l.H), out(weights)
	c.again()
	for i, check := range checks {
		check(t, fmt.Sprintf("%+v, result %d", l, i))
	}
}

// again computes everything into the slices there are.
func (c *lstmCase) again() {
	l := c.l
	l.Forward(c.state, c.x, c.h0, c.c0, c.wih, c.whh, c.bih, c.bhh)
	l.Output(c.y, c.state)
	l.Final(c.hn, c.cn, c.state)
	l.Backward(c.grad, c.state, c.dy, c.dcn, c.whh, true)
	l.InputGrad(c.dx, c.grad, c.wih)
	l.InputWeightGrad(c.dwih, c.grad, c.x)
	l.HiddenWeightGrad(c.dwhh, c.grad, c.state)
	l.BiasGrad(c.dbias, c.grad)
	l.StateGrad(c.dh0, c.dc0, c.grad)
}

// results lists what came out, with names.
func (c *lstmCase) results() (names []string, values [][]float32) {
	return []string{"y", "hn", "cn", "dx", "dh0", "dc0", "dwih", "dwhh", "dbias"},
		[][]float32{c.y, c.hn, c.cn, c.dx, c.dh0, c.dc0, c.dwih, c.dwhh, c.dbias}
}

// want is the layer in float64, straight from the definition, and its gradients
// by the chain rule.
func (c *lstmCase) want() [][]float64 {
	l := c.l
	n, steps, in, h := l.N, l.T, l.I, l.H
	x, wih, whh := wide(c.x), wide(c.wih), wide(c.whh)
	bias := make([]float64, 4*h)
	if c.bih != nil {
		for i := range bias {
			bias[i] = float64(c.bih[i]) + float64(c.bhh[i])
		}
	}
	y, dx := make([]float64, n*steps*h), make([]float64, len(x))
	hn, cn, dh0, dc0 := wide(c.h0), wide(c.c0), make([]float64, n*h), wide(c.dcn)
	dwih, dwhh, dbias := make([]float64, len(wih)), make([]float64, len(whh)), make([]float64, 4*h)
	type step struct{ a, before, cell, hidden []float64 }
	for s := range n {
		hidden, cell := hn[s*h:][:h], cn[s*h:][:h]
		var tape []step
		for t := range steps {
			now := step{make([]float64, 4*h), slices.Clone(cell), nil, slices.Clone(hidden)}
			for j := range now.a {
				a := bias[j]
				for i := range in {
					a += x[(s*steps+t)*in+i] * wih[j*in+i]
				}
				for i := range h {
					a += now.hidden[i] * whh[j*h+i]
				}
				if now.a[j] = sigmoid(a); j/h == 2 {
					now.a[j] = math.Tanh(a)
				}
			}
			for u := range h {
				cell[u] = now.a[h+u]*cell[u] + now.a[u]*now.a[2*h+u]
				hidden[u] = now.a[3*h+u] * math.Tanh(cell[u])
				y[(s*steps+t)*h+u] = hidden[u]
			}
			now.cell = slices.Clone(cell)
			tape = append(tape, now)
		}
		dhidden, dcell := dh0[s*h:][:h], dc0[s*h:][:h]
		for t, now := range slices.Backward(tape) {
			d := make([]float64, 4*h)
			for u := range h {
				i, f, g, o := now.a[u], now.a[h+u], now.a[2*h+u], now.a[3*h+u]
				dh, z := dhidden[u]+float64(c.dy[(s*steps+t)*h+u]), math.Tanh(now.cell[u])
				dc := dcell[u] + dh*o*(1-z*z)
				d[u], d[h+u], d[2*h+u], d[3*h+u] = dc*g*i*(1-i), dc*now.before[u]*f*(1-f), dc*i*(1-g*g), dh*z*o*(1-o)
				dcell[u] = dc * f
			}
			clear(dhidden)
			for j, v := range d {
				dbias[j] += v
				for i := range in {
					dx[(s*steps+t)*in+i] += v * wih[j*in+i]
					dwih[j*in+i] += v * x[(s*steps+t)*in+i]
				}
				for i := range h {
					dhidden[i] += v * whh[j*h+i]
					dwhh[j*h+i] += v * now.hidden[i]
				}
			}
		}
	}
	return [][]float64{y, hn, cn, dx, dh0, dc0, dwih, dwhh, dbias}
}

func TestLSTM(t *testing.T) {
	r := rand.New(rand.NewPCG(91, 92))
	for _, l := range lstmShapes() {
		for _, bias := range []bool{true, false} {
			c := newLSTMCase(r, l, bias)
			want := c.want()
			onEachTier(t, func(t *testing.T) {
				c.run(t)
				names, values := c.results()
				for i, w := range want {
					scale, typical := make([]float64, len(w)), rms(w)
					for j := range scale {
						scale[j] = max(typical, math.Abs(w[j]), 1e-3)
					}
					checkNear(t, fmt.Sprintf("%+v, bias %v: %s", l, bias, names[i]), values[i], w, scale, 100)
				}
			})
		}
	}
}

func rms(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(x)))
}

// Without the gradient of the last cells and of the initial states the others are
// the same, as that of zeros.
func TestLSTMPartsOfTheGradient(t *testing.T) {
	for _, l := range []LSTM{{5, 7, 3, 33}, {5, 2, 3, 33}} {
		c := newLSTMCase(rand.New(rand.NewPCG(93, 94)), l, true)
		clear(c.dcn)
		onEachTier(t, func(t *testing.T) {
			c.run(t)
			_, values := c.results()
			dc0 := slices.Clone(c.dc0)
			var kept [][]float32
			for _, i := range []int{3, 6, 7, 8} {
				kept = append(kept, slices.Clone(values[i]))
			}
			l.Backward(c.grad, c.state, c.dy, nil, c.whh, false)
			l.InputGrad(c.dx, c.grad, c.wih)
			l.InputWeightGrad(c.dwih, c.grad, c.x)
			l.HiddenWeightGrad(c.dwhh, c.grad, c.state)
			l.BiasGrad(c.dbias, c.grad)
			l.StateGrad(nil, c.dc0, c.grad)
			for k, got := range [][]float32{c.dx, c.dwih, c.dwhh, c.dbias} {
				if !sameBits(got, kept[k]) {
					t.Errorf("%+v: result %d differs", l, k)
				}
			}
			if !sameBits(c.dc0, dc0) {
				t.Errorf("%+v: dc0 differs", l)
			}
		})
	}
}

// A NaN or an infinity stays in its sequence, and from its step on. Infinite gates
// are saturated: everything that follows is finite.
func TestLSTMSpecialValues(t *testing.T) {
	for _, l := range []LSTM{{3, 5, 2, 17}, {3, 2, 2, 17}, {3, 6, 4, 32}, {50, 4, 2, 3}} {
		for _, special := range []float32{nan, inf, -inf, math.MaxFloat32} {
			onEachTier(t, func(t *testing.T) {
				c := newLSTMCase(rand.New(rand.NewPCG(95, 96)), l, true)
				for i := range c.wih {
					c.wih[i] += 0.01 // none is 0
				}
				c.run(t)
				before := slices.Clone(c.y)
				c.x[(1*l.T+1)*l.I] = special
				c.run(t)
				for i, v := range c.y {
					n, step := i/(l.T*l.H), i/l.H%l.T
					touched := n == 1 && step >= 1
					switch {
					case !touched && v != before[i]:
						t.Fatalf("%+v: %v in sequence 1 changes sequence %d, step %d", l, special, n, step)
					case touched && (v != v) != (special != special):
						t.Fatalf("%+v: %v makes %v of sequence %d, step %d", l, special, v, n, step)
					}
				}
				if special != special {
					return
				}
				names, values := c.results()
				for k, name := range names {
					for i, v := range values[k] {
						if v-v != 0 && name != "dwih" { // x is a factor there
							t.Fatalf("%+v: %v makes %s[%d] %v", l, special, name, i, v)
						}
					}
				}
			})
		}
	}
}

// Packed weights give what others do; the products of a single step are added up in
// another order.
func TestLSTMPacked(t *testing.T) {
	r := rand.New(rand.NewPCG(103, 104))
	for _, l := range lstmShapes() {
		for _, bias := range []bool{true, false} {
			c := newLSTMCase(r, l, bias)
			onEachTier(t, func(t *testing.T) {
				c.run(t)
				packed, check := bordered(l.PackedLen())
				l.Pack(packed, c.wih, c.whh, c.bih, c.bhh)
				check(t, "Pack")
				state, check := bordered(l.StateLen())
				wih := c.wih
				if l.T == 1 {
					wih = make([]float32, len(c.wih)) // not read
				}
				l.ForwardPacked(state, c.x, c.h0, c.c0, wih, packed)
				check(t, "ForwardPacked")
				y, hn, cn := fresh(len(c.y)), fresh(len(c.hn)), fresh(len(c.cn))
				l.Output(y, state)
				l.Final(hn, cn, state)
				for i, got := range [][]float32{y, hn, cn} {
					want := [][]float32{c.y, c.hn, c.cn}[i]
					ones := make([]float64, len(want))
					for j := range ones {
						ones[j] = 1
					}
					checkNear(t, fmt.Sprintf("%+v: result %d", l, i), got, wide(want), ones, 100)
				}
			})
		}
	}
}

func TestLSTMRepeats(t *testing.T) {
	r := rand.New(rand.NewPCG(97, 98))
	for _, l := range []LSTM{{70, 5, 9, 65}, {2, 6, 40, 128}, {33, 2, 30, 48}} {
		c := newLSTMCase(r, l, true)
		onEachTier(t, func(t *testing.T) {
			c.run(t)
			checkRepeats(t, fmt.Sprintf("LSTM %+v", l), func() []float32 {
				c.again()
				_, values := c.results()
				c.sums = c.sums[:0]
				for _, v := range values {
					c.sums = append(c.sums, v...)
				}
				return c.sums
			})
		})
	}
}

// cellOperands are arrays in which the rows of cell kernels lie with gaps.
type cellOperands struct {
	forward  cellArgs
	backward cellGradArgs
	arrays   [][]float32
}

// newCellOperands makes arrays with make, of so many values, for so many rows and
// units; gap is what lies between rows.
func newCellOperands(rows, units, gap int, make func(n int) []float32) *cellOperands {
	c := &cellOperands{}
	array := func(lines, pitch int) *float32 {
		c.arrays = append(c.arrays, make((lines-1)*pitch+units))
		return &c.arrays[len(c.arrays)-1][0]
	}
	pitch, line := units+gap, 4*(units+gap)+gap
	all := func() *float32 { // four gates of every row
		c.arrays = append(c.arrays, make((rows-1)*line+3*pitch+units))
		return &c.arrays[len(c.arrays)-1][0]
	}
	c.forward = cellArgs{
		gates: all(), gateStep: 4 * pitch, rowGate: 4 * line, sums: all(), sumStep: 4 * pitch, rowSum: 4 * line,
		before: array(rows, pitch), after: array(rows, pitch), rowCell: 4 * pitch, hidden: array(rows, pitch), rowHidden: 4 * pitch,
		rows: rows, units: units,
	}
	c.backward = cellGradArgs{
		gates: c.forward.gates, gateStep: 4 * pitch, rowGate: 4 * line,
		before: c.forward.before, after: c.forward.after, rowCell: 4 * pitch, dy: array(rows, pitch), rowDY: 4 * pitch,
		sums: array(rows, pitch), rowSum: 4 * pitch, dcell: array(rows, pitch), dgates: all(), rowDGate: 4 * line,
		bias: array(4, pitch), rows: rows, units: units,
	}
	return c
}

// clone copies the arrays.
func (c *cellOperands) clone() (all [][]float32) {
	for _, a := range c.arrays {
		all = append(all, slices.Clone(a))
	}
	return all
}

// The kernels agree with their twins, in every lane and beside it.
func TestCellKernels(t *testing.T) {
	twins := lstmCells[Generic]
	for units := 1; units <= 34; units++ {
		for rows := 1; rows <= 3; rows++ {
			onEachTier(t, func(t *testing.T) {
				k := lstmCells.get()
				run := func(cell cellKernel, grad cellGradKernel) [][]float32 {
					r := rand.New(rand.NewPCG(uint64(units), 99))
					c := newCellOperands(rows, units, 3, func(n int) []float32 { return randomSlice(r, n) })
					cell.run(&c.forward)
					grad.run(&c.backward)
					return c.clone()
				}
				got, want := run(k.cell, k.grad), run(twins.cell, twins.grad)
				for i := range want {
					ones := make([]float64, len(want[i]))
					for j := range ones {
						ones[j] = 4
					}
					checkNear(t, fmt.Sprintf("%d rows of %d units: array %d", rows, units, i), got[i], wide(want[i]), ones, 4)
				}
			})
		}
	}
}

// The gates keep the accuracy and the special values of the activations that they
// are made of.
func TestCellKernelsSpecialValues(t *testing.T) {
	onEachTier(t, func(t *testing.T) {
		k, r := lstmCells.get(), rand.New(rand.NewPCG(101, 102))
		for range 200 {
			c := newCellOperands(2, 21, 0, func(n int) []float32 { return specialSlice(r, n) })
			inputs := c.clone()
			k.cell.run(&c.forward)
			for row := range 2 {
				for u := range 21 {
					at := func(q int) int { return row*4*21 + q*21 + u }
					for q := range 4 {
						a := float64(inputs[0][at(q)] + inputs[1][at(q)])
						want := sigmoid(a)
						if q == 2 {
							want = math.Tanh(a)
						}
						if got := c.arrays[0][at(q)]; !near(got, want, want, 4) {
							t.Fatalf("gate %d of %v is %v, want %v", q, a, got, want)
						}
					}
					i, f, g := c.arrays[0][at(0)], c.arrays[0][at(1)], c.arrays[0][at(2)]
					want := float64(f)*float64(inputs[2][row*21+u]) + float64(i)*float64(g)
					size := math.Abs(float64(f)*float64(inputs[2][row*21+u])) + math.Abs(float64(i*g))
					if got := c.arrays[3][row*21+u]; !near(got, want, size, 4) {
						t.Fatalf("the cell is %v, want %v", got, want)
					}
				}
			}
		}
	})
}

// The offsets that the generator of the assembly knows.
func TestCellArgsLayout(t *testing.T) {
	var f cellArgs
	var b cellGradArgs
	for i, c := range []struct{ got, want uintptr }{
		{unsafe.Offsetof(f.gates), 0}, {unsafe.Offsetof(f.gateStep), 8}, {unsafe.Offsetof(f.rowGate), 16}, {unsafe.Offsetof(f.sums), 24},
		{unsafe.Offsetof(f.sumStep), 32}, {unsafe.Offsetof(f.rowSum), 40}, {unsafe.Offsetof(f.before), 48}, {unsafe.Offsetof(f.after), 56},
		{unsafe.Offsetof(f.rowCell), 64}, {unsafe.Offsetof(f.hidden), 72}, {unsafe.Offsetof(f.rowHidden), 80}, {unsafe.Offsetof(f.rows), 88},
		{unsafe.Offsetof(f.units), 96},
		{unsafe.Offsetof(b.gates), 0}, {unsafe.Offsetof(b.gateStep), 8}, {unsafe.Offsetof(b.rowGate), 16}, {unsafe.Offsetof(b.before), 24},
		{unsafe.Offsetof(b.after), 32}, {unsafe.Offsetof(b.rowCell), 40}, {unsafe.Offsetof(b.dy), 48}, {unsafe.Offsetof(b.rowDY), 56},
		{unsafe.Offsetof(b.sums), 64}, {unsafe.Offsetof(b.rowSum), 72}, {unsafe.Offsetof(b.dcell), 80}, {unsafe.Offsetof(b.dgates), 88},
		{unsafe.Offsetof(b.rowDGate), 96}, {unsafe.Offsetof(b.bias), 104}, {unsafe.Offsetof(b.rows), 112}, {unsafe.Offsetof(b.units), 120},
	} {
		if c.got != c.want {
			t.Errorf("field %d lies at %d, want %d", i, c.got, c.want)
		}
	}
}

func BenchmarkLSTM(b *testing.B) {
	for _, l := range []LSTM{{1, 1, 256, 256}, {1, 64, 256, 256}, {20, 35, 200, 200}, {32, 64, 256, 256}, {64, 64, 512, 512}} {
		c := newLSTMCase(rand.New(rand.NewPCG(1, 2)), l, true)
		c.state, c.grad = Aligned(l.StateLen()), Aligned(l.GradLen())
		c.y, c.dx = fresh(len(c.dy)), fresh(len(c.x))
		c.dwih, c.dwhh = fresh(len(c.wih)), fresh(len(c.whh))
		products := 2 * float64(l.N*l.T*4*l.H)
		bench := func(name string, flops float64, f func()) {
			b.Run(fmt.Sprintf("%dx%dx%d/%s", l.N, l.T, l.H, name), func(b *testing.B) {
				for range b.N {
					f()
				}
				b.ReportMetric(flops*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
		bench("forward", products*float64(l.I+l.H), func() {
			l.Forward(c.state, c.x, c.h0, c.c0, c.wih, c.whh, c.bih, c.bhh)
			l.Output(c.y, c.state)
		})
		bench("steps back", products*float64(l.H), func() { l.Backward(c.grad, c.state, c.dy, nil, c.whh, false) })
		bench("products back", products*float64(2*l.I+l.H), func() {
			l.InputGrad(c.dx, c.grad, c.wih)
			l.InputWeightGrad(c.dwih, c.grad, c.x)
			l.HiddenWeightGrad(c.dwhh, c.grad, c.state)
		})
	}
}
