package op

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A fusedNorm is a batch normalisation with what may follow it, of inputs x,
// running mean, running variance, residual, and weight and bias if affine.
type fusedNorm struct {
	shape                         tensor.Shape
	train, residual, relu, affine bool
}

func (f fusedNorm) String() string {
	return fmt.Sprintf("%v train=%v residual=%v relu=%v affine=%v", f.shape, f.train, f.residual, f.relu, f.affine)
}

// fusedNorms are all of them for the given shapes.
func fusedNorms(shapes ...tensor.Shape) (all []fusedNorm) {
	for _, s := range shapes {
		for i := range 16 {
			all = append(all, fusedNorm{s, i&1 != 0, i&2 != 0, i&4 != 0, i&8 != 0})
		}
	}
	return all
}

func (f fusedNorm) inputs() []*tensor.Dense {
	c := f.shape[1]
	in := []*tensor.Dense{random(1, f.shape...), random(2, c), shifted(1.5, random(3, c)), random(4, f.shape...)}
	if f.affine {
		in = append(in, random(5, c), random(6, c))
	}
	return in
}

func (f fusedNorm) wrt() []bool {
	return []bool{true, false, false, f.residual, true, true}[:len(f.inputs())]
}

// fused is the norm in one operation, plain in up to three.
func (f fusedNorm) fused(in G.Nodes) (*G.Node, error) {
	o := BatchNormOptions{ReLU: f.relu}
	if f.residual {
		o.Residual = in[3]
	}
	return f.norm(in, o)
}

func (f fusedNorm) plain(in G.Nodes) (*G.Node, error) {
	y, err := f.norm(in, BatchNormOptions{})
	if err == nil && f.residual {
		y, err = Add(y, in[3])
	}
	if err == nil && f.relu {
		y, err = ReLU(y)
	}
	return y, err
}

func (f fusedNorm) norm(in G.Nodes, o BatchNormOptions) (*G.Node, error) {
	var weight, bias *G.Node
	if f.affine {
		weight, bias = in[4], in[5]
	}
	norm := BatchNormEval
	if f.train {
		norm = BatchNormTrain
	}
	return norm(in[0], weight, bias, in[1], in[2], o)
}

// One operation computes what three do, and its gradients.
func TestBatchNormFuses(t *testing.T) {
	for _, f := range fusedNorms(tensor.Shape{2, 3, 7, 5}, tensor.Shape{4, 16}) {
		for _, bad := range []bool{false, true} {
			onEachTier(t, fmt.Sprintf("%v bad=%v", f, bad), func(t *testing.T) {
				in := f.inputs()
				if bad && f.shape.Dims() == 4 {
					in[0].Float32s()[0], in[3].Float32s()[40] = float32(math.NaN()), float32(math.Inf(1))
				}
				plain := compile(t, f.plain, clones(in), f.wrt())
				fused := compileWith(t, f.fused, clones(in), f.wrt(), plain.upstream)
				for range 2 {
					plain.run(t)
					fused.run(t)
				}
				for i, got := range fused.results() {
					compare(t, fmt.Sprintf("result %d (0: y, then gradients)", i), got, wideOf(plain.results()[i]), 0)
				}
				for i := 1; i < 3; i++ {
					if !sameBits(fused.in[i].Value().(*tensor.Dense).Float32s(), plain.in[i].Value().(*tensor.Dense).Float32s()) {
						t.Error("other running statistics")
					}
				}
			})
		}
	}
}

// In the blocked layout it is the same, whatever the size and the values.
func TestBatchNormOfBlockedImages(t *testing.T) {
	for _, f := range fusedNorms(layoutShapes...) {
		for _, bad := range []bool{false, true} {
			in := f.inputs()
			if bad {
				speckled(in[0])
				in[3].Float32s()[0] = float32(math.NaN())
			}
			layoutCase{name: fmt.Sprintf("%v bad=%v", f, bad), in: in, wrt: f.wrt(), op: f.fused, tol: 1e-6}.check(t)
		}
	}
}

// The gradients are those of the definition.
func TestFusedBatchNormGradients(t *testing.T) {
	for _, f := range fusedNorms(tensor.Shape{3, 2, 3, 3}) {
		n := normTest{shape: f.shape, train: f.train, affine: f.affine}
		checkOp(t, opCase{
			name: f.String(), in: f.inputs(), op: f.fused, wrt: f.wrt(), tol: 2e-5,
			ref: func(in [][]float64) []float64 {
				y := n.ref(append(in[:3:3], in[4:]...))
				for i := range y {
					if f.residual {
						y[i] += in[3][i]
					}
					if f.relu {
						y[i] = max(y[i], 0)
					}
				}
				return y
			},
		})
	}
}

// A residual that is the input itself has the gradients of both its uses.
func TestBatchNormOfItsResidual(t *testing.T) {
	x := random(1, 2, 3, 4, 4)
	f := fusedNorm{shape: x.Shape(), train: true, residual: true, relu: true}
	in := f.inputs()[:3]
	op := func(norm func(G.Nodes) (*G.Node, error)) func(G.Nodes) (*G.Node, error) {
		return func(in G.Nodes) (*G.Node, error) { return norm(append(in, in[0])) }
	}
	wrt := []bool{true, false, false}
	plain := compile(t, op(f.plain), clones(in), wrt)
	fused := compileWith(t, op(f.fused), clones(in), wrt, plain.upstream)
	plain.run(t)
	fused.run(t)
	for i, want := range plain.results() {
		compare(t, fmt.Sprintf("result %d", i), fused.results()[i], wideOf(want), 1e-6)
	}
}

func TestBatchNormResidualErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3, 4, 5}, tensor.Shape{3}, tensor.Shape{3}, tensor.Shape{2, 3, 4, 4}, tensor.Shape{2, 1, 4, 5, 16})
	_, err := BatchNormTrain(in[0], nil, nil, in[1], in[2], BatchNormOptions{Residual: in[3]})
	wantError(t, err, "BatchNormTrain: residual has shape (2, 3, 4, 4), want that of the input, (2, 3, 4, 5)")
	_, err = BatchNormEval(in[4], nil, nil, in[1], in[2], BatchNormOptions{})
	wantError(t, err, "BatchNormEval: running mean has shape (3), want (16) for input of shape (2, 1, 4, 5, 16)")
}

func TestFusedBatchNormAllocatesNothing(t *testing.T) {
	for _, f := range fusedNorms(tensor.Shape{8, 1, 32, 32, 16}) {
		in := f.inputs()
		for i, x := range in {
			if x.Dims() == 1 {
				in[i] = random(uint64(i), 16)
			}
		}
		checkAllocates(t, 1<<16, f.fused, in, f.wrt())
	}
}
