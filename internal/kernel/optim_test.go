package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// An optimCase makes one step in float32 and, on the same arrays in float64, as
// the doc comment of the optimiser says. The arrays are w, g and three of state.
type optimCase struct {
	name  string
	step  func(a [5][]float32, first bool)
	truth func(w, g, s0, s1, s2 *float64, first bool)
}

func optimCases() []optimCase {
	sgd := func(o SGD) optimCase {
		return optimCase{fmt.Sprintf("%+v", o),
			func(a [5][]float32, first bool) { o.Step(a[0], a[1], a[2], first) },
			func(w, g, v, _, _ *float64, first bool) {
				d := *g + o.WeightDecay**w
				if o.Momentum != 0 {
					*v = o.Momentum**v + (1-o.Dampening)*d
					if first {
						*v = d
					}
					d = pick(o.Nesterov, d+o.Momentum**v, *v)
				}
				*w -= o.LR * d
			}}
	}
	adam := func(o Adam) optimCase {
		t := 0
		return optimCase{fmt.Sprintf("%+v", o),
			func(a [5][]float32, first bool) {
				if t++; first {
					t = 1
				}
				o.Step(a[0], a[1], a[2], a[3], a[4], t)
			},
			func(w, g, m, v, most *float64, _ bool) {
				d := *g
				if o.Decoupled {
					*w -= o.LR * o.WeightDecay * *w
				} else {
					d += o.WeightDecay * *w
				}
				*m = o.Beta1**m + (1-o.Beta1)*d
				*v = o.Beta2**v + (1-o.Beta2)*d*d
				second := *v
				if o.AMSGrad {
					*most = max(*most, *v)
					second = *most
				}
				t := float64(t)
				*w -= o.LR / (1 - math.Pow(o.Beta1, t)) * *m / (math.Sqrt(second)/math.Sqrt(1-math.Pow(o.Beta2, t)) + o.Eps)
			}}
	}
	rms := func(o RMSProp) optimCase {
		return optimCase{fmt.Sprintf("%+v", o),
			func(a [5][]float32, _ bool) { o.Step(a[0], a[1], a[2], a[3], a[4]) },
			func(w, g, v, mean, b *float64, _ bool) {
				d := *g + o.WeightDecay**w
				*v = o.Alpha**v + (1-o.Alpha)*d*d
				square := *v
				if o.Centered {
					*mean = o.Alpha**mean + (1-o.Alpha)*d
					square -= *mean * *mean
				}
				step := d / (math.Sqrt(square) + o.Eps)
				if o.Momentum != 0 {
					*b = o.Momentum**b + step
					step = *b
				}
				*w -= o.LR * step
			}}
	}
	return []optimCase{
		{"lerp", func(a [5][]float32, _ bool) { Lerp(a[0], a[1], 0.3) }, func(w, g, _, _, _ *float64, _ bool) { *w += 0.3 * (*g - *w) }},
		sgd(SGD{LR: 0.1}),
		sgd(SGD{LR: 0.1, WeightDecay: 0.2}),
		sgd(SGD{LR: 0.1, Momentum: 0.9, Dampening: 0.25, WeightDecay: 0.01}),
		sgd(SGD{LR: 0.1, Momentum: 0.9, WeightDecay: 0.01, Nesterov: true}),
		adam(Adam{LR: 0.01, Beta1: 0.9, Beta2: 0.99, Eps: 1e-2, WeightDecay: 0.1}),
		adam(Adam{LR: 0.01, Beta1: 0.8, Beta2: 0.9, Eps: 1e-3, WeightDecay: 0.1, Decoupled: true}),
		adam(Adam{LR: 0.01, Beta1: 0.9, Beta2: 0.9, Eps: 1e-3, AMSGrad: true}),
		rms(RMSProp{LR: 0.01, Alpha: 0.9, Eps: 1e-3}),
		rms(RMSProp{LR: 0.01, Alpha: 0.5, Eps: 1e-2, WeightDecay: 0.1, Momentum: 0.9}),
		rms(RMSProp{LR: 0.01, Alpha: 0.5, Eps: 0.1, Centered: true}),
		rms(RMSProp{LR: 0.01, Alpha: 0.5, Eps: 0.1, Centered: true, Momentum: 0.5}),
	}
}

func TestOptimisers(t *testing.T) {
	const steps = 2
	for _, c := range optimCases() {
		onEachTier(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(31, 32))
			for _, n := range []int{1, 7, 15, 16, 33, 65, 1009, grain + 13} {
				var a [5][]float32
				var truth [5][]float64
				var checks [5]func(*testing.T, string)
				for k := range a {
					a[k], checks[k] = bordered(n)
					clear(a[k])
					truth[k] = make([]float64, n)
				}
				copy(a[0], randomSlice(r, n))
				copy(truth[0], wide(a[0]))
				for step := range steps {
					copy(a[1], randomSlice(r, n))
					copy(truth[1], wide(a[1]))
					c.step(a, step == 0)
					for i := range n {
						c.truth(&truth[0][i], &truth[1][i], &truth[2][i], &truth[3][i], &truth[4][i], step == 0)
					}
				}
				ones := make([]float64, n)
				for i := range ones {
					ones[i] = 1
				}
				for k, name := range []string{"w", "g", "state 0", "state 1", "state 2"} {
					checks[k](t, c.name)
					checkNear(t, c.name+": "+name, a[k], truth[k], ones, 32)
				}
			}
		})
	}
}

// What a step does to NaN and Inf, tier by tier as in plain Go.
func TestOptimisersOnSpecialValues(t *testing.T) {
	r := rand.New(rand.NewPCG(33, 34))
	const n = 301
	specials := []float32{nan, inf, -inf, 0, float32(math.Copysign(0, -1)), 1e-40}
	var start [5][]float32
	for k := range start {
		start[k] = randomSlice(r, n)
		for i := range start[k] {
			if r.IntN(6) == 0 {
				start[k][i] = specials[r.IntN(len(specials))]
			}
		}
	}
	for _, c := range optimCases() {
		run := func() (a [5][]float32) {
			for k := range a {
				a[k] = append([]float32(nil), start[k]...)
			}
			c.step(a, true)
			return a
		}
		defer SetTier(SetTier(Generic))
		want := run()
		onEachTier(t, func(t *testing.T) {
			for k, got := range run() {
				for i, g := range got {
					if w := float64(want[k][i]); !near(g, w, max(math.Abs(w), 1), 1e4) {
						t.Errorf("%s: array %d at %d is %v, plain Go has %v", c.name, k, i, g, w)
					}
				}
			}
		})
	}
}

func TestOptimisersRepeat(t *testing.T) {
	r := rand.New(rand.NewPCG(35, 36))
	const n = 3*grain + 7
	var start, a [5][]float32
	for k := range a {
		start[k], a[k] = randomSlice(r, n), make([]float32, n)
	}
	for _, c := range optimCases() {
		checkRepeats(t, c.name, func() []float32 {
			for k := range a {
				copy(a[k], start[k])
			}
			c.step(a, true)
			return a[0]
		})
	}
}

func BenchmarkOptimisers(b *testing.B) {
	const n = 11_689_512 // the parameters of ResNet-18
	var a [5][]float32
	for k := range a {
		a[k] = make([]float32, n)
		fill(a[k], 1e-3)
	}
	for _, c := range []struct {
		name   string
		arrays int // read and written
		step   func()
	}{
		{"SGD", 3, func() { SGD{LR: 1e-9}.Step(a[0], a[1], nil, false) }},
		{"Momentum", 5, func() { SGD{LR: 1e-9, Momentum: 0.9}.Step(a[0], a[1], a[2], false) }},
		{"Adam", 7, func() { Adam{LR: 1e-9, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}.Step(a[0], a[1], a[2], a[3], nil, 9) }},
		{"RMSProp", 5, func() { RMSProp{LR: 1e-9, Alpha: 0.9, Eps: 1e-8}.Step(a[0], a[1], a[2], nil, nil) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(4 * c.arrays * n))
			for range b.N {
				c.step()
			}
		})
	}
}
