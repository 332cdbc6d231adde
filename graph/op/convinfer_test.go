package op

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// inferCase is a convolution block: what it is made of, and its sizes.
type inferCase struct {
	bias, affine, norm, residual, relu bool
	x, w, y                            tensor.Shape
	o                                  Conv2dOptions
}

// in makes the values: x, w, bias, norm weight and bias, running mean and
// variance, residual. They are all there, used or not.
func (c inferCase) in(seed uint64) []*tensor.Dense {
	k := c.w[0]
	variance := random(seed+7, k)
	for i, v := range variance.Float32s() {
		variance.Float32s()[i] = 0.01 + 3*v*v
	}
	return []*tensor.Dense{
		random(seed+1, c.x...), random(seed+2, c.w...), random(seed+3, k),
		random(seed+4, k), random(seed+5, k), random(seed+6, k), variance, random(seed+8, c.y...),
	}
}

func (c inferCase) pick(use bool, n *G.Node) *G.Node {
	if !use {
		return nil
	}
	return n
}

// fused is the block as one operation.
func (c inferCase) fused(in G.Nodes) (*G.Node, error) {
	o := Conv2dInferOptions{Conv2dOptions: c.o, Residual: c.pick(c.residual, in[7]), ReLU: c.relu}
	if c.norm {
		o.Norm = &Norm{Weight: c.pick(c.affine, in[3]), Bias: c.pick(c.affine, in[4]), RunningMean: in[5], RunningVar: in[6], Eps: 1e-3}
	}
	return Conv2dInfer(in[0], in[1], c.pick(c.bias, in[2]), o)
}

// parts is the block as one operation after the other.
func (c inferCase) parts(in G.Nodes) (*G.Node, error) {
	y, err := Conv2d(in[0], in[1], c.pick(c.bias, in[2]), c.o)
	if err == nil && c.norm {
		y, err = BatchNormEval(y, c.pick(c.affine, in[3]), c.pick(c.affine, in[4]), in[5], in[6], BatchNormOptions{Eps: 1e-3})
	}
	if err == nil && c.residual {
		y, err = Add(y, in[7])
	}
	if err == nil && c.relu {
		y, err = ReLU(y)
	}
	return y, err
}

// TestConv2dInfer compares the fused operation with its parts for every
// combination, and again after Refresh with other weights.
func TestConv2dInfer(t *testing.T) {
	for _, c := range []inferCase{
		{x: tensor.Shape{2, 5, 7, 6}, w: tensor.Shape{4, 5, 3, 3}, y: tensor.Shape{2, 4, 7, 6}, o: Conv2dOptions{Padding: [2]int{1, 1}}},
		{x: tensor.Shape{1, 6, 5, 5}, w: tensor.Shape{9, 2, 3, 3}, y: tensor.Shape{1, 9, 3, 3}, o: Conv2dOptions{Padding: [2]int{1, 1}, Stride: [2]int{2, 2}, Groups: 3}},
		{x: tensor.Shape{1, 33, 1, 1}, w: tensor.Shape{17, 33, 1, 1}, y: tensor.Shape{1, 17, 1, 1}},
	} {
		for bits := range 32 {
			on := func(i int) bool { return bits>>i&1 == 1 }
			c.bias, c.norm, c.affine, c.residual, c.relu = on(0), on(1), on(2), on(3), on(4)
			if c.affine && !c.norm {
				continue
			}
			name := fmt.Sprintf("%v/bias=%t norm=%t affine=%t residual=%t relu=%t", c.x, c.bias, c.norm, c.affine, c.residual, c.relu)
			onEachTier(t, name, func(t *testing.T) {
				fused, parts := compile(t, c.fused, c.in(0), nil), compile(t, c.parts, c.in(0), nil)
				both := func(when string) {
					t.Helper()
					fused.run(t)
					parts.run(t)
					want := float64s(parts.y.Value().(*tensor.Dense))
					compare(t, when, floats(fused.y.Value()), want, 1e-5)
				}
				both("first run")
				both("second run")
				for i, v := range c.in(100) {
					copy(fused.in[i].Value().(*tensor.Dense).Float32s(), v.Float32s())
					copy(parts.in[i].Value().(*tensor.Dense).Float32s(), v.Float32s())
				}
				Refresh(fused.y.Graph())
				both("after Refresh")
			})
		}
	}
}

// TestConv2dInferKeepsWeights wants a change of weights to go unnoticed until
// Refresh, whole: neither of convolution nor of bias or norm alone.
func TestConv2dInferKeepsWeights(t *testing.T) {
	c := inferCase{
		bias: true, norm: true, affine: true, relu: true,
		x: tensor.Shape{1, 3, 5, 5}, w: tensor.Shape{4, 3, 3, 3}, y: tensor.Shape{1, 4, 3, 3},
	}
	for _, norm := range []bool{true, false} {
		c.norm = norm
		r := compile(t, c.fused, c.in(0), nil)
		r.run(t)
		before := floats(r.y.Value())
		for i, v := range c.in(100) {
			if i > 0 {
				copy(r.in[i].Value().(*tensor.Dense).Float32s(), v.Float32s())
			}
		}
		r.run(t)
		if !sameBits(before, floats(r.y.Value())) {
			t.Errorf("norm=%t: the result changed before Refresh", norm)
		}
		Refresh(r.y.Graph())
		r.run(t)
		if sameBits(before, floats(r.y.Value())) {
			t.Errorf("norm=%t: the result is the same after Refresh", norm)
		}
	}
}

func TestConv2dInferLeavesWeightsAlone(t *testing.T) {
	c := inferCase{bias: true, norm: true, affine: true, x: tensor.Shape{1, 3, 5, 5}, w: tensor.Shape{4, 3, 3, 3}, y: tensor.Shape{1, 4, 3, 3}}
	r := compile(t, c.fused, c.in(0), nil)
	r.run(t)
	for i, want := range c.in(0) {
		if !sameBits(floats(r.in[i].Value()), want.Float32s()) {
			t.Errorf("input %d was changed", i)
		}
	}
}

func TestConv2dInferSpecialValues(t *testing.T) {
	c := inferCase{norm: true, affine: true, residual: true, relu: true, x: tensor.Shape{1, 2, 5, 5}, w: tensor.Shape{3, 2, 3, 3}, y: tensor.Shape{1, 3, 3, 3}}
	in := c.in(0)
	in[0].Float32s()[0] = float32(math.NaN())
	in[7].Float32s()[4], in[7].Float32s()[14] = float32(math.Inf(1)), float32(math.NaN())
	onEachTier(t, "values", func(t *testing.T) {
		fused, parts := compile(t, c.fused, in, nil), compile(t, c.parts, in, nil)
		fused.run(t)
		parts.run(t)
		compare(t, "y", floats(fused.y.Value()), float64s(parts.y.Value().(*tensor.Dense)), 1e-5)
	})
}

func TestConv2dInferAllocatesNothing(t *testing.T) {
	c := inferCase{
		bias: true, norm: true, affine: true, residual: true, relu: true,
		x: tensor.Shape{2, 64, 14, 14}, w: tensor.Shape{64, 64, 3, 3}, y: tensor.Shape{2, 64, 14, 14}, o: Conv2dOptions{Padding: [2]int{1, 1}},
	}
	checkAllocates(t, 16<<10, c.fused, c.in(0), nil)
}

func TestConv2dInferHasNoGradient(t *testing.T) {
	in := nodes(tensor.Shape{1, 1, 3, 3}, tensor.Shape{1, 1, 3, 3})
	y, err := Conv2dInfer(in[0], in[1], nil, Conv2dInferOptions{})
	if err != nil {
		t.Fatal(err)
	}
	loss, err := Reshape(y)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := G.Grad(loss, in[1]); err == nil {
		t.Error("no error from the gradient of an operation for inference")
	}
}

func TestConv2dInferErrors(t *testing.T) {
	x, w := tensor.Shape{1, 3, 5, 5}, tensor.Shape{4, 3, 3, 3}
	four, three := tensor.Shape{4}, tensor.Shape{3}
	for _, c := range []struct {
		norm     [4]tensor.Shape // weight, bias, mean, variance; nil: none
		eps      float64
		residual tensor.Shape
		parts    []string
	}{
		{[4]tensor.Shape{three, four, four, four}, 0, nil, []string{"norm weight has shape (3), want (4)"}},
		{[4]tensor.Shape{four, three, four, four}, 0, nil, []string{"norm bias has shape (3), want (4)"}},
		{[4]tensor.Shape{four, four, three, four}, 0, nil, []string{"running mean has shape (3), want (4)"}},
		{[4]tensor.Shape{nil, nil, four, three}, 0, nil, []string{"running variance has shape (3), want (4)"}},
		{[4]tensor.Shape{four, four, nil, four}, 0, nil, []string{"running mean is nil"}},
		{[4]tensor.Shape{four, four, four, nil}, 0, nil, []string{"running variance is nil"}},
		{[4]tensor.Shape{four, four, four, four}, -1, nil, []string{"eps -1"}},
		{[4]tensor.Shape{four, four, four, four}, math.NaN(), nil, []string{"eps NaN"}},
		{[4]tensor.Shape{four, four, four, four}, 0, tensor.Shape{1, 4, 5, 5}, []string{"residual has shape (1, 4, 5, 5), want (1, 4, 3, 3)"}},
		{[4]tensor.Shape{four, four, four, four}, 0, four, []string{"residual has shape (4), want (1, 4, 3, 3)"}},
	} {
		shapes := []tensor.Shape{x, w}
		for _, s := range append(c.norm[:], c.residual) {
			if s == nil {
				s = tensor.Shape{1}
			}
			shapes = append(shapes, s)
		}
		in := nodes(shapes...)
		for i, s := range append(c.norm[:], c.residual) {
			if s == nil {
				in[2+i] = nil
			}
		}
		_, err := Conv2dInfer(in[0], in[1], nil, Conv2dInferOptions{
			Norm:     &Norm{Weight: in[2], Bias: in[3], RunningMean: in[4], RunningVar: in[5], Eps: c.eps},
			Residual: in[6],
		})
		wantError(t, err, append(c.parts, "Conv2dInfer: ")...)
	}
	_, err := Conv2dInfer(nil, nil, nil, Conv2dInferOptions{})
	wantError(t, err, "Conv2dInfer: input is nil")
	in := nodes(x, tensor.Shape{4, 2, 3, 3})
	_, err = Conv2dInfer(in[0], in[1], nil, Conv2dInferOptions{})
	wantError(t, err, "Conv2dInfer: weight has shape (4, 2, 3, 3)")
}
