package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// TestProfile looks for every operation of a training run, with its place in
// the model and its work.
func TestProfile(t *testing.T) {
	p := program(t, graph.NewParams(1), graph.Train)
	profile, err := p.Profile(3)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range profile.Ops {
		if o.MACs > 0 || strings.HasPrefix(o.Op, "Re") {
			got = append(got, fmt.Sprintf("%s %s %v %d %v", o.Scope, o.Op, o.Shape, o.MACs, o.Backward))
		}
		if o.Time <= 0 || o.Time > profile.Run || o.Bytes <= 0 || (o.GFLOPS() > 0) != (o.MACs > 0) {
			t.Errorf("%s %s: time %v, %d bytes, %d multiply-adds, %.3f GFLOP/s", o.Scope, o.Op, o.Time, o.Bytes, o.MACs, o.GFLOPS())
		}
	}
	slices.Sort(got)
	want := []string{
		"a Conv2d (2, 4, 5, 5) 5400 false",
		"a Conv2dWeightGrad (4, 3, 3, 3) 5400 true",
		"b ReLU (2, 4, 5, 5) 0 false",
		"b ReLUGrad (2, 4, 5, 5) 0 true",
		"c Conv2d (2, 4, 5, 5) 7200 false",
		"c Conv2dInputGrad (2, 4, 5, 5) 7200 true",
		"c Conv2dWeightGrad (4, 4, 3, 3) 7200 true",
	}
	if !slices.Equal(got, want) {
		t.Errorf("operations\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if profile.Rest <= 0 || profile.Rest > profile.Run {
		t.Errorf("a run takes %v, the rest of it %v", profile.Run, profile.Rest)
	}
	if _, err := p.Profile(0); err == nil {
		t.Error("a profile of no runs gives no error")
	}
}

// TestProfileError profiles a run that fails: the error is the run's, and it
// says where.
func TestProfileError(t *testing.T) {
	p := program(t, graph.NewParams(1), graph.Train)
	labels := tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{0, 99}))
	if err := p.Let("y", labels); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Profile(2); err == nil || !strings.Contains(err.Error(), "CrossEntropy") {
		t.Errorf("error %v, want that of CrossEntropy", err)
	}
}

// TestWatch watches every run once, and none after it was called off.
func TestWatch(t *testing.T) {
	p := program(t, graph.NewParams(1), graph.Eval)
	seen := make(map[*gorgonia.Node]int)
	op.Watch(p.Graph().Expr(), func(n *gorgonia.Node, took time.Duration) { seen[n]++ })
	for range 2 {
		if err := p.Run(); err != nil {
			t.Fatal(err)
		}
	}
	op.Watch(p.Graph().Expr(), nil)
	if err := p.Run(); err != nil {
		t.Fatal(err)
	}
	for n, times := range seen {
		if times != 2 {
			t.Errorf("%s was seen %d times in 2 runs", op.Name(n), times)
		}
	}
	own := 0
	for _, n := range p.Graph().Expr().AllNodes() {
		if op.Own(n) {
			own++
		}
	}
	if len(seen) != own {
		t.Errorf("%d operations were seen, the graph has %d", len(seen), own)
	}
}
