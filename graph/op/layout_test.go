package op

import (
	"fmt"
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func TestLayouts(t *testing.T) {
	for _, shape := range []tensor.Shape{{1, 16, 1, 1}, {2, 32, 1, 3}, {1, 16, 3, 5}} {
		to := blockedShape(shape)
		move := func(x []float64, back bool) []float64 {
			y := make([]float64, len(x))
			hw := shape[2] * shape[3]
			for i := range x {
				c := i / hw % shape[1]
				j := ((i/(shape[1]*hw)*to[1]+c/16)*hw+i%hw)*16 + c%16
				if back {
					y[i] = x[j]
				} else {
					y[j] = x[i]
				}
			}
			return y
		}
		checkOp(t, opCase{
			name: fmt.Sprintf("ToBlocked %v", shape), in: []*tensor.Dense{random(1, shape...)},
			op:  func(in G.Nodes) (*G.Node, error) { return ToBlocked(in[0]) },
			ref: func(in [][]float64) []float64 { return move(in[0], false) },
		})
		checkOp(t, opCase{
			name: fmt.Sprintf("ToPlanar %v", shape), in: []*tensor.Dense{random(1, to...)},
			op:  func(in G.Nodes) (*G.Node, error) { return ToPlanar(in[0]) },
			ref: func(in [][]float64) []float64 { return move(in[0], true) },
		})
	}
}

func TestImageShape(t *testing.T) {
	for _, c := range []struct {
		node, want tensor.Shape
		blocked    bool
	}{
		{tensor.Shape{2, 3, 4, 5}, tensor.Shape{2, 3, 4, 5}, false},
		{tensor.Shape{2, 3, 4, 5, 16}, tensor.Shape{2, 48, 4, 5}, true},
		{tensor.Shape{2, 3, 4, 5, 8}, nil, false},
		{tensor.Shape{2, 16}, nil, false},
	} {
		if s, blocked := ImageShape(nodes(c.node)[0]); !slices.Equal(s, c.want) || blocked != c.blocked {
			t.Errorf("ImageShape of %v is %v, blocked %v; want %v, %v", c.node, s, blocked, c.want, c.blocked)
		}
	}
}

func TestLayoutErrors(t *testing.T) {
	for _, c := range []struct {
		op    func(*G.Node) (*G.Node, error)
		shape tensor.Shape
		want  string
	}{
		{ToBlocked, tensor.Shape{2, 20, 4, 4}, "ToBlocked: 20 channels in input of shape (2, 20, 4, 4), want a multiple of 16"},
		{ToBlocked, tensor.Shape{2, 1, 4, 4, 16}, "ToBlocked: input has shape (2, 1, 4, 4, 16), want (N, C, H, W)"},
		{ToPlanar, tensor.Shape{2, 16, 4, 4}, "ToPlanar: input has shape (2, 16, 4, 4), want (N, C/16, H, W, 16)"},
		{ToPlanar, tensor.Shape{2, 1, 4, 4, 8}, "ToPlanar: input has shape (2, 1, 4, 4, 8), want (N, C/16, H, W, 16)"},
		{GlobalAvgPool, tensor.Shape{2, 1, 4, 4, 8}, "GlobalAvgPool: input has shape (2, 1, 4, 4, 8), want (N, C, H, W) or (N, C/16, H, W, 16)"},
	} {
		_, err := c.op(nodes(c.shape)[0])
		wantError(t, err, c.want)
		_, err = c.op(nil)
		wantError(t, err, "is nil")
	}
}

// A layoutCase is an operation on images that takes them in either layout.
type layoutCase struct {
	name   string
	in     []*tensor.Dense // images have four dimensions
	op     func(in G.Nodes) (*G.Node, error)
	wrt    []bool
	tol    float64 // largest error relative to the largest value of what is not finite; 0: none
	change bool    // the result is no image
}

// check compares what an operation makes of blocked images, and every gradient,
// with what it makes of planar ones.
func (c layoutCase) check(t *testing.T) {
	t.Helper()
	onEachTier(t, c.name, func(t *testing.T) {
		planar := compile(t, c.op, clones(c.in), c.wrt)
		blocked := compileWith(t, func(in G.Nodes) (*G.Node, error) {
			y, err := c.op(c.toBlocked(t, in))
			if err != nil || c.change {
				return y, err
			}
			if _, ok := ImageShape(y); !ok {
				t.Errorf("the result has shape %v, want a blocked one", y.Shape())
			}
			return ToPlanar(y)
		}, clones(c.in), c.wrt, planar.upstream)
		for range 2 {
			planar.run(t)
			blocked.run(t)
		}
		want := planar.results()
		for i, got := range blocked.results() {
			if !planar.y.IsScalar() && i == 0 && !slices.Equal(blocked.y.Shape(), planar.y.Shape()) {
				t.Errorf("the result has shape %v, want %v", blocked.y.Shape(), planar.y.Shape())
			}
			what := "y"
			if i > 0 {
				what = fmt.Sprintf("gradient %d", i-1)
			}
			compare(t, what, got, wideOf(want[i]), c.tol)
		}
	})
}

// toBlocked brings images into the blocked layout.
func (c layoutCase) toBlocked(t *testing.T, in G.Nodes) G.Nodes {
	t.Helper()
	out := make(G.Nodes, len(in))
	for i, n := range in {
		out[i] = n
		if n.Dims() != 4 {
			continue
		}
		var err error
		if out[i], err = ToBlocked(n); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func clones(in []*tensor.Dense) (out []*tensor.Dense) {
	for _, x := range in {
		out = append(out, x.Clone().(*tensor.Dense))
	}
	return out
}

func wideOf(x []float32) []float64 {
	w := make([]float64, len(x))
	for i, v := range x {
		w[i] = float64(v)
	}
	return w
}

// speckled gives some values of x that are not finite, in channel 3.
func speckled(x *tensor.Dense) *tensor.Dense {
	s := x.Shape()
	plane := x.Float32s()[3*s[2]*s[3]:][:s[2]*s[3]]
	for i, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if j := 2 * i; j < len(plane) {
			plane[j] = float32(v)
		}
	}
	return x
}

// layoutShapes are images of odd sizes, of one pixel, and one alone.
var layoutShapes = []tensor.Shape{{2, 16, 1, 1}, {1, 32, 7, 5}, {3, 16, 9, 8}, {2, 48, 4, 13}}

func TestElementwiseOfBlockedImages(t *testing.T) {
	for _, s := range layoutShapes {
		for name, op := range map[string]func(in G.Nodes) (*G.Node, error){
			"ReLU":    func(in G.Nodes) (*G.Node, error) { return ReLU(in[0]) },
			"Add":     func(in G.Nodes) (*G.Node, error) { return Add(in[0], in[1]) },
			"AddReLU": func(in G.Nodes) (*G.Node, error) { return AddReLU(in[0], in[1]) },
		} {
			layoutCase{
				name: fmt.Sprintf("%s %v", name, s), in: []*tensor.Dense{speckled(random(1, s...)), random(2, s...)}, op: op,
				wrt: []bool{true, name != "ReLU"},
			}.check(t)
		}
	}
}

func TestPoolingOfBlockedImages(t *testing.T) {
	for i, test := range poolTests {
		s := tensor.Shape{test.shape[0], 32, test.shape[2], test.shape[3]}
		for _, c := range []layoutCase{
			{name: "MaxPool2d", op: func(in G.Nodes) (*G.Node, error) { return MaxPool2d(in[0], test.o) }},
			{name: "AvgPool2d", op: func(in G.Nodes) (*G.Node, error) { return AvgPool2d(in[0], test.o) }, tol: 1e-6},
			{name: "GlobalAvgPool", op: func(in G.Nodes) (*G.Node, error) { return GlobalAvgPool(in[0]) }, tol: 1e-7, change: true},
		} {
			c.name = fmt.Sprintf("%s %d %v", c.name, i, s)
			c.wrt = []bool{true}
			for _, x := range []*tensor.Dense{random(uint64(i), s...), speckled(random(uint64(i), s...))} {
				c.in = []*tensor.Dense{x}
				c.check(t)
			}
		}
	}
}

func TestShortcutAOfBlockedImages(t *testing.T) {
	for _, s := range layoutShapes {
		for _, more := range []int{0, 16, 32, 48} {
			for _, stride := range []int{1, 2, 3} {
				layoutCase{
					name: fmt.Sprintf("ShortcutA %v +%d /%d", s, more, stride), in: []*tensor.Dense{speckled(random(1, s...))}, wrt: []bool{true},
					op: func(in G.Nodes) (*G.Node, error) { return ShortcutA(in[0], s[1]+more, stride) },
				}.check(t)
			}
		}
	}
	_, err := ShortcutA(nodes(tensor.Shape{1, 1, 2, 2, 16})[0], 24, 1)
	wantError(t, err, "ShortcutA: 24 channels, want a multiple of 16 for blocked input of shape (1, 1, 2, 2, 16)")
}

func TestBlockedImagesAllocateNothing(t *testing.T) {
	o := Pool2dOptions{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}
	for _, op := range []func(G.Nodes) (*G.Node, error){
		func(in G.Nodes) (*G.Node, error) { return ToPlanar(in[0]) },
		func(in G.Nodes) (*G.Node, error) { return MaxPool2d(in[0], o) },
		func(in G.Nodes) (*G.Node, error) { return AvgPool2d(in[0], o) },
		func(in G.Nodes) (*G.Node, error) { return GlobalAvgPool(in[0]) },
		func(in G.Nodes) (*G.Node, error) { return ShortcutA(in[0], 32, 2) },
	} {
		checkAllocates(t, 1<<16, op, []*tensor.Dense{random(1, 4, 1, 64, 64, 16)}, []bool{true})
	}
}
