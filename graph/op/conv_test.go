package op

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// taps calls f for every product of a convolution: the places of its y, x and w.
func taps(s kernel.ConvShape, f func(y, x, w int)) {
	oh, ow := s.Out()
	perGroup, outPerGroup := s.C/s.Groups, s.K/s.Groups
	for n := range s.N {
		for k := range s.K {
			for i := range oh {
				for j := range ow {
					for c := range perGroup {
						for a := range s.KH {
							for b := range s.KW {
								h, w := i*s.StrideH-s.PadTop+a*s.DilationH, j*s.StrideW-s.PadLeft+b*s.DilationW
								if h < 0 || h >= s.H || w < 0 || w >= s.W {
									continue
								}
								channel := k/outPerGroup*perGroup + c
								f(((n*s.K+k)*oh+i)*ow+j, ((n*s.C+channel)*s.H+h)*s.W+w, ((k*perGroup+c)*s.KH+a)*s.KW+b)
							}
						}
					}
				}
			}
		}
	}
}

// plainConv is the convolution of x with w, plus the bias if there is one.
func plainConv(s kernel.ConvShape) func(in [][]float64) []float64 {
	return func(in [][]float64) []float64 {
		oh, ow := s.Out()
		y := make([]float64, s.N*s.K*oh*ow)
		taps(s, func(i, j, k int) { y[i] += in[0][j] * in[1][k] })
		if len(in) > 2 {
			for i := range y {
				y[i] += in[2][i/(oh*ow)%s.K]
			}
		}
		return y
	}
}

type convCase struct {
	name string
	x, w tensor.Shape
	bias bool
	o    Conv2dOptions
}

var convCases = []convCase{
	{"one number", tensor.Shape{1, 1, 1, 1}, tensor.Shape{1, 1, 1, 1}, true, Conv2dOptions{}},
	{"1x1", tensor.Shape{2, 3, 3, 5}, tensor.Shape{4, 3, 1, 1}, true, Conv2dOptions{}},
	{"3x3 same", tensor.Shape{2, 3, 5, 4}, tensor.Shape{2, 3, 3, 3}, false, Conv2dOptions{Padding: [2]int{1, 1}}},
	{"stride leaves a rest", tensor.Shape{1, 2, 6, 8}, tensor.Shape{3, 2, 3, 3}, true, Conv2dOptions{Stride: [2]int{2, 3}}},
	{"stride wider than kernel", tensor.Shape{1, 2, 7, 7}, tensor.Shape{2, 2, 2, 2}, false, Conv2dOptions{Stride: [2]int{3, 3}}},
	{"padding at the end only", tensor.Shape{1, 2, 4, 5}, tensor.Shape{3, 2, 2, 2}, true, Conv2dOptions{PaddingEnd: &[2]int{1, 1}}},
	{"unequal padding", tensor.Shape{2, 1, 5, 4}, tensor.Shape{2, 1, 3, 2}, true, Conv2dOptions{Stride: [2]int{2, 1}, Padding: [2]int{0, 1}, PaddingEnd: &[2]int{2, 0}}},
	{"padding cut at the end", tensor.Shape{1, 2, 5, 5}, tensor.Shape{2, 2, 3, 3}, false, Conv2dOptions{Padding: [2]int{1, 1}, PaddingEnd: &[2]int{0, 0}}},
	{"dilation", tensor.Shape{1, 2, 7, 6}, tensor.Shape{2, 2, 3, 2}, true, Conv2dOptions{Dilation: [2]int{2, 3}, Padding: [2]int{2, 1}}},
	{"kernel larger than input", tensor.Shape{1, 1, 2, 3}, tensor.Shape{2, 1, 5, 5}, true, Conv2dOptions{Padding: [2]int{3, 2}}},
	{"two groups", tensor.Shape{2, 4, 3, 4}, tensor.Shape{6, 2, 3, 3}, true, Conv2dOptions{Groups: 2, Padding: [2]int{1, 1}}},
	{"depthwise", tensor.Shape{1, 5, 4, 5}, tensor.Shape{5, 1, 3, 3}, false, Conv2dOptions{Groups: 5, Padding: [2]int{1, 1}, Stride: [2]int{2, 2}}},
	{"depthwise times 2", tensor.Shape{1, 3, 4, 4}, tensor.Shape{6, 1, 3, 3}, true, Conv2dOptions{Groups: 3}},
	{"17 channels to 19", tensor.Shape{1, 17, 3, 3}, tensor.Shape{19, 17, 2, 2}, true, Conv2dOptions{}},
}

func (c convCase) inputs() []*tensor.Dense {
	in := []*tensor.Dense{random(1, c.x...), random(2, c.w...)}
	if c.bias {
		in = append(in, random(3, c.w[0]))
	}
	return in
}

func (c convCase) node(in G.Nodes) (*G.Node, error) {
	var bias *G.Node
	if c.bias {
		bias = in[2]
	}
	return Conv2d(in[0], in[1], bias, c.o)
}

// shape is what the case's operation computes.
func (c convCase) shape(t *testing.T) kernel.ConvShape {
	t.Helper()
	in := nodes(c.x, c.w)
	s, _, err := convShape("Conv2d", in[0], in[1], nil, c.o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConv2d(t *testing.T) {
	for _, c := range convCases {
		checkOp(t, opCase{name: c.name, in: c.inputs(), op: c.node, ref: plainConv(c.shape(t))})
	}
}

func TestConv2dParity(t *testing.T) {
	checkParity(t, "Conv2d", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		a := c.Attrs
		return Conv2d(in["x"], in["weight"], in["bias"], Conv2dOptions{Stride: a.Stride, Padding: a.Padding, Dilation: a.Dilation, Groups: a.Groups})
	}, nil)
}

// TestForConv2d wants images in the layout that a convolution suits, and the result
// blocked where its channels are whole blocks.
func TestForConv2d(t *testing.T) {
	for _, c := range []struct {
		in, out, groups int
		x, y            bool // blocked
	}{
		{3, 64, 1, false, true},
		{3, 10, 1, false, false},
		{64, 64, 1, true, true},
		{64, 10, 1, false, false},
		{24, 32, 1, false, true},
		{64, 128, 4, true, true},
		{128, 128, 32, true, true}, // ResNeXt 32x4d
		{256, 256, 32, true, true},
		{48, 48, 48, true, true}, // depthwise
		{32, 32, 16, true, true},
		{24, 24, 24, false, false},
		{48, 96, 48, false, false},
		{64, 64, 5, false, false},
		{48, 48, 16, false, false}, // 3 does not divide a block
		{64, 64, 0, true, true},
	} {
		for _, shape := range []tensor.Shape{{2, c.in, 5, 6}, {2, c.in / 16, 5, 6, 16}} {
			if shape.Dims() == 5 && c.in%16 != 0 {
				continue
			}
			x, y, err := ForConv2d(nodes(shape)[0], c.out, c.groups)
			if err != nil {
				t.Fatal(err)
			}
			images, blocked := ImageShape(x)
			if blocked != c.x || y != c.y || images[1] != c.in {
				t.Errorf("%d to %d channels in %d groups, from %v: x is %v, y blocked: %v", c.in, c.out, c.groups, shape, x.Shape(), y)
			}
		}
	}
	_, _, err := ForConv2d(nodes(tensor.Shape{2, 3})[0], 16, 1)
	wantError(t, err, "Conv2d: input has shape (2, 3)")
}

// TestGroupedConv2dOfBlockedImages takes groups of every number of channels that a
// block may hold.
func TestGroupedConv2dOfBlockedImages(t *testing.T) {
	for _, channels := range []int{1, 2, 4, 8, 16} {
		for stride := 1; stride <= 2; stride++ {
			o := Conv2dOptions{Stride: [2]int{stride, stride}, Padding: [2]int{1, 1}, Groups: 32 / channels}
			layoutCase{
				name: fmt.Sprintf("Conv2d in groups of %d /%d", channels, stride),
				in:   []*tensor.Dense{random(1, 2, 32, 7, 6), random(2, 32, channels, 9), random(3, 32)},
				op: func(in G.Nodes) (*G.Node, error) {
					w, err := Reshape(in[1], 32, channels, 3, 3)
					if err != nil {
						return nil, err
					}
					return Conv2d(in[0], w, in[2], o)
				},
				wrt: []bool{true, true, true}, tol: 1e-4,
			}.check(t)
		}
	}
}

// TestConvolutionGradients differentiates the two gradient operations of a
// convolution, as a second derivative does.
func TestConvolutionGradients(t *testing.T) {
	for _, c := range convCases {
		s := c.shape(t)
		oh, ow := s.Out()
		y := random(4, s.N, s.K, oh, ow)
		checkOp(t, opCase{
			name: c.name + " input",
			in:   []*tensor.Dense{y, random(2, c.w...)},
			op: func(in G.Nodes) (*G.Node, error) {
				v, err := newConvolution(s, kernel.Planar)
				if err != nil {
					return nil, err
				}
				return v.transposed("T", in[0], in[1], nil, true)
			},
			ref: func(in [][]float64) []float64 {
				x := make([]float64, c.x.TotalSize())
				taps(s, func(i, j, k int) { x[j] += in[0][i] * in[1][k] })
				return x
			},
		})
		checkOp(t, opCase{
			name: c.name + " weight",
			in:   []*tensor.Dense{random(1, c.x...), y},
			op: func(in G.Nodes) (*G.Node, error) {
				v, err := newConvolution(s, kernel.Planar)
				if err != nil {
					return nil, err
				}
				return v.weights("W", in[0], in[1])
			},
			ref: func(in [][]float64) []float64 {
				w := make([]float64, c.w.TotalSize())
				taps(s, func(i, j, k int) { w[k] += in[0][j] * in[1][i] })
				return w
			},
		})
	}
}

// TestConv2dNoInputGrad wants the gradients of weight and bias alone, and no
// operation for that of the input.
func TestConv2dNoInputGrad(t *testing.T) {
	c := convCases[2]
	c.bias = true
	with := compile(t, c.node, c.inputs(), []bool{false, true, true})
	c.o.NoInputGrad = true
	without := compile(t, c.node, c.inputs(), []bool{false, true, true})
	with.run(t)
	without.run(t)
	for i, got := range without.results() {
		if !sameBits(got, with.results()[i]) {
			t.Errorf("NoInputGrad changes result %d (0: y, then gradients)", i)
		}
	}
	count := func(r *running) (n int) {
		for _, node := range r.y.Graph().AllNodes() {
			if Name(node) == "Conv2dInputGrad" {
				n++
			}
		}
		return n
	}
	if got := count(with); got != 1 {
		t.Errorf("%d input gradients, want 1", got)
	}
	if got := count(without); got != 0 {
		t.Errorf("%d input gradients with NoInputGrad, want 0", got)
	}
}

// TestConv2dSpecialValues wants NaN and infinities in x and dy to show where a
// plain loop has them, and nowhere else. In the gradients an infinity may have
// become NaN: kernels also multiply with the zeros of the padding.
func TestConv2dSpecialValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	c := convCase{"", tensor.Shape{2, 3, 6, 7}, tensor.Shape{5, 3, 3, 3}, false, Conv2dOptions{Padding: [2]int{1, 1}}}
	s := c.shape(t)
	x, w, dy := random(1, c.x...), random(2, c.w...), random(3, 2, 5, 6, 7)
	x.Float32s()[0], x.Float32s()[60], x.Float32s()[150], x.Float32s()[151] = nan, inf, inf, -inf
	dy.Float32s()[17], dy.Float32s()[200] = nan, -inf
	y64, dx64, dw64 := plainConv(s)([][]float64{float64s(x), float64s(w)}), make([]float64, c.x.TotalSize()), make([]float64, c.w.TotalSize())
	taps(s, func(i, j, k int) {
		dx64[j] += float64s(dy)[i] * float64s(w)[k]
		dw64[k] += float64s(x)[j] * float64s(dy)[i]
	})
	onEachTier(t, "values", func(t *testing.T) {
		r := compileWith(t, c.node, []*tensor.Dense{x, w}, []bool{true, true}, dy)
		r.run(t)
		got := r.results()
		compare(t, "y", got[0], y64, 1e-5)
		compare(t, "gradient of x", withoutInf(got[1]), withoutInf(dx64), 1e-5)
		compare(t, "gradient of w", withoutInf(got[2]), withoutInf(dw64), 1e-5)
	})
}

// withoutInf makes NaN of infinities.
func withoutInf[F float32 | float64](x []F) []F {
	for i, v := range x {
		if math.IsInf(float64(v), 0) {
			x[i] = F(math.NaN())
		}
	}
	return x
}

// TestConv2dAtAnyGOMAXPROCS wants the same bits from one core and from many.
func TestConv2dAtAnyGOMAXPROCS(t *testing.T) {
	in := []*tensor.Dense{random(1, 3, 20, 15, 17), random(2, 33, 20, 3, 3), random(3, 33)}
	onEachTier(t, "bits", func(t *testing.T) {
		results := func(procs int) [][]float32 {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			r := compile(t, func(in G.Nodes) (*G.Node, error) {
				return Conv2d(in[0], in[1], in[2], Conv2dOptions{Padding: [2]int{1, 1}})
			}, in, []bool{true, true, true})
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

func TestConv2dAllocatesNothing(t *testing.T) {
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) {
		return Conv2d(in[0], in[1], in[2], Conv2dOptions{Padding: [2]int{1, 1}})
	}, []*tensor.Dense{random(1, 4, 64, 16, 16), random(2, 64, 64, 3, 3), random(3, 64)}, []bool{true, true, true})
}

func TestConv2dErrors(t *testing.T) {
	shape := func(s ...int) tensor.Shape { return s }
	for _, c := range []struct {
		x, w, bias tensor.Shape
		o          Conv2dOptions
		parts      []string
	}{
		{shape(1, 3, 5), shape(4, 3, 3, 3), nil, Conv2dOptions{}, []string{"input has shape (1, 3, 5)", "(N, C, H, W)"}},
		{shape(1, 3, 5, 5), shape(4, 3, 3), nil, Conv2dOptions{}, []string{"weight has shape (4, 3, 3)", "(K, C/groups, KH, KW)"}},
		{shape(1, 3, 5, 5), shape(4, 2, 3, 3), nil, Conv2dOptions{}, []string{"weight has shape (4, 2, 3, 3)", "(K, 3, KH, KW)"}},
		{shape(1, 4, 5, 5), shape(4, 4, 3, 3), nil, Conv2dOptions{Groups: 2}, []string{"want (K, 2, KH, KW)"}},
		{shape(1, 4, 5, 5), shape(4, 1, 3, 3), nil, Conv2dOptions{Groups: 3}, []string{"3 groups for 4 input channels"}},
		{shape(1, 4, 5, 5), shape(3, 2, 3, 3), nil, Conv2dOptions{Groups: 2}, []string{"2 groups for 3 output channels"}},
		{shape(1, 4, 5, 5), shape(4, 4, 3, 3), nil, Conv2dOptions{Groups: -1}, []string{"-1 groups"}},
		{shape(1, 3, 5, 5), shape(4, 3, 3, 3), shape(3), Conv2dOptions{}, []string{"bias has shape (3)", "want (4)"}},
		{shape(1, 3, 5, 5), shape(4, 3, 3, 3), shape(4, 1), Conv2dOptions{}, []string{"bias has shape (4, 1)", "want (4)"}},
		{shape(1, 3, 5, 5), shape(4, 3, 7, 7), nil, Conv2dOptions{}, []string{"7x7", "5x5"}},
		{shape(1, 3, 5, 5), shape(4, 3, 3, 3), nil, Conv2dOptions{Stride: [2]int{1, 0}}, []string{"stride"}},
		{shape(1, 3, 5, 5), shape(4, 3, 3, 3), nil, Conv2dOptions{Padding: [2]int{-1, 0}}, []string{"padding"}},
		{shape(1, 3, 5, 5), shape(4, 3, 3, 3), nil, Conv2dOptions{Dilation: [2]int{0, 2}}, []string{"dilation"}},
	} {
		in := nodes(c.x, c.w)
		var bias *G.Node
		if c.bias != nil {
			in = nodes(c.x, c.w, c.bias)
			bias = in[2]
		}
		_, err := Conv2d(in[0], in[1], bias, c.o)
		wantError(t, err, append(c.parts, "Conv2d: ")...)
	}
	in := nodes(shape(1, 3, 5, 5), shape(4, 3, 3, 3))
	_, err := Conv2d(nil, in[1], nil, Conv2dOptions{})
	wantError(t, err, "Conv2d: input is nil")
	_, err = Conv2d(in[0], nil, nil, Conv2dOptions{})
	wantError(t, err, "Conv2d: weight is nil")
	other := nodes(shape(4, 3, 3, 3))
	_, err = Conv2d(in[0], other[0], nil, Conv2dOptions{})
	wantError(t, err, "Conv2d", "different graphs")
	double := G.NewTensor(in[0].Graph(), tensor.Float64, 4, G.WithShape(4, 3, 3, 3), G.WithName("double"))
	_, err = Conv2d(in[0], double, nil, Conv2dOptions{})
	wantError(t, err, "weight (double) is float64", "want float32")
}

// TestConv2dWrongValue runs a graph with an input of another shape than it was
// built for.
func TestConv2dWrongValue(t *testing.T) {
	g := G.NewGraph()
	x := G.NewTensor(g, tensor.Float32, 4, G.WithShape(1, 1, 3, 3), G.WithName("x"))
	w := G.NodeFromAny(g, random(1, 1, 1, 3, 3), G.WithName("w"))
	if _, err := Conv2d(x, w, nil, Conv2dOptions{}); err != nil {
		t.Fatal(err)
	}
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := G.Let(x, random(1, 2, 1, 3, 3)); err != nil {
		return // refused before the machine sees it: as good
	}
	err := vm.RunAll()
	if err == nil {
		t.Fatal("no error")
	}
}

func TestConv2dAttributes(t *testing.T) {
	in := nodes(tensor.Shape{1, 4, 9, 9}, tensor.Shape{2, 2, 3, 3})
	y, err := Conv2d(in[0], in[1], nil, Conv2dOptions{Stride: [2]int{2, 1}, Padding: [2]int{1, 0}, PaddingEnd: &[2]int{2, 0}, Dilation: [2]int{1, 2}, Groups: 2})
	if err != nil {
		t.Fatal(err)
	}
	const want = "Conv2d{kernel_size=(3, 3), stride=(2, 1), padding=(1, 0)..(2, 0), dilation=(1, 2), groups=2}"
	if got := fmt.Sprint(y.Op()); got != want {
		t.Errorf("the operation prints as %s, want %s", got, want)
	}
	if want := (tensor.Shape{1, 2, 5, 5}); !slices.Equal(y.Shape(), want) {
		t.Errorf("the result has shape %v, want %v", y.Shape(), want)
	}
}
