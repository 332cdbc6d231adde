package main

import (
	"context"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// starter times processes from their start to their first prediction, which is
// the first line they print. They then wait for the end of their input, so that
// their memory can be looked at and their end is not in the time.
type starter struct {
	ctx     context.Context
	command []string
	memory  int64
}

// newStarter lets the program make its file of weights.
func (p *program) newStarter(ctx context.Context, w workload.Workload) (*starter, error) {
	if p.predict == nil || w.Batch != 1 {
		return nil, errors.Errorf("%s: want a batch of 1 and a program to predict it", w.Name())
	}
	file, err := os.CreateTemp(p.folder, w.Model+"-")
	if err != nil {
		return nil, errors.Wrap(err, "writing weights")
	}
	file.Close() // the name is what was wanted
	model := []string{w.Model, strconv.Itoa(w.Size), file.Name()}
	write := append(append(p.predict[:len(p.predict):len(p.predict)], "--write"), model...)
	if out, err := exec.CommandContext(ctx, write[0], write[1:]...).CombinedOutput(); err != nil {
		return nil, errors.Errorf("writing weights: %v: %s", err, out)
	}
	command := append(p.predict[:len(p.predict):len(p.predict)], "--threads", strconv.Itoa(p.threads))
	return &starter{ctx: ctx, command: append(command, model...)}, nil
}

// Time starts n processes, one after the other, and one before that does not
// count.
func (s *starter) Time(n int) ([]float64, error) {
	var ms []float64
	for i := range n + 1 {
		took, err := s.once()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			ms = append(ms, took)
		}
	}
	return ms, nil
}

func (s *starter) once() (ms float64, err error) {
	start := time.Now()
	p, stderr, err := launch(s.ctx, s.command...)
	if err != nil {
		return 0, err
	}
	_, err = p.line()
	ms = float64(time.Since(start).Nanoseconds()) / 1e6
	s.memory = max(s.memory, p.Memory())
	if closed := p.Close(); err != nil || closed != nil {
		return 0, errors.Errorf("%s: %s", s.command[0], stderr.last(errors.Errorf("no prediction: %v, %v", err, closed)))
	}
	return ms, nil
}

// Memory is that of the largest process.
func (s *starter) Memory() int64 { return s.memory }

// Close does nothing: no process is left.
func (s *starter) Close() error { return nil }
