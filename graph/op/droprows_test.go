package op

import (
	"fmt"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// dropRows compiles DropRows.
func dropRows(t *testing.T, x *tensor.Dense, p float64, seed uint64) *running {
	return compile(t, func(in G.Nodes) (*G.Node, error) { return DropRows(in[0], p, seed) }, []*tensor.Dense{x}, []bool{true})
}

// A row is kept or dropped as a whole, and so is its gradient; in any layout.
func TestDropRows(t *testing.T) {
	for _, shape := range []tensor.Shape{{64}, {64, 5}, {40, 3, 4, 5}, {40, 2, 3, 2, 16}} {
		onEachTier(t, fmt.Sprint(shape), func(t *testing.T) {
			x := random(1, shape...)
			r := dropRows(t, x, 0.4, 5)
			size := shape.TotalSize() / shape[0]
			dropped := 0
			for range 3 {
				r.run(t)
				y, dx := r.results()[0], r.results()[1]
				for row := range shape[0] {
					factor := float32(1 / (1 - 0.4))
					if y[row*size] == 0 {
						factor = 0
						dropped++
					}
					for i := row * size; i < (row+1)*size; i++ {
						v, up := x.Float32s()[i], r.upstream.Float32s()[i]
						if math.Abs(float64(y[i]-v*factor)) > 1e-6 || math.Abs(float64(dx[i]-up*factor)) > 1e-6 {
							t.Fatalf("row %d of factor %v: x %v, y %v, upstream %v, dx %v", row, factor, v, y[i], up, dx[i])
						}
					}
				}
			}
			if n := float64(3 * shape[0]); math.Abs(float64(dropped)-0.4*n) > 5*math.Sqrt(0.24*n) {
				t.Errorf("%d of %v rows dropped, want two fifths", dropped, n)
			}
		})
	}
}

// The mean over many runs is x, and runs draw anew.
func TestDropRowsExpectation(t *testing.T) {
	const runs = 4000
	x := tensor.Ones(tensor.Float32, 8, 2)
	r := dropRows(t, x, 0.25, 3)
	sums := make([]float64, 8)
	var first, second []float32
	for i := range runs {
		r.run(t)
		y := r.results()[0]
		switch i {
		case 0:
			first = y
		case 1:
			second = y
		}
		for row := range sums {
			sums[row] += float64(y[2*row])
		}
	}
	for row, s := range sums {
		if mean := s / runs; math.Abs(mean-1) > 5*math.Sqrt(0.25/0.75/runs) {
			t.Errorf("row %d is %v on average, want 1", row, mean)
		}
	}
	Seek(r.y.Graph(), 1)
	if r.run(t); !slices.Equal(r.results()[0], second) {
		t.Error("the second run draws something else after Seek")
	}
	if slices.Equal(first, second) {
		t.Error("two runs draw the same rows")
	}
}

func TestDropRowsOfNothingAndOfAll(t *testing.T) {
	x := nodes(tensor.Shape{3, 4})[0]
	if y, err := DropRows(x, 0, 1); err != nil || y != x {
		t.Errorf("DropRows with p = 0 is %v, error %v, want its input", y, err)
	}
	r := dropRows(t, random(1, 5, 10), 1, 1)
	r.run(t)
	compare(t, "y", r.results()[0], make([]float64, 50), 0)
	compare(t, "dx", r.results()[1], make([]float64, 50), 0)
}

func TestDropRowsErrors(t *testing.T) {
	_, err := DropRows(nil, 0.5, 1)
	wantError(t, err, "DropRows", "nil")
	for _, p := range []float64{-0.1, 1.1, math.NaN()} {
		_, err := DropRows(nodes(tensor.Shape{3})[0], p, 1)
		wantError(t, err, "DropRows", "p is", "0 to 1")
	}
	_, err = DropRows(G.NewScalar(G.NewGraph(), tensor.Float32, G.WithName("s")), 0.5, 1)
	wantError(t, err, "DropRows", "scalar")
}

func TestDropRowsAllocatesNothing(t *testing.T) {
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) { return DropRows(in[0], 0.5, 1) },
		[]*tensor.Dense{random(1, 64, 4096)}, []bool{true})
}
