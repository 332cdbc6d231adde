package main

import (
	"bytes"
	"image/jpeg"
	"os"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/quantile"
	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// contender decodes files: time returns how long each of n runs took, in
// milliseconds.
type contender struct {
	name string
	time func(file string, n int) ([]float64, error)
}

// ours are the contenders in this process.
func ours() []contender {
	m := new(dataset.Image)
	decode := func(file []byte) error { return dataset.Decode(bytes.NewReader(file), m, 0) }
	generic := func(file []byte) error {
		defer kernel.SetTier(kernel.SetTier(kernel.Generic))
		return decode(file)
	}
	standard := func(file []byte) error {
		_, err := jpeg.Decode(bytes.NewReader(file))
		return err
	}
	return []contender{{"this module", timed(decode)}, {"in plain Go", timed(generic)}, {"image/jpeg", timed(standard)}}
}

func timed(decode func(file []byte) error) func(string, int) ([]float64, error) {
	return func(name string, n int) ([]float64, error) {
		file, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		ms := make([]float64, n)
		for i := range ms {
			start := time.Now()
			if err := decode(file); err != nil {
				return nil, err
			}
			ms[i] = time.Since(start).Seconds() * 1e3
		}
		return ms, nil
	}
}

// race lets the contenders take turns with a file. The result of each is the median of
// its turns' medians.
func (s *settings) race(file string, contenders []contender) (row, error) {
	info, err := os.Stat(file)
	if err != nil {
		return row{}, err
	}
	r := row{name: info.Name(), bytes: info.Size()}
	runs := make([]int, len(contenders))
	for i, c := range contenders {
		ms, err := c.time(file, 3) // to warm up, and for the number of runs
		if err != nil {
			return r, errors.Wrap(err, c.name)
		}
		runs[i] = max(3, int(s.turn.Seconds()*1e3/quantile.Median(ms)))
	}
	medians := make([][]float64, len(contenders))
	for range s.rounds {
		for i, c := range contenders {
			ms, err := c.time(file, runs[i])
			if err != nil {
				return r, errors.Wrap(err, c.name)
			}
			medians[i] = append(medians[i], quantile.Median(ms))
		}
	}
	for _, m := range medians {
		r.ms = append(r.ms, quantile.Median(m))
	}
	return r, nil
}
