package dataset

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func characters(t testing.TB, text string) *Vocabulary {
	t.Helper()
	v, err := NewCharacters(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func words(t testing.TB, text string, minCount int) *Vocabulary {
	t.Helper()
	v, err := NewWords(text, minCount)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVocabularyTokens(t *testing.T) {
	for _, c := range []struct {
		name string
		v    *Vocabulary
		unit string
		want []string
	}{
		{"characters are sorted", characters(t, "hé\nello €"), CharacterUnit, []string{"\n", " ", "e", "h", "l", "o", "é", "€"}},
		{"frequent words first, then as they appear", words(t, "b a c\na  b\tb", 0), WordUnit, []string{"<unk>", "<eos>", "b", "a", "c"}},
		{"rare words are left out", words(t, "b a c\na b b", 2), WordUnit, []string{"<unk>", "<eos>", "b", "a"}},
		{"the special words do not come twice", words(t, "a <unk> <eos> <unk>", 1), WordUnit, []string{"<unk>", "<eos>", "a"}},
	} {
		if diff := cmp.Diff(c.want, c.v.Tokens()); diff != "" || c.v.Unit() != c.unit || c.v.Len() != len(c.want) {
			t.Errorf("%s: unit %s, length %d, tokens (-want +got):\n%s", c.name, c.v.Unit(), c.v.Len(), diff)
		}
	}
}

func TestVocabularyEncode(t *testing.T) {
	plain, err := RestoreVocabulary(WordUnit, []string{"a", "b", EndToken})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		v    *Vocabulary
		text string
		want []int
		back string // "" is text
	}{
		{"characters", characters(t, "abé\n"), "bé\na", []int{2, 3, 0, 1}, ""},
		{"no characters", characters(t, "ab"), "", []int{}, ""},
		{"words", words(t, "a b c", 1), "c a\nb", []int{4, 2, 1, 3}, ""},
		{"white space", words(t, "a b", 1), " \ta \u00a0 b \r\n \n", []int{2, 3, 1, 1}, "a b\n\n"},
		{"unknown words", words(t, "a b", 1), "a zebra b", []int{2, 0, 3}, "a <unk> b"},
		{"special words", words(t, "a b", 1), "a <unk> <eos> b", []int{2, 0, 1, 3}, "a <unk>\nb"},
		{"without the unknown word", plain, "b a\n", []int{1, 0, 2}, ""},
	} {
		got, err := c.v.Encode(c.text)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: ids %v (%v), want %v", c.name, got, err, c.want)
		}
		if c.back == "" {
			c.back = c.text
		}
		if back := c.v.Decode(got); back != c.back {
			t.Errorf("%s: decoded %q, want %q", c.name, back, c.back)
		}
	}
	if got := plain.Decode([]int{-1, 0, 3}); got != "\ufffd a \ufffd" {
		t.Errorf("ids beyond the vocabulary: %q", got)
	}
}

func TestVocabularyErrors(t *testing.T) {
	encode := func(v *Vocabulary, text string) error { _, err := v.Encode(text); return err }
	restore := func(unit string, tokens ...string) error { _, err := RestoreVocabulary(unit, tokens); return err }
	ofCharacters := func(text string) error { _, err := NewCharacters(text); return err }
	ofWords := func(text string, minCount int) error { _, err := NewWords(text, minCount); return err }
	plain, err := RestoreVocabulary(WordUnit, []string{"cheese", "bread"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{encode(characters(t, "hello\n"), "hellé"), `unknown character "é" at position 4: the vocabulary has 5 characters: "\nehlo"`},
		{encode(characters(t, "abcdefghijklmnopqrst"), "ab\ncd"), `unknown character "\n" at position 2: the vocabulary has 20 characters: "abcdefghijklmnop..."`},
		{encode(characters(t, "ab"), "a\xff"), "invalid UTF-8 at byte 1, in line 1"},
		{encode(words(t, "a b", 1), "a\nb\xff"), "invalid UTF-8 at byte 3, in line 2"},
		{encode(plain, "bread chese"), `unknown word "chese" at position 1: the vocabulary has 2 words, near it cheese, and no <unk>`},
		{encode(plain, strings.Repeat("x", 1000)), `unknown word "` + strings.Repeat("x", 40) + `" at`},
		{encode(plain, "bread\n"), "a line end at position 1: the vocabulary has 2 words, and no <eos>"},
		{restore("byte", "a", "b"), `vocabulary of unit "byte": want character or word`},
		{restore(CharacterUnit), "a vocabulary of 0 tokens: want at least 2"},
		{restore(WordUnit, "a"), "a vocabulary of 1 token: want at least 2"},
		{restore(CharacterUnit, "a", "b", "a"), `token 2, "a", is token 0 already`},
		{restore(WordUnit, "a", "b", "b"), `token 2, "b", is token 1 already`},
		{restore(WordUnit, "a", ""), "token 1 is empty"},
		{restore(CharacterUnit, "a", ""), "token 1 is empty"},
		{restore(CharacterUnit, "a", "bc"), `token 1, "bc", is not one character`},
		{restore(CharacterUnit, "a", "\xff"), `token 1, "\xff", is not UTF-8`},
		{restore(WordUnit, "a", "b c"), `token 1, "b c", is not one word`},
		{ofCharacters(""), "the text is empty"},
		{ofCharacters("aaaa"), "a vocabulary of 1 token"},
		{ofCharacters("ab\x00"), "this is no text: byte 2 is zero"},
		{ofCharacters("a\ufffd\nb\xc3("), "invalid UTF-8 at byte 6, in line 2"},
		{ofWords(" \n ", 1), "the text has no words"},
		{ofWords("a b b", 3), `no word occurs 3 times: the most frequent, "b", occurs 2 times`},
		{ofWords("a", -1), "minimum count -1"},
	} {
		wantError(t, c.err, c.want)
	}
}

// The vocabulary of WikiText-2 has some 33,000 words.
func TestLargeVocabulary(t *testing.T) {
	var b strings.Builder
	const n = 33000
	for i := range 9 * n {
		fmt.Fprintf(&b, "word%d ", i*31%n)
	}
	for i := range n {
		fmt.Fprintf(&b, "word%d\n", i)
	}
	start := time.Now()
	v := words(t, b.String(), 1)
	ids, err := v.Encode(b.String())
	if err != nil || v.Len() != n+2 || len(ids) != 11*n {
		t.Fatalf("%d words, %d ids (%v)", v.Len(), len(ids), err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("%v for %d words", took, 10*n)
	}
}

// What is encoded decodes to a text that encodes the same, and characters to the
// same text.
func FuzzVocabulary(f *testing.F) {
	f.Add("hello world", "world\n\nhello")
	f.Add("a <unk>\nb", " \u0085 a\u2028b \r\n")
	f.Add("\ufffd\x00", "\xff")
	f.Fuzz(func(t *testing.T, text, other string) {
		for _, v := range vocabulariesOf(text) {
			restored, err := RestoreVocabulary(v.Unit(), v.Tokens())
			if err != nil {
				t.Fatalf("%q: %v", v.Tokens(), err)
			}
			for _, s := range []string{text, other} {
				ids, err := restored.Encode(s)
				if err != nil {
					if strings.Contains(err.Error(), "\n") || s == text {
						t.Errorf("%q: %v", s, err)
					}
					continue
				}
				back := restored.Decode(ids)
				if v.Unit() == CharacterUnit && back != s {
					t.Errorf("%q became %q", s, back)
				}
				if again, err := restored.Encode(back); err != nil || !slices.Equal(again, ids) {
					t.Errorf("%q: ids %v, and of %q %v (%v)", s, ids, back, again, err)
				}
			}
		}
	})
}

// vocabulariesOf returns the vocabularies that a text has.
func vocabulariesOf(text string) (list []*Vocabulary) {
	if v, err := NewCharacters(text); err == nil {
		list = append(list, v)
	}
	if v, err := NewWords(text, 1); err == nil {
		list = append(list, v)
	}
	return list
}

// A word that the vocabulary lacks is <unk> in a text, and an error where known
// words are wanted.
func TestEncodeKnown(t *testing.T) {
	v, err := NewWords("the cat saw the dog\n", 1)
	if err != nil {
		t.Fatal(err)
	}
	if ids, err := v.EncodeKnown("the dog"); err != nil || v.Decode(ids) != "the dog" {
		t.Errorf("%v, %v", ids, err)
	}
	if _, err := v.Encode("the dgo"); err != nil {
		t.Error(err)
	}
	_, err = v.EncodeKnown("the dgo")
	wantError(t, err, `unknown word "dgo" at position 1: the vocabulary has 6 words`)
	if got := v.Tokens()[v.LineStart()]; got != EndToken {
		t.Errorf("a line begins after %q", got)
	}
	c, err := NewCharacters("ab\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Tokens()[c.LineStart()]; got != "\n" {
		t.Errorf("a line begins after %q", got)
	}
}
