package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// What PyTorch gives for all settings is in pytorch_test.go; here are larger
// shapes, extreme values, errors, and that results repeat.

func TestCrossEntropyOfManyClasses(t *testing.T) {
	r := rand.New(rand.NewPCG(61, 62))
	for _, s := range []shape3{{3, 1000, 1}, {2, 33, 129}, {70, 7, 1}, {1, 1, 5}, {4, 5000, 1}} {
		x := randomSlice(r, s.size())
		for i := range x {
			x[i] *= 20
		}
		labels := make([]int, s.n*s.hw)
		dloss := randomSlice(r, len(labels))
		want, wantDX, scale := make([]float64, len(labels)), make([]float64, len(x)), make([]float64, len(labels))
		for i := range labels {
			labels[i] = r.IntN(s.c)
			at := func(k int) int { return (i/s.hw*s.c+k)*s.hw + i%s.hw }
			most, sum := math.Inf(-1), 0.0
			for k := range s.c {
				most = max(most, float64(x[at(k)]))
			}
			for k := range s.c {
				sum += math.Exp(float64(x[at(k)]) - most)
			}
			want[i] = most + math.Log(sum) - float64(x[at(labels[i])])
			scale[i] = math.Abs(most) + math.Log(sum)
			for k := range s.c {
				p := math.Exp(float64(x[at(k)])-most) / sum
				wantDX[at(k)] = float64(dloss[i]) * (p - pick(k == labels[i], 1, 0))
			}
		}
		ones := make([]float64, len(x))
		fillOnes(ones)
		onEachTier(t, func(t *testing.T) {
			c := CrossEntropy{N: s.n, C: s.c, Inner: s.hw, Reduction: ReductionNone}
			loss, dx := fresh(len(labels)), fresh(len(x))
			if err := c.Forward(loss, x, labels); err != nil {
				t.Fatal(err)
			}
			checkNear(t, "loss of "+s.String(), loss, want, scale, 4)
			if err := c.Backward(dx, x, labels, dloss); err != nil {
				t.Fatal(err)
			}
			checkNear(t, "dx of "+s.String(), dx, wantDX, ones, 16)
			copy(dx, x)
			if err := c.Backward(dx, dx, labels, dloss); err != nil {
				t.Fatal(err)
			}
			checkNear(t, "dx of "+s.String()+" in place", dx, wantDX, ones, 16)
		})
	}
}

func TestCrossEntropyOfExtremeLogits(t *testing.T) {
	for _, c := range []struct {
		logits []float32
		label  int
		want   float64
	}{
		{[]float32{1e30, -1e30, 0}, 0, 0},
		{[]float32{1e30, -1e30, 0}, 2, 1e30},
		{[]float32{3e38, 3e38, 3e38}, 1, math.Log(3)},
		{[]float32{0, -inf, 0}, 0, math.Log(2)},
		{[]float32{0, -inf, 0}, 1, math.Inf(1)},
		{[]float32{0, nan, 0}, 0, math.NaN()},
		{[]float32{0, inf, 0}, 0, math.NaN()},
	} {
		onEachTier(t, func(t *testing.T) {
			loss := fresh(1)
			if err := (CrossEntropy{N: 1, C: 3, Inner: 1}).Forward(loss, c.logits, []int{c.label}); err != nil {
				t.Fatal(err)
			}
			checkNear(t, fmt.Sprintf("loss of %v at %d", c.logits, c.label), loss, []float64{c.want}, nil, 4)
		})
	}
}

func TestCrossEntropyIgnoresNaNOfIgnored(t *testing.T) {
	c := CrossEntropy{N: 2, C: 3, Inner: 1, HasIgnore: true, IgnoreIndex: 7, LabelSmoothing: 0.1}
	x, labels := []float32{nan, nan, nan, 1, 2, 3}, []int{7, 1}
	loss, dx := fresh(1), fresh(6)
	if err := c.Forward(loss, x, labels); err != nil {
		t.Fatal(err)
	}
	if err := c.Backward(dx, x, labels, []float32{1}); err != nil {
		t.Fatal(err)
	}
	if loss[0] != loss[0] || dx[0] != 0 || dx[2] != 0 || dx[4] == 0 || dx[4] != dx[4] {
		t.Errorf("loss %v, gradient %v: NaN of an ignored position counts", loss, dx)
	}
	labels[1] = 7
	if err := c.Forward(loss, x, labels); err != nil {
		t.Fatal(err)
	}
	if loss[0] == loss[0] {
		t.Errorf("mean over no position is %v, want NaN", loss[0])
	}
}

func TestCrossEntropyErrors(t *testing.T) {
	x, loss := make([]float32, 6), make([]float32, 1)
	for want, c := range map[string]struct {
		c      CrossEntropy
		labels []int
	}{
		"label 1 is 3, want 0 to 2 (3 classes)":    {CrossEntropy{N: 2, C: 3, Inner: 1}, []int{0, 3}},
		"label 0 is -1, want 0 to 2 (3 classes)":   {CrossEntropy{N: 2, C: 3, Inner: 1}, []int{-1, 0}},
		"label 0 is -100, want 0 to 2 (3 classes)": {CrossEntropy{N: 2, C: 3, Inner: 1, IgnoreIndex: -100}, []int{-100, 0}},
		"label smoothing is 1.5, want 0 to 1":      {CrossEntropy{N: 2, C: 3, Inner: 1, LabelSmoothing: 1.5}, []int{0, 0}},
		"label smoothing is NaN, want 0 to 1":      {CrossEntropy{N: 2, C: 3, Inner: 1, LabelSmoothing: nan}, []int{0, 0}},
	} {
		if err := c.c.Forward(loss, x, c.labels); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Forward: error %v, want one with %q", err, want)
		}
		if err := c.c.Backward(make([]float32, 6), x, c.labels, loss); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Backward: error %v, want one with %q", err, want)
		}
	}
}

func TestBCEOfExtremeLogits(t *testing.T) {
	x := []float32{1e30, -1e30, 1e30, -1e30, 0, inf, -inf, nan}
	target := []float32{1, 0, 0, 1, 0.5, 0, 1, 1}
	// 0 * -Inf is NaN, as in torch.
	want := []float64{0, 0, 1e30, 1e30, math.Ln2, math.Inf(1), math.NaN(), math.NaN()}
	wantDX := []float64{0, 0, 1, -1, 0, 1, -1, math.NaN()}
	loss, dx := fresh(8), fresh(8)
	b := BCEWithLogits{Reduction: ReductionNone}
	b.Forward(loss, x, target)
	checkNear(t, "loss", loss, want, nil, 2)
	ones := make([]float32, 8)
	fill(ones, 1)
	b.Backward(dx, x, target, ones)
	checkNear(t, "dx", dx, wantDX, nil, 2)
}

func TestLossesOfNothing(t *testing.T) {
	loss := []float32{0}
	MSE{}.Forward(loss, nil, nil)
	if loss[0] == loss[0] {
		t.Errorf("mean squared error of nothing is %v, want NaN", loss[0])
	}
	MSE{ReductionSum}.Forward(loss, nil, nil)
	if loss[0] != 0 {
		t.Errorf("sum of no squared error is %v, want 0", loss[0])
	}
	MSE{}.Backward(nil, nil, nil, loss)
	if err := (CrossEntropy{C: 5, Inner: 1}).Forward(loss, nil, nil); err != nil || loss[0] == loss[0] {
		t.Errorf("cross-entropy of nothing is %v (%v), want NaN", loss[0], err)
	}
}

func TestLossesRepeat(t *testing.T) {
	r := rand.New(rand.NewPCG(63, 64))
	const n, c, inner = 5, 21, 777
	x, target := randomSlice(r, n*c*inner), randomSlice(r, n*c*inner)
	labels, weight := make([]int, n*inner), randomSlice(r, c)
	for i := range labels {
		labels[i] = r.IntN(c)
	}
	out := make([]float32, 3+len(x))
	loss, dx := out[:3], out[3:]
	ce := CrossEntropy{N: n, C: c, Inner: inner, Weight: weight, LabelSmoothing: 0.1}
	bce := BCEWithLogits{PosWeight: weight[:7]}
	for what, run := range map[string]func() error{
		"cross-entropy": func() error {
			if err := ce.Forward(loss[:1], x, labels); err != nil {
				return err
			}
			return ce.Backward(dx, x, labels, loss[:1])
		},
		"binary cross-entropy": func() error {
			bce.Forward(loss[1:2], x, target)
			bce.Backward(dx, x, target, loss[1:2])
			return nil
		},
		"squared error": func() error {
			MSE{}.Forward(loss[2:], x, target)
			MSE{}.Backward(dx, x, target, loss[2:])
			return nil
		},
	} {
		checkRepeats(t, what, func() []float32 {
			if err := run(); err != nil {
				t.Fatal(err)
			}
			return out
		})
	}
}

func TestReductionNames(t *testing.T) {
	for r, want := range map[Reduction]string{ReductionMean: "mean", ReductionSum: "sum", ReductionNone: "none", 9: "unknown"} {
		if got := r.String(); got != want {
			t.Errorf("Reduction(%d) is called %q, want %q", int(r), got, want)
		}
	}
}

func BenchmarkCrossEntropy(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range []shape3{{128, 10, 1}, {128, 1000, 1}, {8, 21, 65 * 65}} {
		x, dx, labels := randomSlice(r, s.size()), make([]float32, s.size()), make([]int, s.n*s.hw)
		c, loss := CrossEntropy{N: s.n, C: s.c, Inner: s.hw}, []float32{0}
		b.Run(s.String(), func(b *testing.B) {
			b.SetBytes(int64(12 * s.size()))
			for range b.N {
				if err := c.Forward(loss, x, labels); err != nil {
					b.Fatal(err)
				}
				if err := c.Backward(dx, x, labels, loss); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
