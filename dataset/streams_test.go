package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func newStreams(t testing.TB, c *Corpus, batch, steps int) *Streams {
	t.Helper()
	s, err := NewStreams(c, batch, steps)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// rowsOf returns the next batch as text: each row its tokens and labels, "." where there is
// no label, and "|" first where the state is zeroed.
func rowsOf(s *Streams) string {
	n := s.batch * s.steps
	x, y, reset := make([]int, n), make([]int, n), make([]bool, s.batch)
	if !s.Next(x, y, reset) {
		return "end"
	}
	var rows []string
	for row := range s.batch {
		var b strings.Builder
		if reset[row] {
			b.WriteString("|")
		}
		for i := row * s.steps; i < (row+1)*s.steps; i++ {
			if y[i] == IgnoreIndex {
				b.WriteString(" .")
			} else {
				fmt.Fprintf(&b, " %d>%d", x[i], y[i])
			}
		}
		rows = append(rows, b.String())
	}
	return strings.Join(rows, " /")
}

func TestStreams(t *testing.T) {
	for _, c := range []struct {
		name         string
		documents    []int
		batch, steps int
		want         []string
	}{
		{"one document, as torch batches it", []int{15}, 2, 3, []string{
			"| 0>1 1>2 2>3 /| 7>8 8>9 9>10",
			" 3>4 4>5 5>6 / 10>11 11>12 12>13",
		}},
		{"a short last window", []int{12}, 2, 3, []string{
			"| 0>1 1>2 2>3 /| 6>7 7>8 8>9",
			" 3>4 4>5 . / 9>10 10>11 .",
		}},
		{"documents end in the middle of a window and of a row", []int{5, 7}, 1, 3, []string{
			"| 0>1 1>2 2>3", " 3>4 . .", "| 5>6 6>7 7>8", " 8>9 9>10 10>11",
		}},
		{"a document is cut by the rows, and one row is done before the other", []int{2, 8, 2}, 2, 4, []string{
			"| 0>1 . . . /| 6>7 7>8 8>9 .",
			"| 2>3 3>4 4>5 . /| 10>11 . . .",
		}},
		{"a row that is done has no labels", []int{2, 2, 8}, 2, 4, []string{
			"| 0>1 . . . /| 6>7 7>8 8>9 9>10",
			"| 2>3 . . . / 10>11 . . .",
			"| 4>5 . . . /| . . . .",
		}},
		{"documents of one token predict nothing", []int{1, 1, 3, 1}, 1, 2, []string{"| 2>3 3>4"}},
	} {
		s := newStreams(t, countingUp(t, c.documents...), c.batch, c.steps)
		if s.Batches() != len(c.want) {
			t.Errorf("%s: %d batches, want %d", c.name, s.Batches(), len(c.want))
		}
		for epoch := range 2 {
			for i, want := range append(slices.Clone(c.want), "end") {
				if got := s.Position(); got != i {
					t.Errorf("%s: position %d, want %d", c.name, got, i)
				}
				if got := rowsOf(s); got != want {
					t.Errorf("%s: epoch %d, batch %d: %s, want %s", c.name, epoch, i, got, want)
				}
			}
		}
		for i, want := range append(slices.Clone(c.want), "end") {
			if err := s.Seek(i); err != nil {
				t.Fatal(err)
			}
			if got := rowsOf(s); got != want {
				t.Errorf("%s: batch %d after Seek: %s, want %s", c.name, i, got, want)
			}
		}
	}
}

// Plain contiguous batching is torch's: x[r][i] = tokens[r*L + b*T + i], and y
// the next.
func TestStreamsOfOneDocument(t *testing.T) {
	for _, c := range []struct{ n, batch, steps int }{{1000, 7, 13}, {1000, 1, 1000 - 1}, {64 * 33, 64, 32}, {50, 3, 1}} {
		s := newStreams(t, countingUp(t, c.n), c.batch, c.steps)
		length, size := c.n/c.batch, c.batch*c.steps
		x, y, reset := make([]int, size), make([]int, size), make([]bool, c.batch)
		b := 0
		for ; s.Next(x, y, reset); b++ {
			for i := range x {
				row, at := i/c.steps, b*c.steps+i%c.steps
				if at+1 >= length {
					if y[i] != IgnoreIndex {
						t.Fatalf("%v: a label after the end of row %d", c, row)
					}
					continue
				}
				if x[i] != row*length+at || y[i] != x[i]+1 || reset[row] != (b == 0) {
					t.Fatalf("%v: batch %d, place %d: %d, then %d; reset %v", c, b, i, x[i], y[i], reset[row])
				}
			}
		}
		if want := (length - 1 + c.steps - 1) / c.steps; b != want || s.Batches() != want {
			t.Errorf("%v: %d batches, %d by Batches, want %d", c, b, s.Batches(), want)
		}
	}
}

func TestStreamsDoNotAllocate(t *testing.T) {
	s := newStreams(t, countingUp(t, 300, 20, 700), 4, 8)
	x, y, reset := make([]int, 32), make([]int, 32), make([]bool, 4)
	if n := testing.AllocsPerRun(100, func() { s.Next(x, y, reset) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestStreamsErrors(t *testing.T) {
	for _, c := range []struct {
		documents    []int
		batch, steps int
		want         string
	}{
		{[]int{100}, 8, 16, "100 tokens of text are too few for 8 rows of 16 steps: want 8 times 17"},
		{[]int{100}, 1, 100, "100 tokens of text are too few for 1 row of 100 steps: want 1 times 101"},
		{[]int{100}, 101, 1, "100 tokens of text are too few for 101 rows"},
		{nil, 1, 1, "0 tokens of text are too few"},
		{[]int{100}, 0, 1, "batch size 0: want at least 1"},
		{[]int{100}, 1, -1, "-1 steps: want at least 1"},
		{[]int{1, 1, 1, 1}, 2, 1, "4 documents of 4 tokens have nothing to predict"},
	} {
		_, err := NewStreams(countingUp(t, c.documents...), c.batch, c.steps)
		wantError(t, err, c.want)
	}
	s := newStreams(t, countingUp(t, 17), 2, 2)
	wantError(t, s.Seek(-1), "batch -1: want 0 to 4")
	wantError(t, s.Seek(5), "batch 5: want 0 to 4")
}
