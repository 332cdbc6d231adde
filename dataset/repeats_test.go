package dataset

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// The order is the first part of the one without repeats, each image three times
// in a row, as torchvision's RASampler gives it.
func TestLoaderRepeats(t *testing.T) {
	d := numbered(t, 50)
	config := Config{BatchSize: 7, Shuffle: true, DropLast: true, Pipeline: augmentation, Seed: 11}
	plain := take(t, newLoader(t, d, config), 14)
	config.Repeats = 3
	l := newLoader(t, d, config)
	if l.Batches() != 7 {
		t.Fatalf("%d batches, want 7", l.Batches())
	}
	got := take(t, l, 14)
	for epoch := range 2 {
		var order, seen []int
		for i := range 7 {
			order = append(order, plain[epoch*7+i].Indices...)
			seen = append(seen, got[epoch*7+i].Indices...)
		}
		for i, index := range seen {
			if index != order[i/3] {
				t.Fatalf("epoch %d: image %d at place %d, want %d", epoch, index, i, order[i/3])
			}
		}
	}
	size := len(got[0].Images) / 7
	first, second, third := got[0].Images[:size], got[0].Images[size:2*size], got[0].Images[2*size:3*size]
	if slices.Equal(first, second) || slices.Equal(first, third) || slices.Equal(second, third) {
		t.Error("repeats of an image are augmented alike")
	}
	if !slices.Equal(first, plain[0].Images[:size]) {
		t.Error("the first of the repeats differs from the image without them")
	}
	var m Image
	if _, err := d.Get(got[0].Indices[2], &m); err != nil {
		t.Fatal(err)
	}
	want := make([]float32, size)
	if err := augmentation.Apply(&m, rand.New(rng.New(11, "augment", 0, uint64(got[0].Indices[2]), 2)), want); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(third, want) {
		t.Error("the draws of a repeat are not those of its key")
	}
}

// Repeats are the same at any number of workers, and after a seek.
func TestLoaderRepeatsAreReproducible(t *testing.T) {
	d := &faulty{Dataset: numbered(t, 50), corrupt: []int{3, 4, 17, 49}}
	config := Config{BatchSize: 7, Shuffle: true, DropLast: true, Pipeline: augmentation, Seed: 11, Repeats: 4, Workers: 1}
	want := take(t, newLoader(t, d, config), 14)
	for _, workers := range []int{2, 5} {
		config.Workers = workers
		l := newLoader(t, d, config)
		if diff := cmp.Diff(want, take(t, l, 14)); diff != "" {
			t.Errorf("%d workers: %s", workers, diff)
		}
		if err := l.Seek(1, 3); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[10:], take(t, l, 4)); diff != "" {
			t.Errorf("after a seek: %s", diff)
		}
	}
	config.Repeats = -1
	if _, err := NewLoader(d, config); err == nil || err.Error() != "-1 repeats: want at least 1, or 0 for 1" {
		t.Errorf("%v", err)
	}
}
