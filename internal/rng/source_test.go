package rng

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
)

// The known answers that the authors publish with their library Random123
// (kat_vectors, lines "philox4x32 10").
func TestPhiloxKnownAnswers(t *testing.T) {
	const ones = 0xffffffff
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{want: [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{[4]uint32{ones, ones, ones, ones}, [2]uint32{ones, ones},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := Philox4x32(c.counter, c.key); got != c.want {
			t.Errorf("Philox4x32(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

// A stream is part of a run's identity: a change here changes every run.
func TestSourceIsStable(t *testing.T) {
	s := New(42, "test", 1, 2)
	for i, want := range []uint64{0xc142b89594446fc4, 0x777ed0af9cb6a961, 0x1d2e01eaa6310d76} {
		if got := s.Uint64(); got != want {
			t.Errorf("word %d = %#x, want %#x", i, got, want)
		}
	}
}

func TestUint64ReadsBlocksInOrder(t *testing.T) {
	s, blocks := New(1, "order"), New(1, "order")
	for i := range uint64(5) {
		b := blocks.Block(i)
		for h := range 2 {
			want := uint64(b[2*h+1])<<32 | uint64(b[2*h])
			if got := s.Uint64(); got != want {
				t.Errorf("block %d half %d = %#x, want %#x", i, h, got, want)
			}
		}
	}
}

func TestStateNamesTheStream(t *testing.T) {
	s := New(6, "state", 7)
	state := s.State()
	for _, i := range []uint64{0, 3, 1<<32 + 5} {
		counter := [4]uint32{uint32(i), uint32(i >> 32), state[2], state[3]}
		if got, want := s.Block(i), Philox4x32(counter, [2]uint32{state[0], state[1]}); got != want {
			t.Errorf("block %d is %x, by its state %x", i, got, want)
		}
	}
}

func TestNamesAreDistinct(t *testing.T) {
	names := map[string]*Source{
		"plain":         New(1, "a"),
		"seed":          New(2, "a"),
		"purpose":       New(1, "b"),
		"empty":         New(1, ""),
		"index":         New(1, "a", 1),
		"index in name": New(1, "a\x01"),
		"two indices":   New(1, "a", 1, 0),
		"swapped":       New(1, "a", 0, 1),
		"zero index":    New(1, "a", 0),
	}
	seen := map[uint64]string{}
	for name, s := range names {
		v := s.Uint64()
		if other, ok := seen[v]; ok {
			t.Errorf("%s and %s give the same bits", name, other)
		}
		seen[v] = name
	}
}

func TestBlockFromManyGoroutines(t *testing.T) {
	s := New(3, "parallel")
	var want, got [64][4]uint32
	for i := range want {
		want[i] = s.Block(uint64(i))
	}
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { got[i] = s.Block(uint64(i)) })
	}
	wg.Wait()
	if got != want {
		t.Error("blocks depend on who draws them")
	}
}

// Moments and bit balance: what a slip in the counter or the halves would spoil.
func TestUniformity(t *testing.T) {
	const n = 1 << 18
	s := New(4, "uniform")
	var sum, squares, lag, last float64
	var ones [64]int
	for range n {
		v := s.Uint64()
		for b := range ones {
			ones[b] += int(v >> b & 1)
		}
		u := float64(v>>11)/(1<<53) - 0.5
		sum, squares, lag, last = sum+u, squares+u*u, lag+u*last, u
	}
	// Five standard deviations each.
	if m, sd := sum/n, math.Sqrt(1./12/n); math.Abs(m) > 5*sd {
		t.Errorf("mean is off by %g, standard error %g", m, sd)
	}
	if v, sd := squares/n-1./12, math.Sqrt(1./180/n); math.Abs(v) > 5*sd {
		t.Errorf("variance is off by %g, standard error %g", v, sd)
	}
	if c, sd := lag/n, math.Sqrt(1./144/n); math.Abs(c) > 5*sd {
		t.Errorf("neighbours correlate: covariance %g, standard error %g", c, sd)
	}
	for b, c := range ones {
		if d := math.Abs(float64(c) - n/2); d > 5*math.Sqrt(n/4) {
			t.Errorf("bit %d is set %d times of %d", b, c, n)
		}
	}
}

func TestIsRandSource(t *testing.T) {
	var src rand.Source = New(5, "shuffle", 7)
	a := rand.New(src).Perm(100)
	b := rand.New(New(5, "shuffle", 7)).Perm(100)
	for i := range a {
		if a[i] != b[i] {
			t.Fatal("equal names shuffle differently")
		}
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for i := range uint64(b.N) {
		New(1, "augment", 2, i).Uint64()
	}
}

func BenchmarkUint64(b *testing.B) {
	b.SetBytes(8)
	s := New(1, "bench")
	for range b.N {
		s.Uint64()
	}
}
