package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

func TestSentences(t *testing.T) {
	text := openText(t, "sentences", TextOptions{})
	if text.Train.Len() != SentencesTrainLen || text.Val.Len() != SentencesValLen || text.Vocab.Len() != len(sentencesAlphabet) {
		t.Errorf("%d and %d characters of %d", text.Train.Len(), text.Val.Len(), text.Vocab.Len())
	}
	if n := len(text.Train.Documents()); n < 100 {
		t.Errorf("%d documents", n)
	}
	if strings.HasPrefix(decoded(text.Vocab, text.Train), decoded(text.Vocab, text.Val)[:200]) {
		t.Error("training and validation are the same")
	}
	// A shorter text is the beginning of a longer one, and its vocabulary is the
	// same.
	short := openText(t, "sentences", TextOptions{TrainLen: 5000, ValLen: 10})
	if !slices.Equal(short.Train.Tokens(), text.Train.Tokens()[:5000]) || short.Val.Len() != 10 {
		t.Error("another length gives another text")
	}
	other := openText(t, "sentences", TextOptions{Seed: 1, TrainLen: 5000, ValLen: 10})
	if slices.Equal(short.Train.Tokens(), other.Train.Tokens()) || !slices.Equal(short.Vocab.Tokens(), other.Vocab.Tokens()) {
		t.Error("another seed gives the same text, or another vocabulary")
	}
	// The text of a seed is part of a run's identity.
	sum := sha256.Sum256([]byte(decoded(text.Vocab, text.Train)))
	if got := hex.EncodeToString(sum[:8]); got != "a601f1e7178a71d7" {
		t.Errorf("the text has changed: sum %s", got)
	}
}

// Documents are what a reader takes for English: whole sentences in paragraphs,
// with balanced quotes and words of the lexicon.
func TestDocuments(t *testing.T) {
	distinct := map[string]bool{}
	for i := range uint64(500) {
		document := writeDocument(rand.New(rng.New(3, "test", i)))
		title, body, _ := strings.Cut(document, "\n\n")
		if !strings.Contains(title, " and the ") || strings.ContainsAny(title, "\n.,") || !strings.HasSuffix(body, "\n\n") {
			t.Errorf("document %d: title %q, end %q", i, title, body[len(body)-10:])
		}
		for line := range strings.SplitSeq(strings.TrimRight(body, "\n"), "\n") {
			first := strings.TrimLeft(line, "\"")
			if line != "" && (first[0] < 'A' || first[0] > 'Z' || !strings.HasSuffix(strings.TrimRight(line, "\""), ".") &&
				!strings.HasSuffix(line, "?\"") && !strings.HasSuffix(line, "!\"") || strings.Count(line, "\"")%2 != 0) {
				t.Errorf("document %d: line %q", i, line)
			}
		}
		for _, wrong := range []string{"  ", ",,", " .", " ,", ",.", "\n\n\n", "a apple", "is having", " -", "a honest"} {
			if strings.Contains(document, wrong) {
				t.Errorf("document %d has %q:\n%s", i, wrong, document)
			}
		}
		for word := range strings.FieldsSeq(document) {
			distinct[strings.ToLower(strings.Trim(word, ".,;:?!\""))] = true
		}
	}
	if len(distinct) < 400 {
		t.Errorf("%d distinct words", len(distinct))
	}
}
