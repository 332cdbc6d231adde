package graph

import (
	"cmp"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Memory says in bytes what a Program needs for its values. What kernels work in
// comes on top.
type Memory struct {
	Params    int64 // parameters and buffers that are in memory now, shared by the programs of a model
	Weights   int64 // weights in a form that operations for inference keep of their own
	Gradients int64 // of the trained parameters
	Pinned    int64 // other results that stay readable after a run: outputs above all
	Arena     int64 // where all other results share memory
	Live      int64 // most of what the arena has to hold at a time; never more than Arena
}

// memory is the plan of a program: which results share memory. Those that are
// read after a run are pinned and have memory of their own. Each of the others
// has a place in the arena from the operation that makes it to the last one that
// reads it.
type memory struct {
	Memory
	tape    *op.Tape
	results []result
}

// result is the result of an operation that the tape takes.
type result struct {
	node   *G.Node
	pinned bool
	*slot  // nil if pinned
}

// slot is a piece of the arena for one result, or for some that follow each
// other as sums computed in place do.
type slot struct {
	size        int // in values
	first, last int // operations in whose time it is in use
	at          int // where in the arena it begins
}

// newMemory plans the runs of a machine that is made of expr, a part of g, next.
func newMemory(g *Graph, expr *G.ExprGraph) (*memory, error) {
	// Gorgonia's compiler computes nodes that seem the same only once, which would
	// be read for longer than the edges of the graph tell.
	if err := checkDistinct(expr); err != nil {
		return nil, err
	}
	order, err := runOrder(expr)
	if err != nil {
		return nil, err
	}
	m := &memory{tape: op.NewTape(order)}
	m.plan(order, g.kept(), g.gradients())
	return m, nil
}

// runOrder is the order in which Gorgonia's machine runs the nodes of g.
func runOrder(g *G.ExprGraph) (G.Nodes, error) {
	order, err := G.Sort(g)
	if err != nil {
		return nil, errors.Wrap(err, "sorting the graph")
	}
	slices.Reverse(order)
	return order, nil
}

// gradients are the nodes of the gradients of trained parameters.
func (g *Graph) gradients() map[*G.Node]bool {
	nodes := make(map[*G.Node]bool)
	for _, n := range g.trainable {
		if d := n.Deriv(); d != nil {
			nodes[d] = true
		}
	}
	return nodes
}

// kept are the other nodes whose values are read after a run.
func (g *Graph) kept() map[*G.Node]bool {
	nodes := make(map[*G.Node]bool)
	for _, n := range g.outputs {
		nodes[n] = true
	}
	if g.loss != nil {
		nodes[g.loss] = true
	}
	for _, n := range g.inputs {
		if d := n.Deriv(); d != nil {
			nodes[d] = true
		}
	}
	return nodes
}

func bytes(values int) int64 { return 4 * int64(values) }

// plan gives the results their places.
func (m *memory) plan(order G.Nodes, kept, gradients map[*G.Node]bool) {
	last := m.lastReads(order, kept, gradients)
	slots := make(map[*G.Node]*slot)
	var all []*slot
	for i, n := range order {
		if !m.tape.Takes(n) {
			continue
		}
		size := n.Shape().TotalSize()
		if last[n] == len(order) {
			m.results = append(m.results, result{node: n, pinned: true})
			if gradients[n] {
				m.Gradients += bytes(size)
			} else {
				m.Pinned += bytes(size)
			}
			continue
		}
		s := m.inPlace(n, i, last, slots)
		if s == nil {
			s = &slot{size: size, first: i}
			all = append(all, s)
		}
		s.last, slots[n] = last[n], s
		m.results = append(m.results, result{node: n, slot: s})
	}
	m.Arena, m.Live = bytes(pack(all)), bytes(mostLive(all, len(order)))
}

// lastReads gives for each node the operation that reads its memory last, the
// node itself if there is none, len(order) if it is read after the run. What an
// operation of Gorgonia's returns may lie in the memory of any of its inputs,
// which is then read as long as the result.
func (m *memory) lastReads(order G.Nodes, pinned ...map[*G.Node]bool) map[*G.Node]int {
	last := make(map[*G.Node]int, len(order))
	for i, n := range slices.Backward(order) {
		last[n] = max(last[n], i)
		for _, p := range pinned {
			if p[n] {
				last[n] = len(order)
			}
		}
		until := i
		if !op.Own(n) && !m.tape.Sums(n) {
			until = last[n]
		}
		for in := n.Graph().From(n.ID()); in.Next(); {
			c := in.Node().(*G.Node)
			last[c] = max(last[c], until)
		}
	}
	return last
}

// inPlace returns the slot of an operand of sum n, operation i, that nobody
// reads after it; nil if there is none.
func (m *memory) inPlace(n *G.Node, i int, last map[*G.Node]int, slots map[*G.Node]*slot) *slot {
	if !m.tape.Sums(n) {
		return nil
	}
	for in := n.Graph().From(n.ID()); in.Next(); {
		c := in.Node().(*G.Node)
		if s := slots[c]; s != nil && last[c] == i {
			return s
		}
	}
	return nil
}

// slotUnit is what slots are multiples of, a cache line of values.
const slotUnit = 64 / 4

// pack gives each slot its place, so that no two that are in use at the same
// time overlap, and returns the length of the arena. The largest slots come
// first, each into the smallest gap that takes it (Pisarchyk and Lee 2020,
// "Efficient Memory Management for Deep Neural Net Inference").
func pack(slots []*slot) int {
	slots = slices.Clone(slots)
	slices.SortStableFunc(slots, func(a, b *slot) int { return cmp.Compare(b.size, a.size) })
	var placed []*slot // by place
	length := 0
	for _, s := range slots {
		s.at = gap(s, placed)
		length = max(length, s.end())
		i, _ := slices.BinarySearchFunc(placed, s, func(a, b *slot) int { return cmp.Compare(a.at, b.at) })
		placed = slices.Insert(placed, i, s)
	}
	return length
}

// gap returns where s fits best among those slots that are in use with it.
func gap(s *slot, placed []*slot) int {
	const unlimited = int(^uint(0) >> 1)
	free, best, room := 0, 0, unlimited
	for _, p := range placed {
		if p.last < s.first || s.last < p.first {
			continue
		}
		if r := p.at - free; r >= s.size && r < room {
			best, room = free, r
		}
		free = max(free, p.end())
	}
	if room == unlimited {
		return free
	}
	return best
}

// end is where the slot ends, rounded up to where another may begin.
func (s *slot) end() int { return (s.at + s.size + slotUnit - 1) / slotUnit * slotUnit }

// mostLive returns how many values the slots have that are in use in the time of
// one of so many operations, at most.
func mostLive(slots []*slot, operations int) int {
	change := make([]int, operations+1)
	for _, s := range slots {
		change[s.first] += s.size
		change[s.last+1] -= s.size
	}
	live, most := 0, 0
	for _, c := range change {
		live += c
		most = max(most, live)
	}
	return most
}

// allocate makes the memory.
func (m *memory) allocate() { m.place(kernel.Aligned(int(m.Arena / 4))) }

// place gives the tape its places in the arena, and the pinned results memory of
// their own.
func (m *memory) place(arena []float32) {
	for _, r := range m.results {
		size := r.node.Shape().TotalSize()
		if r.pinned {
			m.tape.Place(r.node, kernel.Aligned(size))
		} else {
			m.tape.Place(r.node, arena[r.at:][:size])
		}
	}
}
