package op

import (
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestShortcutA(t *testing.T) {
	for _, c := range []struct {
		x                tensor.Shape
		channels, stride int
		y                tensor.Shape
		before           int // channels of zeros
	}{
		{tensor.Shape{2, 4, 6, 8}, 8, 2, tensor.Shape{2, 8, 3, 4}, 2},
		{tensor.Shape{1, 1, 1, 1}, 3, 2, tensor.Shape{1, 3, 1, 1}, 1},
		{tensor.Shape{2, 2, 5, 7}, 5, 2, tensor.Shape{2, 5, 3, 4}, 1},
		{tensor.Shape{1, 3, 4, 4}, 3, 1, tensor.Shape{1, 3, 4, 4}, 0},
		{tensor.Shape{1, 3, 4, 4}, 3, 3, tensor.Shape{1, 3, 2, 2}, 0},
		{tensor.Shape{1, 2, 3, 4}, 3, 1, tensor.Shape{1, 3, 3, 4}, 0},
		{tensor.Shape{1, 2, 3, 4}, 4, 9, tensor.Shape{1, 4, 1, 1}, 1},
	} {
		checkOp(t, opCase{
			name: "ShortcutA",
			in:   []*tensor.Dense{random(1, c.x...)},
			op: func(in G.Nodes) (*G.Node, error) {
				y, err := ShortcutA(in[0], c.channels, c.stride)
				if err == nil && !slices.Equal(y.Shape(), c.y) {
					t.Fatalf("ShortcutA(%v, %d, %d) has shape %v, want %v", c.x, c.channels, c.stride, y.Shape(), c.y)
				}
				return y, err
			},
			ref: func(in [][]float64) []float64 {
				y := make([]float64, c.y.TotalSize())
				for i := range y {
					n, k, h, w := i/(c.y[1]*c.y[2]*c.y[3]), i/(c.y[2]*c.y[3])%c.y[1], i/c.y[3]%c.y[2], i%c.y[3]
					if k -= c.before; k >= 0 && k < c.x[1] {
						y[i] = in[0][((n*c.x[1]+k)*c.x[2]+h*c.stride)*c.x[3]+w*c.stride]
					}
				}
				return y
			},
		})
	}
}

// TestPlacementGradient differentiates the gradient.
func TestPlacementGradient(t *testing.T) {
	p := placement{x: tensor.Shape{2, 2, 5, 4}, y: tensor.Shape{2, 5, 3, 2}, channel: 1, stride: 2}
	checkOp(t, opCase{
		name: "putBack",
		in:   []*tensor.Dense{random(1, p.y...)},
		op:   func(in G.Nodes) (*G.Node, error) { return p.putBack("Back", in[0]) },
		ref: func(in [][]float64) []float64 {
			x := make([]float64, p.x.TotalSize())
			p.rows(func(y, at, n int) {
				for j := range n {
					x[at+j*p.stride] = in[0][y+j]
				}
			})
			return x
		},
	})
}

// TestShortcutASpecialValues wants what is not taken to leave no trace.
func TestShortcutASpecialValues(t *testing.T) {
	x := random(1, 1, 1, 3, 3)
	x.Float32s()[1], x.Float32s()[2] = float32(math.NaN()), float32(math.Inf(-1))
	r := compile(t, func(in G.Nodes) (*G.Node, error) { return ShortcutA(in[0], 3, 2) }, []*tensor.Dense{x}, []bool{true})
	for range 2 {
		r.run(t)
		v := float64s(x)
		compare(t, "y", r.results()[0], []float64{0, 0, 0, 0, v[0], v[2], v[6], v[8], 0, 0, 0, 0}, 0)
		u := float64s(r.upstream)
		compare(t, "gradient", r.results()[1], []float64{u[4], 0, u[5], 0, 0, 0, u[6], 0, u[7]}, 0)
	}
}

func TestShortcutAAllocatesNothing(t *testing.T) {
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) { return ShortcutA(in[0], 32, 2) }, []*tensor.Dense{random(1, 8, 16, 32, 32)}, []bool{true})
}

func TestShortcutAErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3, 4, 4}, tensor.Shape{2, 3})
	_, err := ShortcutA(in[0], 2, 2)
	wantError(t, err, "ShortcutA: 2 channels, want at least the 3 of input (2, 3, 4, 4)")
	_, err = ShortcutA(in[0], 6, 0)
	wantError(t, err, "ShortcutA: stride 0, want 1 or more")
	_, err = ShortcutA(in[1], 6, 2)
	wantError(t, err, "ShortcutA: input has shape (2, 3), want (N, C, H, W)")
	_, err = ShortcutA(nil, 6, 2)
	wantError(t, err, "ShortcutA: input is nil")
}
