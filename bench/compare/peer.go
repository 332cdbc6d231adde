package main

import (
	"context"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// peer is a process that runs one variant of a workload as often as it is asked
// to.
type peer struct {
	*process
	workload workload.Workload
	variant  string
}

func startPeer(ctx context.Context, w workload.Workload, variant string, command ...string) (*peer, error) {
	p, err := startProcess(ctx, command...)
	if err != nil {
		return nil, err
	}
	return &peer{p, w, variant}, nil
}

// Time asks the peer for n runs.
func (p *peer) Time(n int) ([]float64, error) {
	w := p.workload
	a, err := p.ask("run", w.Model, w.Kind, p.variant, w.Batch, w.Size, n)
	if err != nil {
		return nil, err
	}
	if len(a.MS) != n {
		return nil, errors.Errorf("the peer timed %d runs, want %d", len(a.MS), n)
	}
	return a.MS, nil
}
