package kernel

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// spoilScratch leaves bad values in the memory that is lent next.
func spoilScratch(n int) {
	scratch.mu.Lock()
	scratch.idle = nil // what other tests left is larger, or smaller and would be lent first
	scratch.mu.Unlock()
	s := scratch.borrow(n)
	copy(s, fresh(n))
	scratch.giveBack(s)
}

// TestConvCompute wants the bits of Pack and Forward, whatever is in the memory
// that the weights are packed into.
func TestConvCompute(t *testing.T) {
	r := rand.New(rand.NewPCG(27, 28))
	for _, s := range convShapes() {
		x, w, bias := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen()), randomSlice(r, s.K)
		onEachPlan(t, s, func(t *testing.T, planar *layoutPlan) {
			p, e := planar.Conv, Epilogue{Bias: bias, ReLU: true}
			got, want := fresh(s.outLen()), fresh(s.outLen())
			spoilScratch(16 * s.weightLen())
			p.Compute(got, x, w, e)
			p.Pack(w)
			p.Forward(want, x, e)
			if !slices.Equal(got, want) {
				t.Errorf("%s: other bits", s.name())
			}
		})
	}
}

// TestConvSideBySide runs plans at the same time, which must not share the
// memory that they borrow.
func TestConvSideBySide(t *testing.T) {
	r := rand.New(rand.NewPCG(29, 30))
	var wait sync.WaitGroup
	for _, s := range []ConvShape{square(2, 16, 9, 32, 3, 1, 1), square(2, 32, 7, 16, 1, 1, 0), square(1, 16, 8, 16, 3, 2, 1)} {
		x, w, dy := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen()), randomSlice(r, s.outLen())
		y, dx, dw := fresh(s.outLen()), fresh(s.inLen()), fresh(s.weightLen())
		p := plan(t, s, Blocked).Conv
		all := func(y, dx, dw []float32) {
			p.Compute(y, x, w, Epilogue{})
			p.InputGrad(dx, dy, w)
			p.WeightGrad(dw, x, dy)
		}
		all(y, dx, dw)
		wait.Go(func() {
			y2, dx2, dw2 := fresh(len(y)), fresh(len(dx)), fresh(len(dw))
			for range 20 {
				all(y2, dx2, dw2)
				if !slices.Equal(y2, y) || !slices.Equal(dx2, dx) || !slices.Equal(dw2, dw) {
					t.Errorf("%s: other bits", s.name())
					return
				}
			}
		})
	}
	wait.Wait()
}
