package graph

import (
	"slices"
	"time"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// A Profile says where the time of a run goes. Times are medians over the runs
// it was made of, each of its own, so they need not add up exactly.
type Profile struct {
	Run  time.Duration // the whole of it
	Ops  []OpTime      // the operations in the order of execution
	Rest time.Duration // what is in none of them: the tape machine, and Gorgonia's own sums of gradients
}

// OpTime is the part of one operation in a run.
type OpTime struct {
	Scope     string       // the part of the model to which it belongs, "layer1.0.conv1"
	Op        string       // "Conv2d"; in the backward pass "Conv2dWeightGrad"
	Shape     tensor.Shape // of the result
	Time      time.Duration
	MACs      int64  // multiply-adds of a convolution, a linear layer or a gradient of one
	Algorithm string // by which they were done, "" where there is no choice
	Bytes     int64  // size of the inputs and the result: what must be moved at least
	Backward  bool   // is it a part of the gradient?
}

// GFLOPS is the rate at which the operation does its multiply-adds, two
// operations each, in 10⁹ operations a second; 0 if it has none.
func (o OpTime) GFLOPS() float64 { return 2 * float64(o.MACs) / float64(max(o.Time, 1)) }

// GBps is the rate at which the inputs are read and the result is written, in
// 10⁹ bytes a second, if each is touched once.
func (o OpTime) GBps() float64 { return float64(o.Bytes) / float64(max(o.Time, 1)) }

// Profile makes one run that does not count and then so many that are timed,
// operation by operation, and leaves behind what Run does. Runs of training
// graphs move the running statistics of norms. A program that is not being
// profiled does not look at the clock.
func (p *Program) Profile(runs int) (*Profile, error) {
	if runs < 1 {
		return nil, errors.Errorf("a profile of %d runs, want at least 1", runs)
	}
	if err := p.Run(); err != nil {
		return nil, err
	}
	s := stopwatch{times: make(map[*G.Node][]time.Duration)}
	op.Watch(p.graph.expr, s.note)
	defer op.Watch(p.graph.expr, nil)
	for range runs {
		if err := s.run(p.Run); err != nil {
			return nil, err
		}
	}
	profile := &Profile{Run: median(s.runs), Rest: median(s.rests)}
	for _, n := range s.order {
		profile.Ops = append(profile.Ops, p.graph.opTime(n, median(s.times[n])))
	}
	return profile, nil
}

// stopwatch collects the times of the operations of several runs.
type stopwatch struct {
	order       []*G.Node // in which the nodes were executed
	times       map[*G.Node][]time.Duration
	inside      time.Duration // sum over the operations of this run
	runs, rests []time.Duration
}

func (s *stopwatch) note(n *G.Node, took time.Duration) {
	if s.times[n] == nil {
		s.order = append(s.order, n)
	}
	s.times[n] = append(s.times[n], took)
	s.inside += took
}

func (s *stopwatch) run(run func() error) error {
	s.inside = 0
	start := time.Now()
	if err := run(); err != nil {
		return err
	}
	took := time.Since(start)
	s.runs = append(s.runs, took)
	s.rests = append(s.rests, took-s.inside)
	return nil
}

// median of some durations, at least one.
func median(of []time.Duration) time.Duration {
	of = slices.Sorted(slices.Values(of))
	return (of[(len(of)-1)/2] + of[len(of)/2]) / 2
}

func (g *Graph) opTime(n *G.Node, took time.Duration) OpTime {
	t := OpTime{
		Scope:    g.scope(n),
		Op:       op.Name(n),
		Shape:    n.Shape(),
		Time:     took,
		Bytes:    size(n),
		Backward: op.Origin(n) != nil,
	}
	t.MACs, t.Algorithm = op.Work(n)
	for in := g.expr.From(n.ID()); in.Next(); {
		t.Bytes += size(in.Node().(*G.Node))
	}
	return t
}

// size of the value of n in bytes.
func size(n *G.Node) int64 { return int64(n.Shape().TotalSize()) * int64(n.Dtype().Size()) }

// scope returns the name of the part of the model to which n belongs: where the
// node was emitted or, for one of the backward pass, the node of whose gradient
// it is a part.
func (g *Graph) scope(n *G.Node) string {
	for ; n != nil; n = op.Origin(n) {
		if path, ok := g.where[n]; ok {
			return path
		}
	}
	return ""
}
