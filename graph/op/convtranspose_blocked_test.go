package op

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// convTransposeCase is a ConvTranspose2d with a bias, from x (n, in, h, w).
type convTransposeCase struct {
	n, in, h, w int
	out, window int
	o           ConvTranspose2dOptions
}

func (c convTransposeCase) name() string {
	return fmt.Sprintf("%dx%dx%dx%d to %d, %dx%[6]d, %+[7]v", c.n, c.in, c.h, c.w, c.out, c.window, c.o)
}

func (c convTransposeCase) inputs() []*tensor.Dense {
	groups := max(c.o.Groups, 1)
	return []*tensor.Dense{random(1, c.n, c.in, c.h, c.w), random(2, c.in, c.out/groups, c.window, c.window), random(3, c.out)}
}

// planar is the operation on planar images.
func (c convTransposeCase) planar(in G.Nodes) (*G.Node, error) {
	return ConvTranspose2d(in[0], in[1], in[2], c.o)
}

// blocked is the operation on blocked images, whose result is made planar if it is
// not.
func (c convTransposeCase) blocked(in G.Nodes) (*G.Node, error) {
	x, err := ToBlocked(in[0])
	if err != nil {
		return nil, err
	}
	y, err := ConvTranspose2d(x, in[1], in[2], c.o)
	if err != nil {
		return nil, err
	}
	return likewise(y, false)
}

// TestConvTranspose2dOfBlockedImages wants what planar images give, and every
// gradient.
func TestConvTranspose2dOfBlockedImages(t *testing.T) {
	two := func(i int) [2]int { return [2]int{i, i} }
	var cases []convTransposeCase
	for window := 1; window <= 5; window++ {
		for stride := 1; stride <= 3; stride++ {
			for i, out := range []int{16, 1, 3, 20} {
				cases = append(cases, convTransposeCase{1 + i%2, 32, 3 + window%2, 4 + stride, out, window, ConvTranspose2dOptions{
					Stride: two(stride), Padding: two((window - 1) / 2), OutputPadding: two(stride - 1)}})
			}
		}
	}
	cases = append(cases,
		convTransposeCase{2, 16, 1, 1, 16, 4, ConvTranspose2dOptions{}},
		convTransposeCase{2, 16, 5, 3, 32, 3, ConvTranspose2dOptions{Padding: [2]int{1, 0}, PaddingEnd: &[2]int{0, 2}}},
		convTransposeCase{1, 16, 4, 3, 16, 3, ConvTranspose2dOptions{Dilation: two(3), OutputPadding: two(2)}},
		convTransposeCase{1, 16, 4, 3, 3, 3, ConvTranspose2dOptions{Dilation: two(3), OutputPadding: [2]int{2, 0}}},
		convTransposeCase{1, 16, 6, 5, 2, 3, ConvTranspose2dOptions{Dilation: [2]int{2, 3}, Padding: two(4)}},
		convTransposeCase{2, 32, 5, 4, 32, 4, ConvTranspose2dOptions{Stride: two(2), Padding: two(1), Groups: 2}},
		convTransposeCase{2, 32, 5, 4, 32, 4, ConvTranspose2dOptions{Stride: two(2), Padding: two(1), Groups: 8}},
		convTransposeCase{1, 32, 4, 4, 6, 3, ConvTranspose2dOptions{Groups: 2}}, // no layout but the planar one
	)
	for _, c := range cases {
		onEachTier(t, c.name(), func(t *testing.T) {
			wrt := []bool{true, true, true}
			planar := compile(t, c.planar, c.inputs(), wrt)
			blocked := compileWith(t, c.blocked, c.inputs(), wrt, planar.upstream)
			for range 2 {
				planar.run(t)
				blocked.run(t)
			}
			want := planar.results()
			for i, got := range blocked.results() {
				compare(t, []string{"y", "gradient of x", "gradient of w", "gradient of the bias"}[i], got, wideOf(want[i]), 2e-6)
			}
		})
	}
}

func TestConvTranspose2dOfBlocksParity(t *testing.T) {
	cases, err := parity.ConvTransposeOps()
	if err != nil {
		t.Fatal(err)
	}
	options := func(c parity.Op) ConvTranspose2dOptions {
		a := c.Attrs
		return ConvTranspose2dOptions{Stride: a.Stride, Padding: a.Padding, OutputPadding: a.OutputPadding, Dilation: a.Dilation, Groups: a.Groups}
	}
	t.Run("planar", func(t *testing.T) {
		checkCases(t, cases, 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
			return ConvTranspose2d(in["x"], in["weight"], in["bias"], options(c))
		}, nil)
	})
	t.Run("blocked", func(t *testing.T) {
		checkCases(t, cases, 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
			x, err := likewise(in["x"], in["x"].Shape()[1]%kernel.Block == 0)
			if err != nil {
				return nil, err
			}
			y, err := ConvTranspose2d(x, in["weight"], in["bias"], options(c))
			if err != nil {
				return nil, err
			}
			return likewise(y, false)
		}, nil)
	})
	t.Run("chosen", func(t *testing.T) {
		checkCases(t, cases, 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
			x, err := ForConvTranspose2d(in["x"], in["weight"], options(c))
			if err != nil {
				return nil, err
			}
			y, err := ConvTranspose2d(x, in["weight"], in["bias"], options(c))
			if err != nil {
				return nil, err
			}
			return likewise(y, false)
		}, nil)
	})
}

func TestForConvTranspose2d(t *testing.T) {
	doubling := ConvTranspose2dOptions{Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}
	for _, c := range []struct {
		name        string
		in, hw, out int // channels, size of the images, channels
		o           ConvTranspose2dOptions
		x, y        bool // are blocked
	}{
		{"blocks", 32, 7, 16, doubling, true, true},
		{"to colours", 32, 7, 3, doubling, true, false},
		{"from few channels", 20, 7, 16, doubling, false, false},
		{"from one pixel", 32, 1, 16, ConvTranspose2dOptions{}, false, false},
		{"from one pixel, with padding", 32, 1, 16, ConvTranspose2dOptions{Padding: [2]int{1, 1}}, true, true},
		{"groups of blocks", 32, 7, 32, ConvTranspose2dOptions{Groups: 2}, true, true},
		{"groups to few channels", 32, 7, 6, ConvTranspose2dOptions{Groups: 2}, false, false},
		{"rows beyond", 32, 7, 16, ConvTranspose2dOptions{Dilation: [2]int{2, 2}, OutputPadding: [2]int{1, 0}}, false, false},
	} {
		for _, from := range []bool{false, true} {
			in := nodes(tensor.Shape{2, c.in, c.hw, c.hw}, tensor.Shape{c.in, c.out / max(c.o.Groups, 1), 4, 4})
			x := in[0]
			var err error
			if from && c.in%kernel.Block == 0 {
				if x, err = ToBlocked(x); err != nil {
					t.Fatal(err)
				}
			}
			if x, err = ForConvTranspose2d(x, in[1], c.o); err != nil {
				t.Fatal(err)
			}
			y, err := ConvTranspose2d(x, in[1], nil, c.o)
			if err != nil {
				t.Fatal(err)
			}
			_, isBlocked := ImageShape(x)
			_, gives := ImageShape(y)
			if isBlocked != c.x || gives != c.y {
				t.Errorf("%s: x blocked: %v, y blocked: %v, want %v and %v", c.name, isBlocked, gives, c.x, c.y)
			}
		}
	}
	in := nodes(tensor.Shape{2, 3}, tensor.Shape{3, 2, 4, 4})
	_, err := ForConvTranspose2d(in[0], in[1], doubling)
	wantError(t, err, "ConvTranspose2d: input has shape (2, 3)")
}

// generatorLayers are the layers of a generator: from one pixel, doubling, and to
// colours.
func generatorLayers() []convTransposeCase {
	doubling := ConvTranspose2dOptions{Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}
	return []convTransposeCase{
		{9, 32, 1, 1, 32, 4, ConvTranspose2dOptions{}},
		{3, 64, 7, 7, 32, 4, doubling},
		{3, 64, 14, 14, 3, 4, doubling},
	}
}

// chosen is the operation on images in the layout that suits it.
func (c convTransposeCase) chosen(in G.Nodes) (*G.Node, error) {
	x, err := ForConvTranspose2d(in[0], in[1], c.o)
	if err != nil {
		return nil, err
	}
	return ConvTranspose2d(x, in[1], in[2], c.o)
}

func TestGeneratorLayersAllocateNothing(t *testing.T) {
	for _, c := range generatorLayers() {
		checkAllocates(t, 16<<10, c.chosen, c.inputs(), []bool{true, true, true})
	}
}

func TestGeneratorLayersAtAnyGOMAXPROCS(t *testing.T) {
	for _, c := range generatorLayers() {
		onEachTier(t, c.name(), func(t *testing.T) {
			results := func(procs int) [][]float32 {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
				r := compile(t, c.chosen, c.inputs(), []bool{true, true, true})
				r.run(t)
				return r.results()
			}
			want := results(1)
			for _, procs := range []int{2, 5} {
				for i, got := range results(procs) {
					if !sameBits(got, want[i]) {
						t.Errorf("GOMAXPROCS %d changes result %d (0: y, then gradients)", procs, i)
					}
				}
			}
		})
	}
}

// TestGeneratorLayersSpecialValues wants NaN and infinities of x where planar
// images have them; Winograd's algorithm may spread them in a tile.
func TestGeneratorLayersSpecialValues(t *testing.T) {
	defer kernel.SetExact(kernel.SetExact(true))
	for _, c := range generatorLayers() {
		in := c.inputs()
		for i, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			in[0].Float32s()[len(in[0].Float32s())/4*(i+1)-1] = float32(v)
		}
		onEachTier(t, c.name(), func(t *testing.T) {
			r := compile(t, func(in G.Nodes) (*G.Node, error) {
				y, err := c.chosen(in)
				if err != nil {
					return nil, err
				}
				return likewise(y, false)
			}, in, nil)
			r.run(t)
			ref := plainConvTranspose(in[0].Shape(), in[1].Shape(), r.y.Shape(), c.o)
			compare(t, "y", r.results()[0], ref([][]float64{float64s(in[0]), float64s(in[1]), float64s(in[2])}), 1e-5)
		})
	}
}
