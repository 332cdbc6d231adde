package kernel

import (
	"runtime"
	"sync/atomic"
)

//go:generate go run -C gen . -set pause -out ../pause_amd64.s -stubs ../pause_amd64.go -pkg kernel

// Parallel calls f(i) once for every i in [0, n), on up to GOMAXPROCS
// goroutines at once, and returns when all calls have returned. The calls come
// in no fixed order, so a caller that wants the same bits at any GOMAXPROCS
// cuts its work by shape and lets each call write what is its own.
//
// The workers are shared by the whole program. Where they are busy, because f
// itself calls Parallel or another goroutine does, the calls are made one after
// the other by the caller. A panic in f is raised again in the caller, with the
// first panicking call's value, after all running calls have ended; calls not
// yet begun are then left out. f must not call runtime.Goexit.
//
// Parallel allocates nothing, but f is kept on the heap: where a call must not
// allocate, make f once (a method value kept in a plan) and not at each call.
func Parallel(n int, f func(i int)) {
	if n <= 0 {
		return
	}
	helpers := min(n, runtime.GOMAXPROCS(0)) - 1
	if helpers <= 0 || !workers.busy.CompareAndSwap(false, true) {
		for i := range n {
			f(i)
		}
		return
	}
	workers.run(n, f, helpers)
}

// workers is the one pool of the program; its goroutines start when first
// needed and stay.
var workers pool

// spinRounds is how often a worker looks for new work before it sleeps, with
// pauseRound pauses between looks: some tens of microseconds in all, which
// bridges the gap between two kernels of a graph. A sleeping worker takes
// several microseconds to wake.
const (
	spinRounds = 300
	pauseRound = 4
	waitRounds = 2000
)

// A pool runs one region (a call of Parallel that has the workers) at a time.
//
// state is what a worker looks at: bits 0-15 count the workers inside the
// region, bit 16 says that it is open, bits 17-31 hold how many workers are
// asked for, the upper 32 bits number the regions. A worker enters by adding
// one to the count while the region is open, so after the owner has closed it
// and seen the count at zero nobody looks at f.
type pool struct {
	busy    atomic.Bool
	state   atomic.Uint64
	next    atomic.Int64 // the first index nobody has taken
	n       int64
	f       func(int)
	failure atomic.Pointer[any] // what f panicked with
	waiting atomic.Bool         // the owner sleeps until done
	done    chan struct{}       // the last worker to leave wakes the owner
	all     []*worker           // only the owner of a region touches the slice
}

type worker struct {
	id     int
	asleep atomic.Bool
	wake   chan struct{}
}

const (
	countMask = 1<<16 - 1
	openBit   = 1 << 16
	askShift  = 17
	askMax    = 1<<15 - 1
	numShift  = 32
)

func (p *pool) run(n int, f func(int), helpers int) {
	helpers = min(helpers, askMax)
	p.grow(helpers)
	p.n, p.f = int64(n), f
	p.next.Store(0)
	number := p.state.Load()>>numShift + 1
	p.state.Store(number<<numShift | uint64(helpers)<<askShift | openBit)
	for _, w := range p.all[:helpers] {
		if w.asleep.Load() && w.asleep.CompareAndSwap(true, false) {
			w.wake <- struct{}{}
		}
	}
	p.work()
	p.close()
	p.f = nil
	failed := p.failure.Swap(nil)
	p.busy.Store(false)
	if failed != nil {
		panic(*failed)
	}
}

// grow starts the workers that are asked for and not there yet.
func (p *pool) grow(helpers int) {
	if p.done == nil {
		p.done = make(chan struct{}, 1)
	}
	for len(p.all) < helpers {
		w := &worker{id: len(p.all), wake: make(chan struct{}, 1)}
		p.all = append(p.all, w)
		go p.serve(w)
	}
}

// work takes indices until none are left. A panic of f ends the region and is
// kept for the owner.
func (p *pool) work() {
	defer p.rescue()
	n, f := p.n, p.f
	for {
		i := p.next.Add(1) - 1
		if i >= n {
			return
		}
		f(int(i))
	}
}

func (p *pool) rescue() {
	if v := recover(); v != nil {
		failure := v // moved to the heap only here, where something failed
		p.failure.CompareAndSwap(nil, &failure)
		p.next.Store(p.n)
	}
}

// close keeps further workers out of the region and waits for those inside.
func (p *pool) close() {
	for {
		s := p.state.Load()
		if p.state.CompareAndSwap(s, s&^openBit) {
			break
		}
	}
	for round := range waitRounds {
		if p.state.Load()&countMask == 0 {
			return
		}
		pause(pauseRound)
		if round%64 == 63 {
			runtime.Gosched()
		}
	}
	for p.state.Load()&countMask != 0 {
		p.waiting.Store(true)
		if p.state.Load()&countMask == 0 && p.waiting.CompareAndSwap(true, false) {
			return
		}
		<-p.done // perhaps from a worker that was late to leave an earlier region
	}
}

// serve is a worker's life: enter the region that is open, work, look again.
func (p *pool) serve(w *worker) {
	var seen uint64
	for {
		s := p.await(w, seen)
		seen = s >> numShift
		if p.state.CompareAndSwap(s, s+1) {
			p.work()
			p.leave()
			continue
		}
		seen-- // the state has moved: look at it again
	}
}

// leave counts the worker out and wakes an owner that sleeps for the last one.
func (p *pool) leave() {
	if p.state.Add(^uint64(0))&countMask == 0 && p.waiting.CompareAndSwap(true, false) {
		p.done <- struct{}{}
	}
}

// calls reports whether state s asks worker w into a region after seen.
func (w *worker) calls(s, seen uint64) bool {
	return s&openBit != 0 && s>>numShift != seen && uint64(w.id) < s>>askShift&askMax
}

// await returns the state of a region that asks for w and that w has not been
// in. It looks for a while and then sleeps.
func (p *pool) await(w *worker, seen uint64) uint64 {
	for {
		for round := range spinRounds {
			if s := p.state.Load(); w.calls(s, seen) {
				return s
			}
			pause(pauseRound)
			if round%32 == 31 {
				runtime.Gosched()
			}
		}
		w.asleep.Store(true)
		if s := p.state.Load(); w.calls(s, seen) && w.asleep.CompareAndSwap(true, false) {
			return s
		}
		<-w.wake
	}
}
