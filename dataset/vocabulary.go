package dataset

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
)

// The units of a [Vocabulary]: what a token is.
const (
	CharacterUnit = "character"
	WordUnit      = "word"
)

// Units returns the units that a vocabulary may have.
func Units() []string { return []string{CharacterUnit, WordUnit} }

// The tokens of words that stand for something else than themselves.
const (
	UnknownToken = "<unk>" // any word that the vocabulary lacks
	EndToken     = "<eos>" // the end of a line
)

// Vocabulary maps text to tokens, characters or words, and tokens to ids from 0
// to Len()-1. It does not change and may be used by several goroutines.
type Vocabulary struct {
	unit   string
	tokens []string
	ids    map[string]int32 // of words
	runes  map[rune]int32   // of characters
}

// NewCharacters returns the vocabulary of the distinct characters (Unicode code
// points) of text, in their order.
func NewCharacters(text string) (*Vocabulary, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	runes := make([]rune, 0, len(seen))
	for r := range seen {
		runes = append(runes, r)
	}
	slices.Sort(runes)
	tokens := make([]string, len(runes))
	for i, r := range runes {
		tokens[i] = string(r)
	}
	return RestoreVocabulary(CharacterUnit, tokens)
}

// NewWords returns the vocabulary of the words of text that occur at least
// minCount times; 0 is 1. Words are what white space separates.
//
// [UnknownToken] is 0 and [EndToken] is 1; the words follow, the most frequent
// first and equally frequent ones as they appear. So a smaller vocabulary is
// the beginning of a larger one, the rows of an embedding that are in use all
// the time lie together, and an adaptive softmax finds the order that it wants.
func NewWords(text string, minCount int) (*Vocabulary, error) {
	if minCount < 0 {
		return nil, errors.Errorf("minimum count %d: want at least 1, or 0 for 1", minCount)
	}
	if err := checkText(text); err != nil {
		return nil, err
	}
	counts := map[string]int{UnknownToken: 0, EndToken: 0} // known, and not among words
	var words []string
	for word := range strings.FieldsSeq(text) {
		if _, known := counts[word]; !known {
			words = append(words, word)
		}
		counts[word]++
	}
	if len(words) == 0 {
		return nil, errors.New("the text has no words")
	}
	slices.SortStableFunc(words, func(a, b string) int { return counts[b] - counts[a] })
	last := slices.IndexFunc(words, func(w string) bool { return counts[w] < minCount })
	switch last {
	case 0:
		return nil, errors.Errorf("no word occurs %d times: the most frequent, %.40q, occurs %d times", minCount, words[0], counts[words[0]])
	case -1:
		last = len(words)
	}
	tokens := []string{UnknownToken, EndToken}
	for _, word := range words[:last] {
		// A copy, as the words share the memory of all of the text.
		tokens = append(tokens, strings.Clone(word))
	}
	return RestoreVocabulary(WordUnit, tokens)
}

// RestoreVocabulary returns the vocabulary whose Tokens were saved. The slice is
// kept, not copied.
func RestoreVocabulary(unit string, tokens []string) (*Vocabulary, error) {
	v := &Vocabulary{unit: unit, tokens: tokens}
	switch unit {
	case CharacterUnit:
		v.runes = make(map[rune]int32, len(tokens))
	case WordUnit:
		v.ids = make(map[string]int32, len(tokens))
	default:
		return nil, errors.Errorf("vocabulary of unit %.40q: want %s", unit, strings.Join(Units(), " or "))
	}
	for i, token := range tokens {
		if err := v.add(int32(i), token); err != nil {
			return nil, err
		}
	}
	if len(tokens) < 2 {
		return nil, errors.Errorf("a vocabulary of %s: want at least 2, or there is nothing to predict", counted(len(tokens), "token"))
	}
	return v, nil
}

// add enters the token of an id.
func (v *Vocabulary) add(id int32, token string) error {
	before, twice := v.ids[token]
	switch r, size := utf8.DecodeRuneInString(token); {
	case token == "":
		return errors.Errorf("token %d is empty", id)
	case !utf8.ValidString(token):
		return errors.Errorf("token %d, %.40q, is not UTF-8", id, token)
	case v.unit == CharacterUnit:
		if size != len(token) {
			return errors.Errorf("token %d, %.40q, is not one character", id, token)
		}
		before, twice = v.runes[r]
		v.runes[r] = id
	default:
		if strings.ContainsFunc(token, unicode.IsSpace) {
			return errors.Errorf("token %d, %.40q, is not one word", id, token)
		}
		v.ids[token] = id
	}
	if twice {
		return errors.Errorf("token %d, %.40q, is token %d already", id, token, before)
	}
	return nil
}

// Unit returns what a token is: [CharacterUnit] or [WordUnit].
func (v *Vocabulary) Unit() string { return v.unit }

// Len returns the number of tokens.
func (v *Vocabulary) Len() int { return len(v.tokens) }

// Tokens returns the tokens by their ids, to be saved with the weights. They
// are not to be changed.
func (v *Vocabulary) Tokens() []string { return v.tokens }

// Encode returns the ids of a text.
//
// A character that the vocabulary lacks is an error. Words are what white space
// separates, each line end is [EndToken], and a word that the vocabulary lacks
// is [UnknownToken], or an error if it lacks that too.
func (v *Vocabulary) Encode(text string) ([]int, error) {
	ids, err := v.encode(text)
	if err != nil {
		return nil, err
	}
	wide := make([]int, len(ids))
	for i, id := range ids {
		wide[i] = int(id)
	}
	return wide, nil
}

// EncodeKnown is Encode with an error for a word that the vocabulary lacks.
func (v *Vocabulary) EncodeKnown(text string) ([]int, error) {
	ids, err := v.Encode(text)
	if err != nil || v.unit == CharacterUnit {
		return ids, err
	}
	position := 0
	for word := range strings.FieldsSeq(text) {
		if _, known := v.ids[word]; !known {
			return nil, v.unknownWord(word, position)
		}
		position++
	}
	return ids, nil
}

// LineStart returns the token after which a line begins, 0 if there is none.
func (v *Vocabulary) LineStart() int {
	end := "\n"
	if v.unit == WordUnit {
		end = EndToken
	}
	return max(0, slices.Index(v.tokens, end))
}

func (v *Vocabulary) encode(text string) ([]int32, error) {
	if err := checkUTF8(text); err != nil {
		return nil, err
	}
	if v.unit == CharacterUnit {
		return v.encodeCharacters(text)
	}
	return v.encodeWords(text)
}

func (v *Vocabulary) encodeCharacters(text string) ([]int32, error) {
	ids := make([]int32, 0, utf8.RuneCountInString(text))
	for _, r := range text {
		id, known := v.runes[r]
		if !known {
			return nil, errors.Errorf("unknown character %q at position %d: the vocabulary has %s", string(r), len(ids), v.describe())
		}
		ids = append(ids, id)
	}
	return ids, nil
}

func (v *Vocabulary) encodeWords(text string) ([]int32, error) {
	var ids []int32
	for {
		line, rest, more := strings.Cut(text, "\n")
		for word := range strings.FieldsSeq(line) {
			id, err := v.word(word, len(ids))
			if err != nil {
				return nil, err
			}
			ids = append(ids, id)
		}
		if !more {
			return ids, nil
		}
		id, known := v.ids[EndToken]
		if !known {
			return nil, errors.Errorf("a line end at position %d: the vocabulary has %s, and no %s", len(ids), v.describe(), EndToken)
		}
		ids = append(ids, id)
		text = rest
	}
}

// word returns the id of a word, which is at a position of the text.
func (v *Vocabulary) word(word string, position int) (int32, error) {
	if id, known := v.ids[word]; known {
		return id, nil
	}
	if id, known := v.ids[UnknownToken]; known {
		return id, nil
	}
	return 0, errors.Errorf("%v, and no %s", v.unknownWord(word, position), UnknownToken)
}

func (v *Vocabulary) unknownWord(word string, position int) error {
	hint := ""
	if utf8.RuneCountInString(word) <= 40 {
		if near := nearest.Of(word, v.tokens); len(near) > 0 {
			hint = ", near it " + strings.Join(near, " and ")
		}
	}
	return errors.Errorf("unknown word %.40q at position %d: the vocabulary has %s%s", word, position, v.describe(), hint)
}

// describe says how many tokens there are, and of characters the first.
func (v *Vocabulary) describe() string {
	if v.unit == WordUnit {
		return counted(len(v.tokens), "word")
	}
	const shown = 16
	list, more := v.tokens, ""
	if len(list) > shown {
		list, more = list[:shown], "..."
	}
	return counted(len(v.tokens), "character") + ": " + strconv.Quote(strings.Join(list, "")+more)
}

// Decode returns the text of ids: characters one after the other; words with a
// blank between those of one line, and a line end for [EndToken]. An id that
// the vocabulary lacks becomes U+FFFD, the replacement character.
func (v *Vocabulary) Decode(ids []int) string {
	var b strings.Builder
	begun := false // a line of words
	for _, id := range ids {
		token := string(utf8.RuneError)
		if id >= 0 && id < len(v.tokens) {
			token = v.tokens[id]
		}
		switch {
		case v.unit == CharacterUnit:
			b.WriteString(token)
			continue
		case token == EndToken:
			b.WriteByte('\n')
			begun = false
			continue
		case begun:
			b.WriteByte(' ')
		}
		b.WriteString(token)
		begun = true
	}
	return b.String()
}
