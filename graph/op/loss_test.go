package op

import (
	"fmt"
	"math"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

var reductions = map[string]Reduction{"mean": Mean, "sum": Sum, "none": None}

// reduced makes a loss of its terms; a mean divides by n.
func reduced(terms []float64, r Reduction, n float64) []float64 {
	if r == None {
		return terms
	}
	var sum float64
	for _, v := range terms {
		sum += v
	}
	if r == Mean {
		sum /= n
	}
	return []float64{sum}
}

func TestBCEWithLogits(t *testing.T) {
	for _, shape := range []tensor.Shape{{1}, {3, 5}, {4, 1}, {2, 3, 2, 3}} {
		for name, r := range reductions {
			for _, weighted := range []string{"", "classes", "elements"} {
				o := BCEWithLogitsOptions{Reduction: r}
				switch last := shape[len(shape)-1]; weighted {
				case "classes":
					o.Weight, o.PosWeight = random(7, last).Float32s(), random(8, last).Float32s()
				case "elements":
					o.Weight, o.PosWeight = random(7, shape.TotalSize()).Float32s(), random(8, shape.TotalSize()).Float32s()
				}
				checkOp(t, opCase{
					name: fmt.Sprint(shape, name, weighted),
					in:   []*tensor.Dense{scaled(4, random(1, shape...)), shifted(0.5, scaled(0.5, random(2, shape...)))},
					op:   func(in G.Nodes) (*G.Node, error) { return BCEWithLogits(in[0], in[1], o) },
					wrt:  []bool{true, false},
					ref: func(in [][]float64) []float64 {
						terms := make([]float64, len(in[0]))
						for i, x := range in[0] {
							w, p, s, target := 1.0, 1.0, 1/(1+math.Exp(-x)), in[1][i]
							if o.Weight != nil {
								w, p = float64(o.Weight[i%len(o.Weight)]), float64(o.PosWeight[i%len(o.PosWeight)])
							}
							terms[i] = -w * (p*target*math.Log(s) + (1-target)*math.Log(1-s))
						}
						return reduced(terms, r, float64(len(terms)))
					},
				})
			}
		}
	}
}

func TestBCEWithLogitsParity(t *testing.T) {
	checkParity(t, "BCEWithLogitsLoss", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		return BCEWithLogits(in["x"], in["target"], BCEWithLogitsOptions{
			Weight: weights(c, "weight"), PosWeight: weights(c, "pos_weight"), Reduction: reductions[c.Attrs.Reduction],
		})
	}, nil)
}

// weights gives the values of an input that is an option here, nil if there is
// none.
func weights(c parity.Op, name string) []float32 {
	if w, ok := c.Inputs[name]; ok {
		return w.Data()
	}
	return nil
}

func TestMSELoss(t *testing.T) {
	for _, shape := range []tensor.Shape{{1}, {3, 5}, {2, 3, 2, 3}} {
		for name, r := range reductions {
			checkOp(t, opCase{
				name: fmt.Sprint(shape, name),
				in:   []*tensor.Dense{random(1, shape...), random(2, shape...)},
				op:   func(in G.Nodes) (*G.Node, error) { return MSELoss(in[0], in[1], MSELossOptions{r}) },
				ref: func(in [][]float64) []float64 {
					terms := make([]float64, len(in[0]))
					for i, x := range in[0] {
						terms[i] = (x - in[1][i]) * (x - in[1][i])
					}
					return reduced(terms, r, float64(len(terms)))
				},
			})
		}
	}
}

func TestMSELossParity(t *testing.T) {
	checkParity(t, "MSELoss", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		return MSELoss(in["x"], in["target"], MSELossOptions{reductions[c.Attrs.Reduction]})
	}, nil)
}

// NaN and Inf pass into the loss; logits of any size do not make them.
func TestPairLossesAtTheEdges(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	none := func(x, target []float32, op func(in G.Nodes) (*G.Node, error)) []float32 {
		r := compile(t, op, []*tensor.Dense{
			tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x)),
			tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(target)),
		}, []bool{true, false})
		r.run(t)
		return r.results()[0]
	}
	got := none([]float32{1000, -1000, 1000, -1000, nan, inf}, []float32{1, 0, 0, 1, 0, 0},
		func(in G.Nodes) (*G.Node, error) {
			return BCEWithLogits(in[0], in[1], BCEWithLogitsOptions{Reduction: None})
		})
	compare(t, "BCEWithLogits", got, []float64{0, 0, 1000, 1000, math.NaN(), math.Inf(1)}, 1e-6)
	got = none([]float32{nan, inf, 0}, []float32{0, 0, 2}, func(in G.Nodes) (*G.Node, error) {
		return MSELoss(in[0], in[1], MSELossOptions{None})
	})
	compare(t, "MSELoss", got, []float64{math.NaN(), math.Inf(1), 4}, 1e-6)
}

func TestPairLossErrors(t *testing.T) {
	in := nodes(tensor.Shape{4, 1}, tensor.Shape{4}, tensor.Shape{4, 1})
	for name, op := range map[string]func(x, target *G.Node, r Reduction) (*G.Node, error){
		"BCEWithLogits": func(x, target *G.Node, r Reduction) (*G.Node, error) {
			return BCEWithLogits(x, target, BCEWithLogitsOptions{Reduction: r})
		},
		"MSELoss": func(x, target *G.Node, r Reduction) (*G.Node, error) { return MSELoss(x, target, MSELossOptions{r}) },
	} {
		_, err := op(nil, in[0], Mean)
		wantError(t, err, name, "input is nil")
		_, err = op(in[0], nil, Mean)
		wantError(t, err, name, "target is nil")
		_, err = op(in[0], in[1], Mean) // which torch broadcasts to (4, 4)
		wantError(t, err, name, "(4)", "(4, 1)")
		_, err = op(in[0], in[2], 3)
		wantError(t, err, name, "reduction is 3")
	}
	x := nodes(tensor.Shape{4, 6}, tensor.Shape{4, 6})
	for _, o := range []BCEWithLogitsOptions{{Weight: make([]float32, 4)}, {PosWeight: make([]float32, 3)}, {Weight: []float32{}}} {
		_, err := BCEWithLogits(x[0], x[1], o)
		wantError(t, err, "BCEWithLogits", "weight", "(4, 6)")
	}
}

func TestPairLossesAllocateNothing(t *testing.T) {
	in := []*tensor.Dense{random(1, 64, 1024), random(2, 64, 1024)}
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) { return BCEWithLogits(in[0], in[1], BCEWithLogitsOptions{}) }, in, []bool{true, false})
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) { return MSELoss(in[0], in[1], MSELossOptions{None}) }, in, []bool{true, true})
}
