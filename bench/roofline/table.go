package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

// roof is what the machine can do at most.
type roof struct {
	flops float64 // multiply-adds, in 10⁹ operations a second, two to each; 0 if unknown
	bytes float64 // copied from memory to memory, read and written, in 10⁹ a second
}

func (r roof) String() string {
	if r.flops == 0 {
		return fmt.Sprintf("copying memory %.1f GB/s", r.bytes)
	}
	return fmt.Sprintf("peak %.1f GFLOP/s, copying memory %.1f GB/s", r.flops, r.bytes)
}

// part is a line of the table: operations that are alike, taken together.
type part struct {
	first graph.OpTime
	n     int
	time  time.Duration
	macs  int64
	bytes int64
}

func (p *part) add(o graph.OpTime) {
	if p.n == 0 {
		p.first = o
	}
	p.n++
	p.time += o.Time
	p.macs += o.MACs
	p.bytes += o.Bytes
}

// table is a workload's profile, summed up.
type table struct {
	roof   roof
	whole  time.Duration // of a run and of the solver's step
	rest   time.Duration // of the run, outside of all operations
	solver time.Duration // 0 for inference
	layers []*part       // convolutions and linear layers: same layers together
	others []*part       // everything else, by operation
}

// inspect profiles a workload.
func inspect(w workload.Workload, runs int, roof roof) (*table, error) {
	r, err := workload.Make(w)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	for range 2 { // the first runs allocate
		if err := r.Once(); err != nil {
			return nil, err
		}
	}
	p, err := r.Profile(runs)
	if err != nil {
		return nil, err
	}
	t := newTable(p, roof)
	if w.Kind == workload.Training {
		if t.solver, err = solverTime(r, runs); err != nil {
			return nil, err
		}
		t.whole += t.solver
	}
	return t, nil
}

// solverTime is the shortest time of the solver's steps.
func solverTime(r *workload.Run, runs int) (time.Duration, error) {
	best := time.Hour
	for range runs {
		start := time.Now()
		if err := r.Update(); err != nil {
			return 0, err
		}
		best = min(best, time.Since(start))
	}
	return best, nil
}

func newTable(p *graph.Profile, roof roof) *table {
	t := &table{roof: roof, whole: p.Run, rest: p.Rest}
	seen := make(map[string]*part)
	for _, o := range p.Ops {
		key, list := o.Op, &t.others
		if o.MACs > 0 {
			key = fmt.Sprint(o.Op, o.Shape, o.MACs, o.Bytes, o.Algorithm)
			list = &t.layers
		}
		if seen[key] == nil {
			seen[key] = new(part)
			*list = append(*list, seen[key])
		}
		seen[key].add(o)
	}
	return t
}

// String is the table in markdown.
func (t *table) String() string {
	var b strings.Builder
	b.WriteString("| part | operation | result | algorithm | ms | of all | GFLOP/s | of peak | GB/s |\n|---|---|---|---|--:|--:|--:|--:|--:|\n")
	var products, others part
	for _, p := range t.layers {
		fmt.Fprintf(&b, "| %s | %s | %v | %s | %s |\n", p.name(), p.first.Op, p.first.Shape, p.first.Algorithm, t.figures(*p))
		products.sum(*p)
	}
	for _, p := range t.others {
		fmt.Fprintf(&b, "| %s | %s | | | %s |\n", times(p.n), p.first.Op, t.figures(*p))
		others.sum(*p)
	}
	fmt.Fprintf(&b, "| **convolutions and linear layers** | %s | | | %s |\n", times(products.n), t.figures(products))
	fmt.Fprintf(&b, "| **other operations** | %s | | | %s |\n", times(others.n), t.figures(others))
	fmt.Fprintf(&b, "| **the machine, sums of gradients** | | | | %s |\n", t.figures(part{time: t.rest}))
	if t.solver > 0 {
		fmt.Fprintf(&b, "| **solver** | | | | %s |\n", t.figures(part{time: t.solver}))
	}
	fmt.Fprintf(&b, "| **all** | | | | %s |\n", t.figures(part{time: t.whole, macs: products.macs}))
	return b.String()
}

func (p *part) sum(q part) {
	p.n += q.n
	p.time += q.time
	p.macs += q.macs
	p.bytes += q.bytes
}

// name is that of the first layer, and how many more there are like it.
func (p *part) name() string {
	name := p.first.Scope
	if name == "" {
		name = "the model"
	}
	if p.n > 1 {
		name += fmt.Sprintf(" and %d more", p.n-1)
	}
	return name
}

func times(n int) string { return fmt.Sprintf("%d ×", n) }

// figures are the last columns of a line; those that do not apply are empty.
func (t *table) figures(p part) string {
	var flops, share, bytes string
	if rate := 2 * float64(p.macs) / float64(p.time); p.macs > 0 && p.time > 0 {
		flops = fmt.Sprintf("%.1f", rate)
		if t.roof.flops > 0 {
			share = fmt.Sprintf("%.0f %%", 100*rate/t.roof.flops)
		}
	}
	if p.bytes > 0 && p.time > 0 {
		bytes = fmt.Sprintf("%.1f", float64(p.bytes)/float64(p.time))
	}
	return fmt.Sprintf("%.3f | %.1f %% | %s | %s | %s", p.time.Seconds()*1e3, 100*float64(p.time)/float64(t.whole), flops, share, bytes)
}
