package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"runtime"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// serve plays this module's part: it is to this command what the scripts in
// bench/peers are.
func serve(in io.Reader, out io.Writer) error {
	say := json.NewEncoder(out)
	variants := []string{"program"}
	if err := say.Encode(greeting{
		Name:  "modelzoo, " + runtime.Version(),
		Kinds: map[workload.Kind][]string{workload.Inference: variants, workload.Training: variants, workload.Generation: variants},
	}); err != nil {
		return err
	}
	var s server
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		ms, err := s.answer(lines.Text())
		a := answer{MS: ms}
		if err != nil {
			a.Error = err.Error()
		}
		if err := say.Encode(a); err != nil {
			return err
		}
	}
	return lines.Err()
}

// server keeps the workload that was run last.
type server struct {
	workload workload.Workload
	run      *workload.Run
}

// warmUp is the number of runs after building, as in the peers.
const warmUp = 3

func (s *server) answer(line string) ([]float64, error) {
	var w workload.Workload
	var variant string
	var n int
	if _, err := fmt.Sscanf(line, "run %s %s %s %d %d %d", &w.Model, &w.Kind, &variant, &w.Batch, &w.Size, &n); err != nil || n < 1 {
		return nil, errors.New("want: run MODEL KIND VARIANT BATCH SIZE N")
	}
	if err := s.prepare(w); err != nil {
		return nil, err
	}
	var ms []float64
	for i := range n + 1 { // the first has the caches that another contender has left
		took, err := s.run.Time()
		if err != nil {
			return nil, err
		}
		if i > 0 {
			ms = append(ms, took)
		}
	}
	return ms, nil
}

func (s *server) prepare(w workload.Workload) error {
	if s.run != nil && s.workload == w {
		return nil
	}
	if s.run != nil {
		if err := s.run.Close(); err != nil {
			return err
		}
		s.run = nil
		runtime.GC()
	}
	r, err := workload.Make(w)
	if err != nil {
		return err
	}
	for range warmUp {
		if err := r.Once(); err != nil {
			return err
		}
	}
	s.workload, s.run = w, r
	return nil
}
