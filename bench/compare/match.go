package main

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"
)

// contender can be timed at workloads.
type contender interface {
	// Name tells the contender and its version.
	Name() string
	// Variants are the ways in which it does a kind of workload, "eager" and
	// "frozen"; none if it cannot.
	Variants(kind) []string
	// Time makes one run that does not count and then n that do, and returns the
	// milliseconds of each. What must be built for the workload is kept until the
	// next one.
	Time(ctx context.Context, w workload, variant string, n int) ([]float64, error)
}

// result is what one variant of a contender needed for a workload.
type result struct {
	Contender string
	Variant   string
	// Rounds holds the median milliseconds of each turn.
	Rounds []float64
}

// Median of the turns, in milliseconds.
func (r result) Median() float64 { return quantile(r.Rounds, 0.5) }

// Spread is the distance between the quartiles of the turns, relative to the
// median.
func (r result) Spread() float64 {
	return (quantile(r.Rounds, 0.75) - quantile(r.Rounds, 0.25)) / r.Median()
}

// Ratio is how many times as fast as r the contender first was: the median of
// the quotients turn by turn, so that what slows the machine for a while slows
// both.
func (r result) Ratio(first result) float64 {
	q := make([]float64, len(r.Rounds))
	for i := range q {
		q[i] = r.Rounds[i] / first.Rounds[i]
	}
	return quantile(q, 0.5)
}

// match lets the contenders take turns at a workload. The first result is the
// first contender's.
func match(ctx context.Context, w workload, contenders []contender, rounds int, turn time.Duration) ([]result, error) {
	type player struct {
		contender
		result
		n int // runs that fill a turn
	}
	var players []*player
	for _, c := range contenders {
		for _, v := range c.Variants(w.Kind) {
			players = append(players, &player{c, result{Contender: c.Name(), Variant: v}, 0})
		}
	}
	for round := range rounds {
		for _, p := range players {
			if p.n == 0 { // a first turn that does not count says how long a run is
				ms, err := p.Time(ctx, w, p.Variant, 1)
				if err != nil {
					return nil, errors.Wrap(err, p.Name())
				}
				p.n = max(3, int(float64(turn.Milliseconds())/ms[0]))
			}
			ms, err := p.Time(ctx, w, p.Variant, p.n)
			if err != nil {
				return nil, errors.Wrapf(err, "%s, round %d", p.Name(), round+1)
			}
			p.Rounds = append(p.Rounds, quantile(ms, 0.5))
		}
	}
	results := make([]result, len(players))
	for i, p := range players {
		results[i] = p.result
	}
	return results, nil
}

// quantile q of values, in [0, 1], linear between neighbours; NaN of none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	at := q * float64(len(sorted)-1)
	i := min(int(at), len(sorted)-1)
	j := min(i+1, len(sorted)-1)
	return sorted[i] + (at-float64(i))*(sorted[j]-sorted[i])
}
