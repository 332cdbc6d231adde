package op

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

func TestSoftCrossEntropyParity(t *testing.T) {
	cases, err := parity.SoftTargetOps()
	if err != nil {
		t.Fatal(err)
	}
	checkCases(t, cases, 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		return SoftCrossEntropy(in["x"], in["target"], SoftCrossEntropyOptions{
			LabelSmoothing: c.Attrs.LabelSmoothing, Reduction: reductions[c.Attrs.Reduction],
		})
	}, nil)
}

// softRef is the loss by its definition.
func softRef(s tensor.Shape, o SoftCrossEntropyOptions) func(in [][]float64) []float64 {
	return func(in [][]float64) []float64 {
		logProbs, terms := softmaxOf(in[0], s, 1, true), make([]float64, s[0])
		for i, target := range in[1] {
			smoothed := (1-o.LabelSmoothing)*target + o.LabelSmoothing/float64(s[1])
			terms[i/s[1]] -= smoothed * logProbs[i]
		}
		return reduced(terms, o.Reduction, float64(s[0]))
	}
}

func TestSoftCrossEntropy(t *testing.T) {
	for _, s := range []tensor.Shape{{1, 3}, {5, 7}, {9, 17}, {4, 1}} {
		for _, reduction := range []Reduction{Mean, Sum, None} {
			for _, smoothing := range []float64{0, 0.1, 1} {
				o := SoftCrossEntropyOptions{LabelSmoothing: smoothing, Reduction: reduction}
				tol := 1e-5
				if s[1] == 1 {
					tol = 1e-3 // of next to nothing: the gradient is 0
				}
				checkOp(t, opCase{
					name: fmt.Sprint(s, o), in: []*tensor.Dense{scaled(3, random(1, s...)), shifted(1, random(2, s...))},
					op:  func(in G.Nodes) (*G.Node, error) { return SoftCrossEntropy(in[0], in[1], o) },
					ref: softRef(s, o), wrt: []bool{true, false}, tol: tol,
				})
			}
		}
	}
}

// A target of zeros and a one is a label.
func TestSoftCrossEntropyOfLabels(t *testing.T) {
	x, labels := scaled(3, random(1, 6, 5)), []int{4, 0, 3, 2, 2, 1}
	target := tensor.New(tensor.WithShape(6, 5), tensor.Of(tensor.Float32))
	for i, label := range labels {
		target.Float32s()[i*5+label] = 1
	}
	for _, smoothing := range []float64{0, 0.2} {
		hard := compile(t, func(in G.Nodes) (*G.Node, error) {
			return CrossEntropy(in[0], in[1], CrossEntropyOptions{LabelSmoothing: smoothing})
		}, []*tensor.Dense{x, ints(labels, 6)}, []bool{true, false})
		hard.run(t)
		soft := compile(t, func(in G.Nodes) (*G.Node, error) {
			return SoftCrossEntropy(in[0], in[1], SoftCrossEntropyOptions{LabelSmoothing: smoothing})
		}, []*tensor.Dense{x, target}, []bool{true, false})
		soft.run(t)
		for i, want := range hard.results() {
			wide := make([]float64, len(want))
			for j, v := range want {
				wide[j] = float64(v)
			}
			compare(t, "by labels", soft.results()[i], wide, 1e-6)
		}
	}
}

func TestSoftCrossEntropyRepeats(t *testing.T) {
	in := []*tensor.Dense{scaled(3, random(1, 700, 17)), shifted(1, random(2, 700, 17))}
	r := compile(t, func(in G.Nodes) (*G.Node, error) { return SoftCrossEntropy(in[0], in[1], SoftCrossEntropyOptions{}) }, in, []bool{true, false})
	r.run(t)
	want := r.results()
	for range 5 {
		r.run(t)
		if !reflect.DeepEqual(r.results(), want) {
			t.Fatal("another run gives other bits")
		}
	}
}

func TestSoftCrossEntropyErrors(t *testing.T) {
	in := nodes(tensor.Shape{4, 3}, tensor.Shape{4, 3}, tensor.Shape{4, 2}, tensor.Shape{2, 2, 2}, tensor.Shape{2, 2, 2})
	labels := G.NewMatrix(in[0].Graph(), tensor.Int, G.WithShape(4, 3), G.WithName("labels"))
	for _, c := range []struct {
		x, target *G.Node
		o         SoftCrossEntropyOptions
		want      []string
	}{
		{nil, in[1], SoftCrossEntropyOptions{}, []string{"input is nil"}},
		{in[0], nil, SoftCrossEntropyOptions{}, []string{"target is nil"}},
		{in[0], labels, SoftCrossEntropyOptions{}, []string{"target", "int", "want float32"}},
		{in[0], in[2], SoftCrossEntropyOptions{}, []string{"(4, 2)", "(4, 3)"}},
		{in[3], in[4], SoftCrossEntropyOptions{}, []string{"(2, 2, 2)", "(N, C)"}},
		{in[0], in[1], SoftCrossEntropyOptions{LabelSmoothing: 1.1}, []string{"label smoothing is 1.1, want 0 to 1"}},
		{in[0], in[1], SoftCrossEntropyOptions{LabelSmoothing: math.NaN()}, []string{"label smoothing is NaN"}},
		{in[0], in[1], SoftCrossEntropyOptions{Reduction: 7}, []string{"reduction is 7"}},
	} {
		_, err := SoftCrossEntropy(c.x, c.target, c.o)
		wantError(t, err, append(c.want, "SoftCrossEntropy")...)
	}
}

func TestSoftCrossEntropyAllocatesNothing(t *testing.T) {
	in := []*tensor.Dense{random(1, 128, 1000), random(2, 128, 1000)}
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) {
		return SoftCrossEntropy(in[0], in[1], SoftCrossEntropyOptions{LabelSmoothing: 0.1})
	}, in, []bool{true, false})
}
