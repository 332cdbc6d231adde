package main

import (
	"context"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/quantile"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// result is what one variant of a contender needed for a workload.
type result struct {
	Contender string
	Variant   string
	// Rounds holds the median milliseconds of each turn.
	Rounds []float64
	// Memory is the largest resident set in bytes, 0 if unknown.
	Memory int64
}

// Median of the turns, in milliseconds.
func (r result) Median() float64 { return quantile.Median(r.Rounds) }

// Spread is the distance between the quartiles of the turns, relative to the
// median.
func (r result) Spread() float64 {
	return (quantile.Of(r.Rounds, 0.75) - quantile.Of(r.Rounds, 0.25)) / r.Median()
}

// Ratio is how many times as fast as r the contender first was: the median of
// the quotients turn by turn, so that what slows the machine for a while slows
// both.
func (r result) Ratio(first result) float64 {
	q := make([]float64, len(r.Rounds))
	for i := range q {
		q[i] = r.Rounds[i] / first.Rounds[i]
	}
	return quantile.Median(q)
}

// entry is a player in a match.
type entry struct {
	player
	result
	runs int // that fill a turn; 0: not known yet
}

// match lets the contenders take turns at a workload. The first result is the
// first contender's.
func match(ctx context.Context, w workload.Workload, contenders []contender, rounds int, turn time.Duration) (results []result, err error) {
	entries, err := enter(ctx, w, contenders)
	defer func() {
		for _, e := range entries {
			e.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	for round := range rounds {
		for _, e := range entries {
			if err := e.turn(turn); err != nil {
				return nil, errors.Wrapf(err, "%s, round %d", e.Contender, round+1)
			}
		}
	}
	for _, e := range entries {
		e.result.Memory = e.player.Memory()
		results = append(results, e.result)
	}
	return results, nil
}

// enter makes the players: one for each variant of each contender.
func enter(ctx context.Context, w workload.Workload, contenders []contender) (entries []*entry, err error) {
	for _, c := range contenders {
		for _, v := range c.Variants(w) {
			p, err := c.Enter(ctx, w, v)
			if err != nil {
				return entries, errors.Wrap(err, c.Name())
			}
			entries = append(entries, &entry{player: p, result: result{Contender: c.Name(), Variant: v}})
		}
	}
	return entries, nil
}

// turn lets the player run for a while, three times at least.
func (e *entry) turn(length time.Duration) error {
	if e.runs == 0 { // a first turn that does not count says how long a run is
		ms, err := e.Time(1)
		if err != nil {
			return err
		}
		e.runs = max(3, int(float64(length.Milliseconds())/ms[0]))
	}
	ms, err := e.Time(e.runs)
	if err != nil {
		return err
	}
	e.Rounds = append(e.Rounds, quantile.Median(ms))
	return nil
}
