package op

import (
	"math"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

func TestLinear(t *testing.T) {
	for _, c := range []struct {
		x    tensor.Shape
		out  int
		bias bool
		y    tensor.Shape
	}{
		{tensor.Shape{1, 1}, 1, true, tensor.Shape{1, 1}},
		{tensor.Shape{3, 5}, 4, true, tensor.Shape{3, 4}},
		{tensor.Shape{3, 5}, 4, false, tensor.Shape{3, 4}},
		{tensor.Shape{1, 17}, 3, true, tensor.Shape{1, 3}},
		{tensor.Shape{7, 2}, 1, true, tensor.Shape{7, 1}},
		{tensor.Shape{2, 3, 4}, 5, true, tensor.Shape{2, 3, 5}},
		{tensor.Shape{6}, 5, true, tensor.Shape{5}},
	} {
		inner := c.x[c.x.Dims()-1]
		in := []*tensor.Dense{random(1, c.x...), random(2, c.out, inner)}
		if c.bias {
			in = append(in, random(3, c.out))
		}
		checkOp(t, opCase{
			name: "Linear",
			in:   in,
			op: func(in G.Nodes) (*G.Node, error) {
				var bias *G.Node
				if c.bias {
					bias = in[2]
				}
				y, err := Linear(in[0], in[1], bias)
				if err == nil && !slices.Equal(y.Shape(), c.y) {
					t.Fatalf("the result has shape %v, want %v", y.Shape(), c.y)
				}
				return y, err
			},
			ref: func(in [][]float64) []float64 {
				y := make([]float64, c.y.TotalSize())
				for i := range y {
					row, o := i/c.out, i%c.out
					if c.bias {
						y[i] = in[2][o]
					}
					for k := range inner {
						y[i] += in[0][row*inner+k] * in[1][o*inner+k]
					}
				}
				return y
			},
		})
	}
}

func TestLinearParity(t *testing.T) {
	checkParity(t, "Linear", 0, func(_ parity.Op, in map[string]*G.Node) (*G.Node, error) {
		return Linear(in["x"], in["weight"], in["bias"])
	}, nil)
}

func TestGemm(t *testing.T) {
	for _, c := range []struct {
		name           string
		m, n, k        int
		transA, transB bool
		c              tensor.Shape
		alpha, beta    float32
	}{
		{"plain", 3, 4, 5, false, false, nil, 0, 0},
		{"a transposed", 3, 4, 5, true, false, nil, 0, 0},
		{"b transposed", 3, 4, 5, false, true, nil, 0, 0},
		{"both transposed", 3, 4, 5, true, true, tensor.Shape{3, 4}, 0.5, 0.25},
		{"one number", 1, 1, 1, false, false, tensor.Shape{1}, 2, 3},
		{"row", 3, 4, 2, false, false, tensor.Shape{4}, 1, 1},
		{"row of rank 2", 3, 4, 2, false, true, tensor.Shape{1, 4}, 0.25, 0},
		{"column", 3, 4, 2, true, false, tensor.Shape{3, 1}, 0, -2},
		{"one for all", 3, 4, 2, false, false, tensor.Shape{1, 1}, 0, 0.35},
		{"inner 1", 17, 19, 1, false, false, nil, -1, 0},
		{"outer 1", 1, 1, 33, true, true, nil, 0, 0},
	} {
		a, b := tensor.Shape{c.m, c.k}, tensor.Shape{c.k, c.n}
		if c.transA {
			a = tensor.Shape{c.k, c.m}
		}
		if c.transB {
			b = tensor.Shape{c.n, c.k}
		}
		in := []*tensor.Dense{random(1, a...), random(2, b...)}
		if c.c != nil {
			in = append(in, random(3, c.c...))
		}
		checkOp(t, opCase{
			name: c.name,
			in:   in,
			op: func(in G.Nodes) (*G.Node, error) {
				var addend *G.Node
				if c.c != nil {
					addend = in[2]
				}
				return Gemm(in[0], in[1], addend, GemmOptions{Alpha: c.alpha, Beta: c.beta, TransA: c.transA, TransB: c.transB})
			},
			ref: func(in [][]float64) []float64 {
				alpha, beta := float64(c.alpha), float64(c.beta)
				if alpha == 0 {
					alpha = 1
				}
				if beta == 0 {
					beta = 1
				}
				y := make([]float64, c.m*c.n)
				if c.c != nil {
					y = plainAdd(tensor.Shape{c.m, c.n}, c.c, tensor.Shape{c.m, c.n})([][]float64{y, in[2]})
				}
				for i := range c.m {
					for j := range c.n {
						sum := 0.0
						for p := range c.k {
							at, bt := i*c.k+p, p*c.n+j
							if c.transA {
								at = p*c.m + i
							}
							if c.transB {
								bt = j*c.k + p
							}
							sum += in[0][at] * in[1][bt]
						}
						y[i*c.n+j] = alpha*sum + beta*y[i*c.n+j]
					}
				}
				return y
			},
		})
	}
}

// TestGemmScalarAddend adds a Gorgonia scalar, which is no tensor.
func TestGemmScalarAddend(t *testing.T) {
	g := G.NewGraph()
	in := inputs(g, random(1, 2, 3), random(2, 3, 2))
	y, err := Gemm(in[0], in[1], G.NewScalar(g, tensor.Float32, G.WithName("c"), G.WithValue(float32(10))), GemmOptions{Beta: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		t.Fatal(err)
	}
	for i, v := range floats(y.Value()) {
		if v < 2 || v > 8 { // products of three factors in (-1, 1), plus 5
			t.Errorf("element %d is %v, want 5 and a little", i, v)
		}
	}
}

func TestProductSpecialValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	x, w := random(1, 3, 5), random(2, 4, 5)
	x.Float32s()[1], x.Float32s()[7] = nan, inf
	w.Float32s()[12] = -inf
	want := make([]float64, 12)
	for i := range want {
		for k := range 5 {
			want[i] += float64s(x)[i/4*5+k] * float64s(w)[i%4*5+k]
		}
	}
	onEachTier(t, "values", func(t *testing.T) {
		r := compile(t, func(in G.Nodes) (*G.Node, error) { return Linear(in[0], in[1], nil) }, []*tensor.Dense{x, w}, nil)
		r.run(t)
		compare(t, "y", floats(r.y.Value()), want, 1e-5)
	})
}

func TestProductsAllocateNothing(t *testing.T) {
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) { return Linear(in[0], in[1], in[2]) },
		[]*tensor.Dense{random(1, 256, 256), random(2, 256, 256), random(3, 256)}, []bool{true, true, true})
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) { return MatMul(in[0], in[1]) },
		[]*tensor.Dense{random(1, 4, 128, 128), random(2, 4, 128, 128)}, []bool{true, true})
	checkAllocates(t, 16<<10, func(in G.Nodes) (*G.Node, error) {
		return Gemm(in[0], in[1], in[2], GemmOptions{Beta: 2, TransA: true})
	}, []*tensor.Dense{random(1, 256, 256), random(2, 256, 256), random(3, 256, 256)}, []bool{true, true, true})
}

func TestLinearErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3}, tensor.Shape{4, 5}, tensor.Shape{4, 3}, tensor.Shape{3})
	_, err := Linear(in[0], in[1], nil)
	wantError(t, err, "Linear: input has shape (2, 3), want (N, 5) for weight (4, 5)")
	_, err = Linear(in[0], in[3], nil)
	wantError(t, err, "Linear: weight has shape (3), want (out, in)")
	_, err = Linear(in[0], in[2], in[3])
	wantError(t, err, "Linear: bias has shape (3), want (4)")
	_, err = Linear(nil, in[2], nil)
	wantError(t, err, "Linear: input is nil")
	_, err = Linear(in[0], nil, nil)
	wantError(t, err, "Linear: weight is nil")
	scalar := G.NewScalar(in[0].Graph(), tensor.Float32, G.WithName("s"))
	_, err = Linear(scalar, in[2], nil)
	wantError(t, err, "Linear: input has shape ()")
}

func TestGemmErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3}, tensor.Shape{4, 5}, tensor.Shape{3, 4}, tensor.Shape{3}, tensor.Shape{1, 2, 4})
	_, err := Gemm(in[0], in[1], nil, GemmOptions{})
	wantError(t, err, "Gemm: (2, 3) times (4, 5), want the inner sizes equal")
	_, err = Gemm(in[0], in[2], in[3], GemmOptions{})
	wantError(t, err, "Gemm: the addend has shape (3), want one that can be broadcast to (2, 4)")
	_, err = Gemm(in[0], in[2], in[4], GemmOptions{})
	wantError(t, err, "Gemm: the addend has shape (1, 2, 4)")
	_, err = Gemm(in[3], in[2], nil, GemmOptions{TransA: true})
	wantError(t, err, "Gemm: the first matrix has shape (3), want (K, M)")
	_, err = Gemm(in[0], in[3], nil, GemmOptions{})
	wantError(t, err, "Gemm: the second matrix has shape (3), want (K, N)")
	_, err = Gemm(nil, in[2], nil, GemmOptions{})
	wantError(t, err, "Gemm: the first matrix is nil")
}
