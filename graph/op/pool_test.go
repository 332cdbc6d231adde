package op

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// poolTests are options over shapes that they meet in all the ways there are:
// left-over rows, windows over the edge, gaps between windows, no input at all
// beyond the window.
var poolTests = []struct {
	shape tensor.Shape
	o     Pool2dOptions
}{
	{tensor.Shape{2, 3, 6, 4}, Pool2dOptions{Kernel: [2]int{2, 2}}},
	{tensor.Shape{2, 3, 7, 5}, Pool2dOptions{Kernel: [2]int{2, 2}}},
	{tensor.Shape{2, 3, 7, 5}, Pool2dOptions{Kernel: [2]int{2, 2}, CeilMode: true}},
	{tensor.Shape{1, 2, 9, 8}, Pool2dOptions{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}},
	{tensor.Shape{1, 2, 9, 8}, Pool2dOptions{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, CeilMode: true}},
	{tensor.Shape{1, 2, 9, 8}, Pool2dOptions{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}, CeilMode: true, ExcludePad: true}},
	{tensor.Shape{1, 2, 5, 7}, Pool2dOptions{Kernel: [2]int{3, 2}, Stride: [2]int{1, 3}, Padding: [2]int{1, 0}, ExcludePad: true}},
	{tensor.Shape{1, 1, 8, 9}, Pool2dOptions{Kernel: [2]int{2, 2}, Stride: [2]int{3, 3}}},
	{tensor.Shape{1, 2, 7, 8}, Pool2dOptions{Kernel: [2]int{3, 2}, Stride: [2]int{1, 2}, Dilation: [2]int{2, 3}}},
	{tensor.Shape{1, 2, 7, 8}, Pool2dOptions{Kernel: [2]int{3, 2}, Stride: [2]int{2, 1}, Padding: [2]int{1, 1}, Dilation: [2]int{2, 3}, CeilMode: true}},
	{tensor.Shape{1, 2, 5, 5}, Pool2dOptions{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, PaddingEnd: &[2]int{1, 2}}},
	{tensor.Shape{1, 2, 5, 5}, Pool2dOptions{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{2, 1}, PaddingEnd: &[2]int{0, 2}, ExcludePad: true}},
	{tensor.Shape{2, 2, 1, 1}, Pool2dOptions{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}},
	{tensor.Shape{1, 1, 1, 1}, Pool2dOptions{Kernel: [2]int{1, 1}}},
	{tensor.Shape{1, 3, 4, 3}, Pool2dOptions{Kernel: [2]int{4, 3}}},
	{tensor.Shape{1, 17, 5, 19}, Pool2dOptions{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}},
}

// pool goes over the windows one tap at a time. With average it is the mean,
// else the maximum.
func pool(x []float64, s tensor.Shape, o Pool2dOptions, average bool) []float64 {
	stride, dilation, end := o.Stride, o.Dilation, o.Padding
	if stride == [2]int{} {
		stride = o.Kernel
	}
	if dilation == [2]int{} {
		dilation = [2]int{1, 1}
	}
	if o.PaddingEnd != nil {
		end = *o.PaddingEnd
	}
	var out [2]int
	for i := range out {
		room := s[2+i] + o.Padding[i] + end[i] - dilation[i]*(o.Kernel[i]-1) - 1
		out[i] = room/stride[i] + 1
		if o.CeilMode && room%stride[i] != 0 && out[i]*stride[i] < s[2+i]+o.Padding[i] {
			out[i]++
		}
	}
	var y []float64
	for plane := range s[0] * s[1] {
		for i := range out[0] {
			for j := range out[1] {
				sum, count, most := 0.0, 0.0, math.Inf(-1)
				for a := range o.Kernel[0] {
					for b := range o.Kernel[1] {
						h, w := i*stride[0]+a*dilation[0]-o.Padding[0], j*stride[1]+b*dilation[1]-o.Padding[1]
						inside := h >= 0 && h < s[2] && w >= 0 && w < s[3]
						if inside {
							v := x[(plane*s[2]+h)*s[3]+w]
							sum, most = sum+v, max(most, v)
						}
						if inside || !o.ExcludePad && h < s[2]+end[0] && w < s[3]+end[1] {
							count++
						}
					}
				}
				if average {
					most = sum / count
				}
				y = append(y, most)
			}
		}
	}
	return y
}

func TestPooling(t *testing.T) {
	for i, test := range poolTests {
		for _, average := range []bool{false, true} {
			name, op := "MaxPool2d", MaxPool2d
			if average {
				name, op = "AvgPool2d", AvgPool2d
			}
			checkOp(t, opCase{
				name: fmt.Sprintf("%s %d %v", name, i, test.shape),
				in:   []*tensor.Dense{random(uint64(i), test.shape...)},
				op:   func(in G.Nodes) (*G.Node, error) { return op(in[0], test.o) },
				ref:  func(in [][]float64) []float64 { return pool(in[0], test.shape, test.o, average) },
			})
		}
	}
}

func TestPoolingParity(t *testing.T) {
	options := func(c parity.Op) Pool2dOptions {
		a := c.Attrs
		return Pool2dOptions{
			Kernel: a.KernelSize, Stride: a.Stride, Padding: a.Padding, Dilation: a.Dilation,
			CeilMode: a.CeilMode, ExcludePad: !a.CountIncludePad,
		}
	}
	checkParity(t, "MaxPool2d", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) { return MaxPool2d(in["x"], options(c)) }, nil)
	checkParity(t, "AvgPool2d", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) { return AvgPool2d(in["x"], options(c)) }, nil)
}

func TestGlobalAvgPool(t *testing.T) {
	for _, shape := range []tensor.Shape{{2, 3, 5, 7}, {1, 1, 1, 1}, {3, 17, 1, 1}, {1, 2, 1, 9}, {1, 65, 7, 7}} {
		checkOp(t, opCase{
			name: fmt.Sprint(shape),
			in:   []*tensor.Dense{random(1, shape...)},
			op:   func(in G.Nodes) (*G.Node, error) { return GlobalAvgPool(in[0]) },
			ref: func(in [][]float64) []float64 {
				return pool(in[0], shape, Pool2dOptions{Kernel: [2]int{shape[2], shape[3]}}, true)
			},
		})
	}
	if y, err := GlobalAvgPool(nodes(tensor.Shape{2, 3, 5, 7})[0]); err != nil || !y.Shape().Eq(tensor.Shape{2, 3}) || y.Dims() != 2 {
		t.Errorf("GlobalAvgPool of (2, 3, 5, 7) has shape %v, error %v", y.Shape(), err)
	}
}

// GlobalAvgPool is torch's AdaptiveAvgPool2d with an output of 1x1; other sizes
// of that have no counterpart here.
func TestGlobalAvgPoolParity(t *testing.T) {
	cases, err := parity.Ops("AdaptiveAvgPool2d")
	if err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, c := range cases {
		if c.Attrs.OutputSize != [2]int{1, 1} {
			continue
		}
		ran++
		onEachTier(t, c.Name, func(t *testing.T) {
			s := c.Dy.Shape
			dy := tensor.New(tensor.WithShape(s[:2]...), tensor.WithBacking(c.Dy.Data()))
			r := compileWith(t, func(in G.Nodes) (*G.Node, error) { return GlobalAvgPool(in[0]) },
				[]*tensor.Dense{dense(c.Inputs["x"])}, []bool{true}, dy)
			r.run(t)
			if err := c.Outputs["y"].Check(r.results()[0], 1e-6); err != nil {
				t.Error(err)
			}
			if err := c.Grads["x"].Check(r.results()[1], 1e-6); err != nil {
				t.Error(err)
			}
		})
	}
	if ran == 0 {
		t.Error("no case with an output of 1x1")
	}
}

// A NaN wins its windows and gets their gradients; elsewhere nothing changes.
func TestMaxPoolOfNaN(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, test := range []struct {
		name     string
		x        []float32 // (1, 1, 2, 4): two windows
		y        []float64
		gradient []float64 // of the sum of y
	}{
		{"NaN", []float32{1, nan, 5, 6, 3, 2, 8, 7}, []float64{math.NaN(), 8}, []float64{0, 1, 0, 0, 0, 0, 1, 0}},
		{"all NaN", []float32{nan, nan, 5, 6, nan, nan, 8, 7}, []float64{math.NaN(), 8}, []float64{0, 0, 0, 0, 0, 1, 1, 0}},
		{"+Inf", []float32{1, inf, 5, 6, 3, 2, 8, 7}, []float64{math.Inf(1), 8}, []float64{0, 1, 0, 0, 0, 0, 1, 0}},
		{"all -Inf", []float32{-inf, -inf, 5, 6, -inf, -inf, 8, 7}, []float64{math.Inf(-1), 8}, []float64{1, 0, 0, 0, 0, 0, 1, 0}},
		{"ties", []float32{4, 4, 5, 8, 4, 4, 8, 7}, []float64{4, 8}, []float64{1, 0, 0, 1, 0, 0, 0, 0}},
	} {
		onEachTier(t, test.name, func(t *testing.T) {
			x := tensor.New(tensor.WithShape(1, 1, 2, 4), tensor.WithBacking(test.x))
			ones := tensor.New(tensor.WithShape(1, 1, 1, 2), tensor.WithBacking([]float32{1, 1}))
			r := compileWith(t, func(in G.Nodes) (*G.Node, error) { return MaxPool2d(in[0], Pool2dOptions{Kernel: [2]int{2, 2}}) },
				[]*tensor.Dense{x}, []bool{true}, ones)
			r.run(t)
			compare(t, "y", r.results()[0], test.y, 0)
			compare(t, "dx", r.results()[1], test.gradient, 0)
		})
	}
}

func TestPoolingErrors(t *testing.T) {
	x := tensor.Shape{1, 2, 5, 6}
	square := [2]int{3, 3}
	for _, test := range []struct {
		shape tensor.Shape
		o     Pool2dOptions
		want  []string
	}{
		{tensor.Shape{2, 5}, Pool2dOptions{Kernel: square}, []string{"(2, 5)", "(N, C, H, W)"}},
		{x, Pool2dOptions{}, []string{"KH is 0"}},
		{x, Pool2dOptions{Kernel: [2]int{3, -1}}, []string{"KW is -1"}},
		{x, Pool2dOptions{Kernel: square, Stride: [2]int{1, -2}}, []string{"StrideW is -2"}},
		{x, Pool2dOptions{Kernel: square, Dilation: [2]int{-1, 1}}, []string{"DilationH is -1"}},
		{x, Pool2dOptions{Kernel: square, Padding: [2]int{-1, 0}}, []string{"PadTop is -1"}},
		{x, Pool2dOptions{Kernel: square, Padding: [2]int{3, 0}}, []string{"padding", "3"}},
		{x, Pool2dOptions{Kernel: square, PaddingEnd: &[2]int{0, 4}}, []string{"padding", "4"}},
		{x, Pool2dOptions{Kernel: [2]int{6, 6}}, []string{"6x6", "5x6"}},
	} {
		_, err := MaxPool2d(nodes(test.shape)[0], test.o)
		wantError(t, err, append(test.want, "MaxPool2d")...)
		_, err = AvgPool2d(nodes(test.shape)[0], test.o)
		wantError(t, err, append(test.want, "AvgPool2d")...)
	}
	_, err := MaxPool2d(nil, Pool2dOptions{Kernel: square})
	wantError(t, err, "MaxPool2d", "nil")
	_, err = AvgPool2d(nil, Pool2dOptions{Kernel: square})
	wantError(t, err, "AvgPool2d", "nil")
	_, err = GlobalAvgPool(nil)
	wantError(t, err, "GlobalAvgPool", "nil")
	_, err = GlobalAvgPool(nodes(tensor.Shape{2, 3})[0])
	wantError(t, err, "GlobalAvgPool", "(2, 3)")
}

func TestPoolingAllocatesNothing(t *testing.T) {
	o := Pool2dOptions{Kernel: [2]int{3, 3}, Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}
	for _, op := range []func(G.Nodes) (*G.Node, error){
		func(in G.Nodes) (*G.Node, error) { return MaxPool2d(in[0], o) },
		func(in G.Nodes) (*G.Node, error) { return AvgPool2d(in[0], o) },
		func(in G.Nodes) (*G.Node, error) { return GlobalAvgPool(in[0]) },
	} {
		checkAllocates(t, 1<<16, op, []*tensor.Dense{random(1, 4, 16, 64, 64)}, []bool{true})
	}
}
