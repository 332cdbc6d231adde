package main

import (
	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/quantile"
)

// job is something that contenders do to a file.
type job struct {
	name string // of its row, and by which a transform is known to all contenders
	file string // without its folder
	size string // of the file in kB or of the image in pixels
	// random says that runs differ by what is drawn: their mean counts, and not their
	// median.
	random bool
}

// contender does jobs: time returns how long each of n runs took, in milliseconds.
type contender struct {
	name string
	time func(j job, n int) ([]float64, error)
}

// sum is the number that stands for the runs of a turn.
func (j job) sum(ms []float64) float64 {
	if !j.random {
		return quantile.Median(ms)
	}
	total := 0.0
	for _, v := range ms {
		total += v
	}
	return total / float64(len(ms))
}

// race lets the contenders take turns with a job. The result of each is the median of
// its turns.
func (s *settings) race(j job, contenders []contender) (row, error) {
	r := row{job: j}
	runs := make([]int, len(contenders))
	for i, c := range contenders {
		ms, err := c.time(j, 20) // to warm up, and for the number of runs
		if err != nil {
			return r, errors.Wrap(err, c.name)
		}
		runs[i] = max(3, int(s.turn.Seconds()*1e3/j.sum(ms)))
	}
	turns := make([][]float64, len(contenders))
	for range s.rounds {
		for i, c := range contenders {
			ms, err := c.time(j, runs[i])
			if err != nil {
				return r, errors.Wrap(err, c.name)
			}
			turns[i] = append(turns[i], j.sum(ms))
		}
	}
	for _, t := range turns {
		r.ms = append(r.ms, quantile.Median(t))
	}
	return r, nil
}
