package op

import (
	"math"
	"runtime"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// dropout compiles Dropout of ones, whose result is the mask.
func dropout(t *testing.T, p float64, seed uint64, shape ...int) *running {
	x := tensor.Ones(tensor.Float32, shape...)
	return compile(t, func(in G.Nodes) (*G.Node, error) { return Dropout(in[0], p, seed) }, []*tensor.Dense{x}, []bool{true})
}

func (r *running) draw(t *testing.T) []float32 {
	r.run(t)
	return r.results()[0]
}

// Of n elements about p*n are dropped, the others scaled so that the mean stays;
// neighbours know nothing of each other.
func TestDropoutStatistics(t *testing.T) {
	for _, p := range []float64{0.1, 0.5, 0.9} {
		const n = 1 << 16
		mask := dropout(t, p, 1, 4, n/4).draw(t)
		dropped, pairs := 0.0, 0.0
		for i, v := range mask {
			switch {
			case v == 0:
				dropped++
				if mask[(i+1)%n] == 0 {
					pairs++
				}
			case math.Abs(float64(v)*(1-p)-1) > 1e-6:
				t.Fatalf("p = %v: element %d of ones is %v, want 0 or %v", p, i, v, 1/(1-p))
			}
		}
		within := func(what string, got, p float64) {
			if d := math.Abs(got/n - p); d > 5*math.Sqrt(p*(1-p)/n) {
				t.Errorf("%s: %v of all, want %v", what, got/n, p)
			}
		}
		within("dropped", dropped, p)
		within("neighbours dropped", pairs, p*p)
	}
}

// What is dropped gets no gradient, the rest that of a product with the mask of
// the same run.
func TestDropoutGradient(t *testing.T) {
	x := random(1, 3, 5, 7)
	r := compile(t, func(in G.Nodes) (*G.Node, error) { return Dropout(in[0], 0.3, 5) }, []*tensor.Dense{x}, []bool{true})
	for range 2 {
		r.run(t)
		y, dx := r.results()[0], r.results()[1]
		for i, v := range x.Float32s() {
			factor := float32(0)
			if y[i] != 0 {
				factor = float32(1 / (1 - 0.3))
			}
			if want := r.upstream.Float32s()[i] * factor; y[i] != v*factor || math.Abs(float64(dx[i]-want)) > 1e-6 {
				t.Fatalf("element %d: x %v, y %v, dx %v, want factor %v in both", i, v, y[i], dx[i], factor)
			}
		}
	}
}

func TestDropoutDrawsAnewInEachRun(t *testing.T) {
	r := dropout(t, 0.5, 3, 1000)
	var masks [][]float32
	for range 4 {
		masks = append(masks, r.draw(t))
	}
	for i := range masks {
		for j := range i {
			if slices.Equal(masks[i], masks[j]) {
				t.Errorf("runs %d and %d draw the same mask", j, i)
			}
		}
	}
	g := r.y.Graph()
	for _, step := range []int{2, 0, 3} {
		Seek(g, uint64(step))
		for i := step; i < len(masks); i++ {
			if !slices.Equal(r.draw(t), masks[i]) {
				t.Errorf("after Seek to %d run %d draws another mask than before", step, i)
			}
		}
	}
	again := dropout(t, 0.5, 3, 1000) // another process
	Seek(again.y.Graph(), 2)
	if !slices.Equal(again.draw(t), masks[2]) {
		t.Error("another graph draws another mask from the same seed and step")
	}
	if slices.Equal(dropout(t, 0.5, 4, 1000).draw(t), masks[0]) {
		t.Error("another seed draws the same mask")
	}
}

// Two Dropouts of one seed, of one input or of two, do not share a mask.
func TestDropoutsOfOneSeedDiffer(t *testing.T) {
	x := tensor.Ones(tensor.Float32, 1000)
	r := compile(t, func(in G.Nodes) (*G.Node, error) {
		a, err := Dropout(in[0], 0.5, 1)
		if err != nil {
			return nil, err
		}
		b, err := Dropout(in[0], 0.5, 1)
		if err != nil {
			return nil, err
		}
		return G.Add(a, b)
	}, []*tensor.Dense{x}, []bool{true})
	if !slices.Contains(r.draw(t), 2) { // one kept, one dropped
		t.Error("two Dropouts of one seed draw the same mask")
	}
}

func TestDropoutAtAnyGOMAXPROCS(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first []float32
	for _, procs := range []int{1, 2, 3, 8} {
		runtime.GOMAXPROCS(procs)
		mask := dropout(t, 0.4, 9, 3, 100_003).draw(t)
		if first == nil {
			first = mask
		} else if !slices.Equal(mask, first) {
			t.Errorf("GOMAXPROCS %d draws another mask", procs)
		}
	}
}

func TestDropoutOfNothingAndOfAll(t *testing.T) {
	x := nodes(tensor.Shape{3, 4})[0]
	if y, err := Dropout(x, 0, 1); err != nil || y != x {
		t.Errorf("Dropout with p = 0 is %v, error %v, want its input", y, err)
	}
	r := dropout(t, 1, 1, 50)
	r.run(t)
	compare(t, "y", r.results()[0], make([]float64, 50), 0)
	compare(t, "dx", r.results()[1], make([]float64, 50), 0)
}

func TestDropoutErrors(t *testing.T) {
	_, err := Dropout(nil, 0.5, 1)
	wantError(t, err, "Dropout", "nil")
	for _, p := range []float64{-0.1, 1.1, math.NaN()} {
		_, err := Dropout(nodes(tensor.Shape{3})[0], p, 1)
		wantError(t, err, "Dropout", "p is", "0 to 1")
	}
}

func TestDropoutAllocatesNothing(t *testing.T) {
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) { return Dropout(in[0], 0.5, 1) },
		[]*tensor.Dense{random(1, 64, 4096)}, []bool{true})
}
