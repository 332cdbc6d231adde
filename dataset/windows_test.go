package dataset

import (
	"slices"
	"testing"
)

func TestWindows(t *testing.T) {
	const batch, context, n = 4, 5, 12
	w, err := NewWindows(countingUp(t, 5, 7), batch, context, 1)
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]int, batch*context), make([]int, batch*context)
	starts := make([]int, n)
	const steps = 700
	for step := range steps {
		w.At(step, x, y)
		for i := range x {
			if i%context == 0 {
				starts[x[i]]++
			} else if x[i] != x[i-1]+1 {
				t.Fatalf("step %d: tokens %v", step, x)
			}
			if y[i] != x[i]+1 {
				t.Fatalf("step %d: labels %v of %v", step, y, x)
			}
		}
	}
	// Every start from 0 to n-context-1 is equally likely: 400 +- 19.
	for start, got := range starts {
		if want := batch * steps / (n - context); start < n-context && (got < want-90 || got > want+90) || start >= n-context && got > 0 {
			t.Errorf("%d windows begin at %d", got, start)
		}
	}
}

// A window depends on the seed and the step alone.
func TestWindowsAreAddressedByStep(t *testing.T) {
	at := func(seed uint64, batch, step int) []int {
		w, err := NewWindows(countingUp(t, 1<<16), batch, 3, seed)
		if err != nil {
			t.Fatal(err)
		}
		x, y := make([]int, 3*batch), make([]int, 3*batch)
		w.At(step+1, x, y)
		w.At(step, x, y)
		return x
	}
	want := at(1, 8, 5)
	if got := at(1, 8, 5); !slices.Equal(got, want) {
		t.Errorf("%v the second time, %v the first", got, want)
	}
	if got := at(1, 4, 5); !slices.Equal(got, want[:12]) {
		t.Errorf("%v in a smaller batch, %v in a larger", got, want)
	}
	if slices.Equal(at(2, 8, 5), want) || slices.Equal(at(1, 8, 6), want) {
		t.Error("another seed or step gives the same windows")
	}
	// These are part of a run's identity.
	if want := []int{534, 535, 536, 34293, 34294, 34295}; !slices.Equal(at(1, 2, 0), want) {
		t.Errorf("windows %v, want %v", at(1, 2, 0), want)
	}
}

// Each token but the first is predicted once, in order.
func TestCover(t *testing.T) {
	for _, c := range []struct{ n, batch, context, batches int }{
		{2, 1, 1, 1}, {2, 3, 8, 1}, {13, 2, 3, 2}, {14, 2, 3, 3}, {12, 2, 3, 2}, {100, 7, 9, 2}, {64, 1, 63, 1},
	} {
		cover, err := NewCover(countingUp(t, c.n), c.batch, c.context)
		if err != nil {
			t.Fatal(err)
		}
		if cover.Batches() != c.batches {
			t.Errorf("%v: %d batches", c, cover.Batches())
		}
		x, y := make([]int, c.batch*c.context), make([]int, c.batch*c.context)
		next := 0
		for i := range cover.Batches() {
			cover.At(i, x, y)
			for j := range x {
				switch {
				case x[j] < 0 || x[j] >= c.n:
					t.Fatalf("%v: token %d", c, x[j])
				case y[j] == IgnoreIndex && next != c.n-1:
					t.Fatalf("%v: no label for %d", c, next)
				case y[j] != IgnoreIndex && (x[j] != next || y[j] != next+1):
					t.Fatalf("%v: %d then %d, want %d", c, x[j], y[j], next)
				case y[j] != IgnoreIndex:
					next++
				}
			}
		}
		if next != c.n-1 {
			t.Errorf("%v: %d tokens predicted", c, next)
		}
	}
}

func TestWindowsDoNotAllocate(t *testing.T) {
	c := countingUp(t, 1000)
	w, err := NewWindows(c, 4, 8, 1)
	if err != nil {
		t.Fatal(err)
	}
	cover, err := NewCover(c, 4, 8)
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]int, 32), make([]int, 32)
	if n := testing.AllocsPerRun(100, func() { w.At(3, x, y); cover.At(3, x, y) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestWindowsErrors(t *testing.T) {
	for _, c := range []struct {
		n, batch, context int
		windows, cover    string // errors
	}{
		{10, 0, 1, "batch size 0: want at least 1", "batch size 0: want at least 1"},
		{10, 1, 0, "context of 0 tokens: want at least 1", "context of 0 tokens: want at least 1"},
		{1, 1, 1, "1 token of text: want at least 2", "1 token of text: want at least 2"},
		{10, 1, 10, "10 tokens of text are too few for a window of 10: want at least 11", ""},
	} {
		_, err := NewWindows(countingUp(t, c.n), c.batch, c.context, 1)
		wantError(t, err, c.windows)
		if _, err := NewCover(countingUp(t, c.n), c.batch, c.context); c.cover != "" {
			wantError(t, err, c.cover)
		} else if err != nil {
			t.Errorf("%v: %v", c, err)
		}
	}
}
