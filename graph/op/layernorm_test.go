package op

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// layerNormOf is a layer norm of rows of e values straight from the definition;
// weight, bias and residual may be nil.
func layerNormOf(x, weight, bias, residual []float64, e int, eps float64) []float64 {
	y := make([]float64, len(x))
	for at := 0; at < len(x); at += e {
		var mean, variance float64
		for i := range e {
			y[at+i] = x[at+i]
			if residual != nil {
				y[at+i] += residual[at+i]
			}
			mean += y[at+i] / float64(e)
		}
		for _, v := range y[at : at+e] {
			variance += (v - mean) * (v - mean) / float64(e)
		}
		for i := range e {
			y[at+i] = (y[at+i] - mean) / math.Sqrt(variance+eps)
			if weight != nil {
				y[at+i] *= weight[i]
			}
			if bias != nil {
				y[at+i] += bias[i]
			}
		}
	}
	return y
}

func TestLayerNorm(t *testing.T) {
	for _, s := range []tensor.Shape{{1}, {5}, {3, 1}, {4, 2}, {2, 3, 3}, {2, 2, 2, 7}, {3, 33}} {
		for _, parameters := range []int{0, 1, 2} {
			for _, residual := range []bool{false, true} {
				e := s[s.Dims()-1]
				in := []*tensor.Dense{random(1, s...)}
				for i := range parameters {
					in = append(in, random(uint64(2+i), e))
				}
				if residual {
					in = append(in, random(4, s...))
				}
				checkOp(t, opCase{
					name: fmt.Sprintf("%v, %d parameters, residual %v", s, parameters, residual),
					in:   in,
					op: func(in G.Nodes) (*G.Node, error) {
						var p [2]*G.Node
						copy(p[:], in[1:1+parameters])
						o := LayerNormOptions{Eps: 0.01}
						if residual {
							o.Residual = in[len(in)-1]
						}
						return LayerNorm(in[0], p[0], p[1], o)
					},
					ref: func(in [][]float64) []float64 {
						var p [2][]float64
						copy(p[:], in[1:1+parameters])
						var r []float64
						if residual {
							r = in[len(in)-1]
						}
						return layerNormOf(in[0], p[0], p[1], r, e, 0.01)
					},
				})
			}
		}
	}
}

// A value may be its own residual, and that of the norm after it.
func TestLayerNormOfSharedValues(t *testing.T) {
	checkOp(t, opCase{
		name: "shared",
		in:   []*tensor.Dense{random(1, 3, 5), random(2, 5)},
		op: func(in G.Nodes) (*G.Node, error) {
			y, err := LayerNorm(in[0], in[1], nil, LayerNormOptions{Residual: in[0]})
			if err != nil {
				return nil, err
			}
			z, err := Tanh(y)
			if err != nil {
				return nil, err
			}
			return LayerNorm(z, in[1], in[1], LayerNormOptions{Residual: y})
		},
		ref: func(in [][]float64) []float64 {
			y := layerNormOf(in[0], in[1], nil, in[0], 5, 1e-5)
			z := make([]float64, len(y))
			for i, v := range y {
				z[i] = math.Tanh(v)
			}
			return layerNormOf(z, in[1], in[1], y, 5, 1e-5)
		},
	})
}

func TestLayerNormErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3}, tensor.Shape{3}, tensor.Shape{2})
	x, w, short := in[0], in[1], in[2]
	_, err := LayerNorm(nil, w, w, LayerNormOptions{})
	wantError(t, err, "LayerNorm", "input is nil")
	_, err = LayerNorm(x, short, nil, LayerNormOptions{})
	wantError(t, err, "LayerNorm", "weight has shape (2)", "(3)", "(2, 3)")
	_, err = LayerNorm(x, w, short, LayerNormOptions{})
	wantError(t, err, "LayerNorm", "bias has shape (2)", "(3)")
	_, err = LayerNorm(x, nil, w, LayerNormOptions{})
	wantError(t, err, "LayerNorm", "bias without weight")
	_, err = LayerNorm(x, w, w, LayerNormOptions{Residual: w})
	wantError(t, err, "LayerNorm", "residual has shape (3)", "(2, 3)")
	for _, eps := range []float64{-1, math.NaN()} {
		_, err = LayerNorm(x, w, w, LayerNormOptions{Eps: eps})
		wantError(t, err, "LayerNorm", "eps")
	}
	_, err = LayerNorm(G.NewScalar(x.Graph(), G.Float32, G.WithName("scalar")), nil, nil, LayerNormOptions{})
	wantError(t, err, "LayerNorm", "(..., E)")
}

func TestLayerNormAllocatesNothing(t *testing.T) {
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) {
		return LayerNorm(in[0], in[1], in[2], LayerNormOptions{Residual: in[3]})
	}, []*tensor.Dense{random(1, 64, 32, 64), random(2, 64), random(3, 64), random(4, 64, 32, 64)}, []bool{true, true, true, true})
}

func TestLayerNormParity(t *testing.T) {
	cases, err := parity.SequenceOps("LayerNorm")
	if err != nil {
		t.Fatal(err)
	}
	checkCases(t, cases, 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		return LayerNorm(in["x"], in["weight"], in["bias"], LayerNormOptions{Eps: c.Attrs.Eps, Residual: in["residual"]})
	}, nil)
}
