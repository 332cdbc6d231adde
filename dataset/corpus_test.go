package dataset

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// countingUp returns a corpus of documents of these lengths, whose tokens count
// up from 0.
func countingUp(t testing.TB, lengths ...int) *Corpus {
	t.Helper()
	var documents [][]int
	next := 0
	for _, n := range lengths {
		document := make([]int, n)
		for i := range document {
			document[i] = next
			next++
		}
		documents = append(documents, document)
	}
	c, err := NewCorpus(documents...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantStarts(t *testing.T, name string, c *Corpus, want ...int) {
	t.Helper()
	if diff := cmp.Diff(want, c.Documents()); diff != "" && len(want)+len(c.Documents()) > 0 {
		t.Errorf("%s: documents (-want +got):\n%s", name, diff)
	}
}

func TestNewCorpus(t *testing.T) {
	c := countingUp(t, 0, 3, 0, 2)
	wantStarts(t, "empty documents", c, 0, 3)
	if diff := cmp.Diff([]int32{0, 1, 2, 3, 4}, c.Tokens()); diff != "" || c.Len() != 5 {
		t.Errorf("length %d, tokens (-want +got):\n%s", c.Len(), diff)
	}
	for _, token := range []int{-1, math.MaxInt32 + 1} {
		_, err := NewCorpus([]int{1}, []int{1, token})
		wantError(t, err, "document 1: token 1 is ")
	}
}

func TestCorpusSplit(t *testing.T) {
	for _, c := range []struct {
		name        string
		n           int
		first, rest []int
	}{
		{"within a document", 4, []int{0, 3}, []int{0, 1}},
		{"between documents", 5, []int{0, 3}, []int{0}},
		{"within the last", 6, []int{0, 3, 5}, []int{0}},
		{"within the first", 1, []int{0}, []int{0, 2, 4}},
		{"nothing", 0, nil, []int{0, 3, 5}},
		{"everything", 9, []int{0, 3, 5}, nil},
	} {
		first, rest := countingUp(t, 3, 2, 4).split(c.n)
		wantStarts(t, c.name+", first", first, c.first...)
		wantStarts(t, c.name+", rest", rest, c.rest...)
		if first.Len() != c.n || rest.Len() != 9-c.n || rest.Len() > 0 && rest.Tokens()[0] != int32(c.n) {
			t.Errorf("%s: %v and %v", c.name, first.Tokens(), rest.Tokens())
		}
	}
}
