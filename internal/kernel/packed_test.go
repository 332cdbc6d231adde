package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestRoomIsOverwritten leaves rubbish in the memory that plans offer before they
// pack: nothing of it may be left.
func TestRoomIsOverwritten(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, s := range convShapes() {
		x, w := randomSlice(r, s.inLen()), randomSlice(r, s.weightLen())
		onEachPlan(t, s, func(t *testing.T, p *layoutPlan) {
			y := func() []float32 {
				p.Pack(w)
				y := fresh(s.outLen())
				p.Forward(y, x, Epilogue{})
				return y
			}
			want := y()
			room := p.Room()
			if room != nil && len(room) != p.PackedLen() {
				t.Errorf("%s: room for %d values, want the %d of the packed weights", s.name(), len(room), p.PackedLen())
			}
			for i := range room {
				room[i] = float32(math.NaN())
			}
			if !sameBits(want, y()) {
				t.Errorf("%s: what was in the room shows", s.name())
			}
		})
	}
}

func TestPackedLen(t *testing.T) {
	for _, c := range []struct {
		s    ConvShape
		l    Layout
		want int // at least, and little more
		room bool
	}{
		{square(1, 64, 56, 64, 3, 1, 1), Blocked, 36 * 64 * 64, true}, // F(4x4, 3x3)
		{square(1, 64, 7, 64, 3, 1, 1), Blocked, 16 * 64 * 64, true},  // F(2x2, 3x3)
		{square(1, 64, 56, 128, 3, 2, 1), Blocked, 9 * 64 * 128, true},
		{square(1, 3, 224, 64, 7, 2, 3), Entry, 3 * 64 * 49, true},
		{square(1, 3, 32, 48, 3, 1, 1), Planar, 9 * 3 * 48, false},
	} {
		t.Run(fmt.Sprint(c.s.name(), c.l), func(t *testing.T) {
			defer SetExact(SetExact(false))
			p, err := NewConv(c.s, c.l)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.PackedLen(); got < c.want || got > c.want*5/4 {
				t.Errorf("%d values, want %d", got, c.want)
			}
			if got := p.Room() != nil; got != c.room {
				t.Errorf("room: %t, want %t", got, c.room)
			}
		})
	}
}
