package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// TestPack places slots of all sizes and times: none may overlap another that is
// in use at the same time.
func TestPack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		const operations = 60
		var slots []*slot
		for range 1 + r.IntN(80) {
			first := r.IntN(operations)
			slots = append(slots, &slot{size: 1 + r.IntN(1000), first: first, last: first + r.IntN(operations-first)})
		}
		length := pack(slots)
		for i, a := range slots {
			if a.at%slotUnit != 0 || a.at < 0 || a.at+a.size > length {
				t.Fatalf("%d values at %d of %d", a.size, a.at, length)
			}
			for _, b := range slots[:i] {
				apart := a.last < b.first || b.last < a.first
				if !apart && a.at < b.at+b.size && b.at < a.at+a.size {
					t.Fatalf("%+v and %+v overlap", *a, *b)
				}
			}
		}
		if live := mostLive(slots, operations); live > length {
			t.Fatalf("%d values in use at once in an arena of %d", live, length)
		}
	}
}

// TestPackFits wants the best gap taken.
func TestPackFits(t *testing.T) {
	for _, c := range []struct {
		name  string
		slots []*slot
		want  []int // where each goes
		live  int
	}{
		{"one after the other", []*slot{{size: 32, first: 0, last: 1}, {size: 32, first: 2, last: 3}}, []int{0, 0}, 32},
		{"handed over", []*slot{{size: 32, first: 0, last: 1}, {size: 32, first: 1, last: 2}}, []int{0, 32}, 64},
		{"rounded up", []*slot{{size: 17, first: 0, last: 1}, {size: 3, first: 0, last: 1}}, []int{0, 32}, 20},
		{"the smaller gap", []*slot{
			{size: 64, first: 0, last: 0}, {size: 63, first: 0, last: 3}, {size: 32, first: 0, last: 1},
			{size: 31, first: 0, last: 3}, {size: 30, first: 2, last: 3},
		}, []int{0, 64, 128, 160, 128}, 190},
	} {
		pack(c.slots)
		for i, s := range c.slots {
			if s.at != c.want[i] {
				t.Errorf("%s: slot %d is at %d, want %d", c.name, i, s.at, c.want[i])
			}
		}
		if live := mostLive(c.slots, 4); live != c.live {
			t.Errorf("%s: %d values live, want %d", c.name, live, c.live)
		}
	}
}

// web returns a network of random operations on x (2, 4, 6, 6), with values
// that many operations read, outputs in the middle and a loss; with operations
// of Gorgonia's if asked for, whose results lie in the memory of their inputs.
func web(seed uint64, stock bool) func(*Scope) {
	return func(s *Scope) {
		r := rand.New(rand.NewPCG(seed, 2))
		x := s.Input("x", 2, 4, 6, 6)
		nodes := G.Nodes{convolve(s, "stem", x, s.IsData(x))}
		read := make(map[*G.Node]bool)
		pick := func() *G.Node {
			n := nodes[max(0, len(nodes)-1-r.IntN(6))]
			read[n] = true
			return n
		}
		other := func() *G.Node { return s.Emit(op.Sigmoid(pick())) }
		kinds := 7
		if stock {
			kinds = 11
		}
		var views G.Nodes
		for i := range 4 + r.IntN(30) {
			a, name := pick(), fmt.Sprint("l", i)
			var n *G.Node
			switch r.IntN(kinds) {
			case 0:
				n = convolve(s, name, a, false)
			case 1:
				n = normalise(s, name, a)
			case 2:
				n = s.Emit(op.ReLU(a))
			case 3, 4:
				n = s.Emit(op.Add(a, other()))
			case 5:
				n = s.Emit(op.AddReLU(a, other()))
			case 6:
				n = s.Emit(op.Dropout(a, 0.3, uint64(i)))
			case 7:
				n = s.Emit(G.Square(a))
			case 8:
				n = s.Emit(G.Add(a, other()))
			case 9:
				n = s.Emit(G.HadamardProd(a, other()))
			case 10:
				views = append(views, s.Emit(G.Reshape(other(), tensor.Shape{2, 4, 36})))
				n = a
			}
			n = s.Emit(op.Tanh(n))
			nodes = append(nodes, n)
			if r.IntN(8) == 0 {
				s.Output(name, n)
			}
		}
		for _, v := range views {
			nodes = append(nodes, s.Emit(op.Reshape(v, 2, 4, 6, 6)))
		}
		sum := s.Emit(op.ReLU(pick()))
		for _, n := range nodes {
			if !read[n] {
				sum = s.Emit(op.Add(sum, n))
			}
		}
		logits := s.Emit(op.GlobalAvgPool(sum))
		s.Output("logits", logits)
		s.Loss(s.Emit(op.CrossEntropy(logits, s.Labels("y", 2), op.CrossEntropyOptions{})))
	}
}

func convolve(s *Scope, name string, x *G.Node, data bool) *G.Node {
	s = s.Sub(name)
	w := s.Param("weight", KaimingNormalFanOut, 4, 4, 3, 3)
	return s.Emit(op.Conv2d(x, w, nil, op.Conv2dOptions{Padding: [2]int{1, 1}, NoInputGrad: data}))
}

func normalise(s *Scope, name string, x *G.Node) *G.Node {
	s = s.Sub(name)
	norm := op.BatchNormEval
	if s.Mode() == Train {
		norm = op.BatchNormTrain
	}
	return s.Emit(norm(x, s.Param("weight", Ones, 4), s.Param("bias", Zeros, 4),
		s.Buffer("running_mean", Zeros, 4), s.Buffer("running_var", Ones, 4), op.BatchNormOptions{}))
}

// let gives the inputs of web their values.
func let(t *testing.T, g *Graph) {
	t.Helper()
	x := make([]float32, 2*4*6*6)
	for i := range x {
		x[i] = float32(math.Sin(float64(3 * i)))
	}
	for _, err := range []error{
		G.Let(g.Input("x"), tensor.New(tensor.WithShape(2, 4, 6, 6), tensor.WithBacking(x))),
		G.Let(g.Input("y"), tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 3}))),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// answers are all values of g that can be read after a run.
func answers(t *testing.T, g *Graph) map[string][]float32 {
	t.Helper()
	all := map[string][]float32{"loss": {float32(*g.loss.Value().(*G.F32))}}
	for name, n := range g.outputs {
		all[name] = slices.Clone(n.Value().(*tensor.Dense).Float32s())
	}
	for _, n := range append(slices.Clone(g.trainable), g.inputs...) {
		if n.Deriv() != nil {
			all["d"+n.Name()] = slices.Clone(n.Deriv().Value().(*tensor.Dense).Float32s())
		}
	}
	return all
}

func sameAnswers(t *testing.T, what string, got, want map[string][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d values, want %d", what, len(got), len(want))
	}
	for name, w := range want {
		if !slices.EqualFunc(got[name], w, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) }) {
			t.Errorf("%s: %s differs", what, name)
		}
	}
}

// build makes a graph of web with parameters of its own.
func build(t *testing.T, seed uint64, mode Mode, stock bool, o ...Option) *Graph {
	t.Helper()
	g, err := Build(NewParams(seed), mode, web(seed, stock), o...)
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	let(t, g)
	return g
}

// plain runs g on a stock machine.
func plain(t *testing.T, g *Graph, runs int) []map[string][]float32 {
	t.Helper()
	if g.mode != Infer {
		if _, err := G.Grad(g.loss, g.trainable...); err != nil {
			t.Fatal(err)
		}
	}
	m := G.NewTapeMachine(g.expr)
	defer m.Close()
	var all []map[string][]float32
	for range runs {
		if err := m.RunAll(); err != nil {
			t.Fatal(err)
		}
		all = append(all, answers(t, g))
		m.Reset()
	}
	return all
}

// poisoned makes a program whose arena has NaN wherever nothing was written.
func poisoned(t *testing.T, g *Graph) (p *Program, arena []float32) {
	t.Helper()
	p, err := NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	arena = make([]float32, p.Memory().Arena/4)
	p.memory.place(arena)
	p.placed = true
	return p, arena
}

// TestPlannedIsPlain compares programs of random networks with a stock machine,
// bit by bit.
func TestPlannedIsPlain(t *testing.T) {
	for seed := range uint64(8) {
		for _, mode := range []Mode{Train, Eval, Infer} {
			for _, o := range [][]Option{nil, {WithInputGrad()}} {
				stock := mode == Infer
				want := plain(t, build(t, seed, mode, stock, o...), 2)
				g := build(t, seed, mode, stock, o...)
				p, arena := poisoned(t, g)
				for i := range want {
					for j := range arena {
						arena[j] = float32(math.NaN())
					}
					if err := p.Run(); err != nil {
						t.Fatalf("seed %d, %v: %v", seed, mode, err)
					}
					sameAnswers(t, fmt.Sprintf("seed %d, %v, run %d", seed, mode, i), answers(t, g), want[i])
				}
				m := p.Memory()
				if m.Arena > m.Live*13/10+1024 {
					t.Errorf("seed %d, %v: an arena of %d bytes for %d", seed, mode, m.Arena, m.Live)
				}
			}
		}
	}
}

// sums counts the operations of g that are Gorgonia's own: in graphs without any
// stock operation they are the sums of gradients that gorgonia.Grad adds.
func sums(g *G.ExprGraph) int {
	k := 0
	for _, n := range g.AllNodes() {
		if n.Op() != nil && n.Op().Arity() == 2 && !op.Own(n) {
			k++
		}
	}
	return k
}

// TestSumsAreTaken wants every sum of gradients on the tape, and in place where
// the operand is not needed any more.
func TestSumsAreTaken(t *testing.T) {
	g := build(t, 5, Train, false)
	p, _ := poisoned(t, g)
	all, taken, inPlace := sums(g.expr), 0, 0
	used := make(map[*slot]bool)
	for _, r := range p.memory.results {
		if p.memory.tape.Sums(r.node) {
			taken++
			if used[r.slot] {
				inPlace++
			}
		}
		used[r.slot] = true
	}
	if taken != all || inPlace < all/2 || all == 0 {
		t.Errorf("%d sums, %d on the tape, %d in place", all, taken, inPlace)
	}
}

// TestProgramsOfOneGraph runs two programs and a stock machine of one graph in
// turn.
func TestProgramsOfOneGraph(t *testing.T) {
	g := build(t, 3, Infer, false)
	want := plain(t, g, 1)[0]
	a, _ := poisoned(t, g)
	b, _ := poisoned(t, g)
	for i := range 3 {
		for name, p := range map[string]*Program{"a": a, "b": b} {
			p.Seek(0)
			if err := p.Run(); err != nil {
				t.Fatal(err)
			}
			sameAnswers(t, fmt.Sprintf("%s, round %d", name, i), answers(t, g), want)
		}
		a.Seek(0)
		sameAnswers(t, "stock machine", plain(t, g, 1)[0], want)
	}
}

// TestRunAfterClose runs again after Close has given the memory up.
func TestRunAfterClose(t *testing.T) {
	g := build(t, 3, Eval, false)
	p, _ := poisoned(t, g)
	for range 2 {
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOtherOrder lets the tape expect another order than the machine's: that must
// be an error, and no harm for other machines.
func TestOtherOrder(t *testing.T) {
	for seed := range uint64(10) {
		g := build(t, seed, Train, false)
		p, _ := poisoned(t, g)
		order, err := runOrder(g.expr)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 3))
		var at []int
		for i, n := range order {
			if p.memory.tape.Takes(n) && !p.memory.tape.Sums(n) {
				at = append(at, i)
			}
		}
		i := r.IntN(len(at) - 1)
		order[at[i]], order[at[i+1]] = order[at[i+1]], order[at[i]]
		p.memory.tape = op.NewTape(order)
		p.memory.allocate()
		p.machine = G.NewTapeMachine(g.expr, G.WithEngine(p.memory.tape.Engine()))
		if err := p.Run(); err == nil || !strings.Contains(err.Error(), "does not follow the plan") || strings.Contains(err.Error(), "\n") {
			t.Errorf("seed %d: got %v, want one line that says so", seed, err)
		}
		m := G.NewTapeMachine(g.expr)
		if err := m.RunAll(); err != nil {
			t.Errorf("seed %d: on a stock machine: %v", seed, err)
		}
	}
}

// TestMemoryOfParts counts the bytes of a small network by hand.
func TestMemoryOfParts(t *testing.T) {
	g, err := Build(NewParams(1), Train, func(s *Scope) {
		x := s.Input("x", 2, 4, 6, 6)
		h := convolve(s, "a", x, true)
		s.Output("h", h)
		h = normalise(s, "b", h)
		logits := s.Emit(op.GlobalAvgPool(h))
		s.Loss(s.Emit(op.CrossEntropy(logits, s.Labels("y", 2), op.CrossEntropyOptions{})))
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	m := p.Memory()
	if want := int64(4 * (4*4*9 + 4*4)); m.Params != want {
		t.Errorf("parameters: %d bytes, want %d", m.Params, want)
	}
	if want := int64(4 * (4*4*9 + 2*4)); m.Gradients != want {
		t.Errorf("gradients: %d bytes, want %d", m.Gradients, want)
	}
	if want := int64(4 * 2 * 4 * 36); m.Pinned != want {
		t.Errorf("pinned: %d bytes, want %d", m.Pinned, want)
	}
	// The input gradient of the norm is made from that of its output.
	if want := int64(4 * 2 * 2 * 4 * 36); m.Live < want || m.Live > want+512 {
		t.Errorf("live: %d bytes, want %d and little more", m.Live, want)
	}
}
