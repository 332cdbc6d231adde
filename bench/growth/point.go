package main

import (
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/quantile"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

// point is a measured step.
type point struct {
	Part, Series string
	workload.Workload
	Procs     int
	MACs      int64   // multiply-adds of a forward pass of the whole batch
	Nodes     int     // of the graph
	Bytes     int64   // that the program needs for its values, parameters included
	BuildMS   float64 // making the graph, without drawing the weights of one that is only built
	CompileMS float64 // differentiating it and making the machine
	MS        float64 // median of the runs; 0 for a graph that is only built
	FastMS    float64 // the fastest run
	Runs      int
	Commit    string
}

// meter measures steps.
type meter struct {
	procs  int           // where a step does not say
	budget time.Duration // for the runs of a step; at least three are made
	commit string
}

// measure makes the points of a series.
func (m meter) measure(p part, s series) (points []point, err error) {
	for _, st := range s.steps {
		measured, err := m.step(st, p.builds)
		if err != nil {
			return nil, err
		}
		measured.Part, measured.Series = p.name, s.label
		points = append(points, measured)
	}
	return points, nil
}

func (m meter) step(s step, builds bool) (point, error) {
	p := point{Workload: s.Workload, Procs: s.procs, Commit: m.commit}
	if p.Procs == 0 {
		p.Procs = m.procs
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(p.Procs))
	if builds {
		return p, m.build(&p)
	}
	r, err := workload.Make(s.Workload)
	if err != nil {
		return p, err
	}
	defer debug.FreeOSMemory()
	defer r.Close()
	p.describe(r)
	p.BuildMS, p.CompileMS = milliseconds(r.Build), milliseconds(r.Compile)
	return p, m.run(&p, r)
}

func (p *point) describe(r *workload.Run) {
	p.MACs = r.Programs[0].Graph().MACs()
	p.Nodes = len(r.Programs[0].Graph().Expr().AllNodes())
	m := r.Programs[0].Memory()
	p.Bytes = m.Params + m.Gradients + m.Pinned + m.Arena
}

// run times runs after two that do not count: the first of them allocates.
func (m meter) run(p *point, r *workload.Run) error {
	for range 2 {
		if err := r.Once(); err != nil {
			return err
		}
	}
	var ms []float64
	for end := time.Now().Add(m.budget); len(ms) < 3 || time.Now().Before(end); {
		took, err := r.Time()
		if err != nil {
			return err
		}
		ms = append(ms, took)
	}
	p.MS, p.FastMS, p.Runs = quantile.Median(ms), slices.Min(ms), len(ms)
	return nil
}

// build makes the graph three times.
func (m meter) build(p *point) error {
	var build, compile []float64
	for range 3 {
		r, err := workload.Make(p.Workload, graph.WithoutInit())
		if err != nil {
			return err
		}
		p.describe(r)
		build = append(build, milliseconds(r.Build))
		compile = append(compile, milliseconds(r.Compile))
		if err := r.Close(); err != nil {
			return err
		}
		runtime.GC()
	}
	p.BuildMS, p.CompileMS, p.Runs = quantile.Median(build), quantile.Median(compile), len(build)
	return nil
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }
