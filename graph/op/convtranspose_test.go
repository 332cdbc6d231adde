package op

import (
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// plainConvTranspose scatters every element of x over the result.
func plainConvTranspose(xs, ws, ys tensor.Shape, o ConvTranspose2dOptions) func(in [][]float64) []float64 {
	stride, dilation, groups := window(o.Stride, 1), window(o.Dilation, 1), max(o.Groups, 1)
	return func(in [][]float64) []float64 {
		y := make([]float64, ys.TotalSize())
		if len(in) > 2 {
			for i := range y {
				y[i] = in[2][i/(ys[2]*ys[3])%ys[1]]
			}
		}
		for i, v := range in[0] {
			n, c, h, w := i/(xs[1]*xs[2]*xs[3]), i/(xs[2]*xs[3])%xs[1], i/xs[3]%xs[2], i%xs[3]
			for k := range ws[1] {
				for a := range ws[2] {
					for b := range ws[3] {
						oh := h*stride[0] - o.Padding[0] + a*dilation[0]
						ow := w*stride[1] - o.Padding[1] + b*dilation[1]
						if oh < 0 || oh >= ys[2] || ow < 0 || ow >= ys[3] {
							continue
						}
						channel := c/(xs[1]/groups)*ws[1] + k
						y[((n*ys[1]+channel)*ys[2]+oh)*ys[3]+ow] += v * in[1][((c*ws[1]+k)*ws[2]+a)*ws[3]+b]
					}
				}
			}
		}
		return y
	}
}

func TestConvTranspose2d(t *testing.T) {
	shape := func(s ...int) tensor.Shape { return s }
	for _, c := range []struct {
		name    string
		x, w, y tensor.Shape
		bias    bool
		o       ConvTranspose2dOptions
	}{
		{"one number", shape(1, 1, 1, 1), shape(1, 1, 1, 1), shape(1, 1, 1, 1), true, ConvTranspose2dOptions{}},
		{"1x1 to 4x4", shape(2, 3, 1, 1), shape(3, 2, 4, 4), shape(2, 2, 4, 4), true, ConvTranspose2dOptions{}},
		{"doubling", shape(1, 3, 3, 2), shape(3, 2, 4, 4), shape(1, 2, 6, 4), false, ConvTranspose2dOptions{Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}},
		{"output padding", shape(2, 2, 3, 4), shape(2, 3, 3, 3), shape(2, 3, 6, 8), true, ConvTranspose2dOptions{Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, OutputPadding: [2]int{1, 1}}},
		{"output padding without padding", shape(1, 2, 2, 3), shape(2, 1, 2, 2), shape(1, 1, 7, 10), true, ConvTranspose2dOptions{Stride: [2]int{4, 4}, OutputPadding: [2]int{1, 0}}},
		{"output padding by dilation", shape(1, 2, 3, 3), shape(2, 2, 3, 3), shape(1, 2, 8, 7), true, ConvTranspose2dOptions{Dilation: [2]int{2, 2}, OutputPadding: [2]int{1, 0}}},
		{"output padding by dilation, no bias", shape(1, 1, 2, 3), shape(1, 2, 3, 2), shape(1, 2, 8, 7), false, ConvTranspose2dOptions{Dilation: [2]int{3, 3}, Padding: [2]int{1, 0}, PaddingEnd: &[2]int{0, 1}, OutputPadding: [2]int{1, 2}}},
		{"unequal padding", shape(1, 2, 3, 3), shape(2, 2, 3, 3), shape(1, 2, 6, 5), true, ConvTranspose2dOptions{Stride: [2]int{2, 2}, PaddingEnd: &[2]int{1, 2}}},
		{"groups", shape(1, 4, 3, 2), shape(4, 3, 3, 3), shape(1, 6, 5, 3), true, ConvTranspose2dOptions{Groups: 2, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}},
		{"depthwise", shape(1, 5, 3, 3), shape(5, 1, 2, 3), shape(1, 5, 4, 5), false, ConvTranspose2dOptions{Groups: 5}},
		{"gaps", shape(1, 2, 2, 2), shape(2, 2, 2, 1), shape(1, 2, 5, 4), true, ConvTranspose2dOptions{Stride: [2]int{3, 3}}},
	} {
		in := []*tensor.Dense{random(1, c.x...), random(2, c.w...)}
		if c.bias {
			in = append(in, random(3, c.y[1]))
		}
		checkOp(t, opCase{
			name: c.name,
			in:   in,
			op: func(in G.Nodes) (*G.Node, error) {
				var bias *G.Node
				if c.bias {
					bias = in[2]
				}
				y, err := ConvTranspose2d(in[0], in[1], bias, c.o)
				if err == nil && !slices.Equal(y.Shape(), c.y) {
					t.Fatalf("%s: the result has shape %v, want %v", c.name, y.Shape(), c.y)
				}
				return y, err
			},
			ref: plainConvTranspose(c.x, c.w, c.y, c.o),
		})
	}
}

func TestConvTranspose2dParity(t *testing.T) {
	checkParity(t, "ConvTranspose2d", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		a := c.Attrs
		return ConvTranspose2d(in["x"], in["weight"], in["bias"], ConvTranspose2dOptions{
			Stride: a.Stride, Padding: a.Padding, OutputPadding: a.OutputPadding, Dilation: a.Dilation, Groups: a.Groups,
		})
	}, nil)
}

func TestConvTranspose2dNoInputGrad(t *testing.T) {
	r := compile(t, func(in G.Nodes) (*G.Node, error) {
		return ConvTranspose2d(in[0], in[1], nil, ConvTranspose2dOptions{NoInputGrad: true})
	}, []*tensor.Dense{random(1, 1, 2, 3, 3), random(2, 2, 2, 3, 3)}, []bool{false, true})
	r.run(t)
	for _, n := range r.y.Graph().AllNodes() {
		if Name(n) == "ConvTranspose2dInputGrad" {
			t.Error("the input gradient is computed all the same")
		}
	}
}

func TestConvTranspose2dAllocatesNothing(t *testing.T) {
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) {
		return ConvTranspose2d(in[0], in[1], in[2], ConvTranspose2dOptions{Stride: [2]int{2, 2}, Padding: [2]int{1, 1}})
	}, []*tensor.Dense{random(1, 2, 64, 8, 8), random(2, 64, 64, 4, 4), random(3, 64)}, []bool{true, true, true})
}

func TestConvTranspose2dErrors(t *testing.T) {
	shape := func(s ...int) tensor.Shape { return s }
	for _, c := range []struct {
		x, w, bias tensor.Shape
		o          ConvTranspose2dOptions
		parts      []string
	}{
		{shape(1, 3), shape(3, 2, 3, 3), nil, ConvTranspose2dOptions{}, []string{"input has shape (1, 3)"}},
		{shape(1, 3, 4, 4), shape(3, 2, 3), nil, ConvTranspose2dOptions{}, []string{"weight has shape (3, 2, 3)", "(C, K/groups, KH, KW)"}},
		{shape(1, 3, 4, 4), shape(2, 3, 3, 3), nil, ConvTranspose2dOptions{}, []string{"weight has shape (2, 3, 3, 3)", "want (3, K/groups, KH, KW)"}},
		{shape(1, 3, 4, 4), shape(3, 2, 3, 3), nil, ConvTranspose2dOptions{Groups: 2}, []string{"2 groups for 3 input channels"}},
		{shape(1, 4, 4, 4), shape(4, 2, 3, 3), shape(2), ConvTranspose2dOptions{Groups: 2}, []string{"bias has shape (2)", "want (4)"}},
		{shape(1, 3, 4, 4), shape(3, 2, 3, 3), nil, ConvTranspose2dOptions{Stride: [2]int{2, 2}, OutputPadding: [2]int{2, 0}}, []string{"output padding 2 in height", "stride 2"}},
		{shape(1, 3, 4, 4), shape(3, 2, 3, 3), nil, ConvTranspose2dOptions{OutputPadding: [2]int{0, -1}}, []string{"output padding -1 in width"}},
		{shape(1, 3, 4, 4), shape(3, 2, 3, 3), nil, ConvTranspose2dOptions{Padding: [2]int{-1, 0}}, []string{"padding"}},
		{shape(1, 3, 1, 1), shape(3, 2, 3, 3), nil, ConvTranspose2dOptions{Padding: [2]int{2, 0}}, []string{"padding", "height -1"}},
		{shape(1, 3, 4, 4), shape(3, 2, 3, 3), nil, ConvTranspose2dOptions{Stride: [2]int{-1, 1}}, []string{"ConvTranspose2d"}},
	} {
		in := nodes(c.x, c.w)
		var bias *G.Node
		if c.bias != nil {
			in = nodes(c.x, c.w, c.bias)
			bias = in[2]
		}
		_, err := ConvTranspose2d(in[0], in[1], bias, c.o)
		wantError(t, err, append(c.parts, "ConvTranspose2d: ")...)
	}
	_, err := ConvTranspose2d(nil, nil, nil, ConvTranspose2dOptions{})
	wantError(t, err, "ConvTranspose2d: input is nil")
}
