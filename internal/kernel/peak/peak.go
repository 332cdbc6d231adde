// Package peak measures how many floating-point operations a second the cores
// can do at most, so that benchmarks can say what part of that a kernel
// reaches.
package peak

import (
	"runtime"
	"sync"
	"time"
)

//go:generate go run -C ../gen . -set peak -out ../peak/peak_amd64.s -stubs ../peak/peak_amd64.go -pkg peak

// A Loop is a run of independent multiply-adds.
type Loop struct {
	Name  string           // of the tier whose instructions it uses
	Flops int              // operations of one round
	Run   func(rounds int) // does so many rounds
}

// Loops returns the loops this machine can run, the fastest last. There is none
// where the machine has no vector unit that the package knows.
func Loops() []Loop { return nativeLoops() }

// GFLOPS returns the billions of operations a second that the loop reaches on
// the given number of threads together: the best of several tries of some
// milliseconds, so that a busy neighbour matters less.
func (l Loop) GFLOPS(threads int) float64 {
	const rounds, tries = 300_000, 15
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
	best := 0.0
	for range tries {
		var group sync.WaitGroup
		start := time.Now()
		for range threads {
			group.Go(func() { l.Run(rounds) })
		}
		group.Wait()
		best = max(best, float64(l.Flops*rounds*threads)/float64(time.Since(start).Nanoseconds()))
	}
	return best
}
