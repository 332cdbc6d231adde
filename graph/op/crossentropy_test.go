package op

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

// classTest is a loss of scores in0 of the given shape against labels in1.
type classTest struct {
	shape tensor.Shape
	o     CrossEntropyOptions
	nll   bool // of log-probabilities
}

func (c classTest) String() string {
	ignore := "default"
	if c.o.IgnoreIndex != nil {
		ignore = fmt.Sprint(*c.o.IgnoreIndex)
	}
	return fmt.Sprintf("nll=%v %v weighted=%v ignore=%s smoothing=%v %v", c.nll, c.shape, c.o.Weight != nil, ignore, c.o.LabelSmoothing, c.o.Reduction)
}

func (c classTest) labelShape() tensor.Shape {
	return append(tensor.Shape{c.shape[0]}, c.shape[2:]...)
}

// inputs has every class among the labels, and -100 at the third if there are
// so many.
func (c classTest) inputs() []*tensor.Dense {
	labels := make([]int, c.labelShape().TotalSize())
	for i := range labels {
		labels[i] = (i*i + 1) % c.shape[1]
	}
	if len(labels) > 2 && c.o.IgnoreIndex == nil {
		labels[2] = -100
	}
	return []*tensor.Dense{scaled(3, random(1, c.shape...)), ints(labels, c.labelShape()...)}
}

func (c classTest) op(in G.Nodes) (*G.Node, error) {
	if c.nll {
		return NLLLoss(in[0], in[1], NLLLossOptions{Weight: c.o.Weight, IgnoreIndex: c.o.IgnoreIndex, Reduction: c.o.Reduction})
	}
	return CrossEntropy(in[0], in[1], c.o)
}

func (c classTest) ref(in [][]float64) []float64 {
	logProbs, classes, inner := in[0], c.shape[1], c.shape[2:].TotalSize()
	if !c.nll {
		logProbs = softmaxOf(in[0], c.shape, 1, true)
	}
	weight := func(class int) float64 {
		if c.o.Weight == nil {
			return 1
		}
		return float64(c.o.Weight[class])
	}
	ignore := -100
	if c.o.IgnoreIndex != nil {
		ignore = *c.o.IgnoreIndex
	}
	terms, total := make([]float64, len(in[1])), 0.0
	for i, label := range in[1] {
		if int(label) == ignore {
			continue
		}
		total += weight(int(label))
		for k := range classes {
			target := c.o.LabelSmoothing / float64(classes)
			if k == int(label) {
				target += 1 - c.o.LabelSmoothing
			}
			terms[i] -= target * weight(k) * logProbs[(i/inner*classes+k)*inner+i%inner]
		}
	}
	return reduced(terms, c.o.Reduction, total)
}

func TestClassLosses(t *testing.T) {
	one, high := 1, 7
	for _, shape := range []tensor.Shape{{5, 7}, {1, 3}, {4, 1}, {3, 4, 5}, {2, 13, 3}, {2, 2, 1, 3, 2}} {
		for _, nll := range []bool{false, true} {
			for _, reduction := range []Reduction{Mean, Sum, None} {
				for _, ignore := range []*int{nil, &one, &high} {
					for _, smoothing := range []float64{0, 0.1, 1} {
						if nll && smoothing > 0 || ignore == &one && shape[0] == 1 { // a mean over nothing
							continue
						}
						weight := shifted(1.5, random(9, shape[1])).Float32s()
						for _, w := range [][]float32{nil, weight} {
							c := classTest{shape, CrossEntropyOptions{Weight: w, IgnoreIndex: ignore, LabelSmoothing: smoothing, Reduction: reduction}, nll}
							tol := 1e-5
							if shape[1] == 1 {
								tol = 1e-3 // of next to nothing: the gradient is 0
							}
							checkOp(t, opCase{name: c.String(), in: c.inputs(), op: c.op, ref: c.ref, wrt: []bool{true, false}, tol: tol})
						}
					}
				}
			}
		}
	}
}

func TestCrossEntropyParity(t *testing.T) {
	checkParity(t, "CrossEntropyLoss", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		s := c.Inputs["x"].Shape
		labels := ints(c.Labels, append([]int{s[0]}, s[2:]...)...)
		return CrossEntropy(in["x"], G.NodeFromAny(in["x"].Graph(), labels, G.WithName("labels")), CrossEntropyOptions{
			Weight: weights(c, "weight"), IgnoreIndex: &c.Attrs.IgnoreIndex,
			LabelSmoothing: c.Attrs.LabelSmoothing, Reduction: reductions[c.Attrs.Reduction],
		})
	}, nil)
}

// Labels are checked when they are there, in each run.
func TestLabelOutOfRange(t *testing.T) {
	for _, nll := range []bool{false, true} {
		c := classTest{shape: tensor.Shape{2, 4, 3}, nll: nll}
		in := c.inputs()
		r := compile(t, c.op, in, []bool{true, false})
		r.run(t)
		for _, label := range []int{4, -1, far, -far} {
			in[1].Ints()[5] = label
			wantError(t, r.vm.RunAll(), "label 5", fmt.Sprint(label), "4 classes")
			r.vm.Reset()
		}
		in[1].Ints()[5] = 3
		r.run(t)
	}
}

func TestClassLossesAtTheEdges(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	scores := tensor.New(tensor.WithShape(5, 2), tensor.WithBacking([]float32{1e4, -1e4, 1e4, -1e4, nan, 0, 0, -inf, inf, 0}))
	labels := ints([]int{0, 1, 0, 0, 0}, 5)
	r := compile(t, func(in G.Nodes) (*G.Node, error) {
		return CrossEntropy(in[0], in[1], CrossEntropyOptions{Reduction: None})
	},
		[]*tensor.Dense{scores, labels}, []bool{true, false})
	r.run(t)
	compare(t, "CrossEntropy", r.results()[0], []float64{0, 2e4, math.NaN(), 0, math.NaN()}, 1e-6)

	ignored := ints([]int{-100, -100, -100, -100, -100}, 5)
	for _, nll := range []bool{false, true} {
		for reduction, want := range map[Reduction][]float64{Mean: {math.NaN()}, Sum: {0}, None: make([]float64, 5)} {
			c := classTest{shape: tensor.Shape{5, 2}, o: CrossEntropyOptions{Reduction: reduction}, nll: nll}
			r := compile(t, c.op, []*tensor.Dense{scores, ignored}, []bool{true, false})
			r.run(t)
			compare(t, c.String(), r.results()[0], want, 0)
			if reduction == Sum {
				compare(t, c.String()+" gradient", r.results()[1], make([]float64, 10), 0)
			}
		}
	}
}

func TestClassLossErrors(t *testing.T) {
	g := G.NewGraph()
	x := G.NewMatrix(g, G.Float32, G.WithShape(4, 3), G.WithName("x"))
	labels := func(shape ...int) *G.Node {
		return G.NewTensor(g, tensor.Int, len(shape), G.WithShape(shape...), G.WithName(fmt.Sprint("labels", shape)))
	}
	vector := G.NewVector(g, G.Float32, G.WithShape(4), G.WithName("vector"))
	for _, test := range []struct {
		x, labels *G.Node
		o         CrossEntropyOptions
		want      []string
	}{
		{nil, labels(4), CrossEntropyOptions{}, []string{"input is nil"}},
		{x, nil, CrossEntropyOptions{}, []string{"labels is nil"}},
		{vector, labels(4), CrossEntropyOptions{}, []string{"(4)", "(N, C)"}},
		{labels(4, 3), labels(4), CrossEntropyOptions{}, []string{"int", "want float32"}},
		{x, vector, CrossEntropyOptions{}, []string{"labels", "float32", "want int"}},
		{x, labels(3), CrossEntropyOptions{}, []string{"labels", "(3)", "(4)", "(4, 3)"}},
		{x, labels(4, 1), CrossEntropyOptions{}, []string{"labels", "(4, 1)", "(4)"}},
		{x, labels(4), CrossEntropyOptions{Weight: make([]float32, 4)}, []string{"4 class weights", "3 classes"}},
		{x, labels(4), CrossEntropyOptions{Reduction: -1}, []string{"reduction is -1"}},
	} {
		_, err := CrossEntropy(test.x, test.labels, test.o)
		wantError(t, err, append(test.want, "CrossEntropy")...)
		_, err = NLLLoss(test.x, test.labels, NLLLossOptions{test.o.Weight, test.o.IgnoreIndex, test.o.Reduction})
		wantError(t, err, append(test.want, "NLLLoss")...)
	}
	for _, smoothing := range []float64{-0.1, 1.1, math.NaN()} {
		_, err := CrossEntropy(x, labels(4), CrossEntropyOptions{LabelSmoothing: smoothing})
		wantError(t, err, "CrossEntropy", "label smoothing", "0 to 1")
	}
}

// The caller may change the weights it gave.
func TestClassWeightsAreCopied(t *testing.T) {
	c := classTest{shape: tensor.Shape{5, 3}, o: CrossEntropyOptions{Weight: []float32{1, 2, 3}}}
	in := c.inputs()
	want := c.ref(allFloat64s(in))
	given := slices.Clone(c.o.Weight)
	r := compile(t, func(in G.Nodes) (*G.Node, error) {
		return CrossEntropy(in[0], in[1], CrossEntropyOptions{Weight: given})
	}, in, nil)
	clear(given)
	r.run(t)
	compare(t, "y", r.results()[0], want, 1e-6)
}

func TestClassLossesAllocateNothing(t *testing.T) {
	for _, nll := range []bool{false, true} {
		for _, reduction := range []Reduction{Mean, None} {
			c := classTest{shape: tensor.Shape{128, 1000}, nll: nll, o: CrossEntropyOptions{Reduction: reduction}}
			checkAllocates(t, 1<<16, c.op, c.inputs(), []bool{true, false})
		}
	}
}

func ints(values []int, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(values))
}

// With the classes last, loss and gradient are those of the rows of a matrix.
func TestCrossEntropyClassesLast(t *testing.T) {
	x, labels := scaled(3, random(1, 2, 3, 5)), []int{4, 0, -100, 2, 2, 1}
	weight := []float32{1, 2, 0.5, 3, 1}
	for _, r := range []Reduction{Mean, Sum, None} {
		o := CrossEntropyOptions{LabelSmoothing: 0.1, Weight: weight, Reduction: r}
		run := func(o CrossEntropyOptions, shape ...int) [][]float32 {
			v := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x.Float32s()))
			y := ints(labels, shape[:len(shape)-1]...)
			c := compile(t, func(in G.Nodes) (*G.Node, error) { return CrossEntropy(in[0], in[1], o) }, []*tensor.Dense{v, y}, []bool{true, false})
			copy(c.upstream.Float32s(), []float32{1, -2, 3, 0.5, 2, 1})
			c.run(t)
			return c.results()
		}
		want := run(o, 6, 5)
		o.ClassesLast = true
		if got := run(o, 2, 3, 5); !reflect.DeepEqual(got, want) {
			t.Errorf("reduction %v: %v, want %v", r, got, want)
		}
	}
	in := nodes(tensor.Shape{2, 3, 5})
	_, err := CrossEntropy(in[0], G.NewMatrix(in[0].Graph(), tensor.Int, G.WithShape(2, 5), G.WithName("y")), CrossEntropyOptions{ClassesLast: true})
	wantError(t, err, "labels has shape (2, 5), want (2, 3)")
}
