package dataset

import (
	"math/rand/v2"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// SentencesTrainLen and SentencesValLen are how many characters sentences have
// unless others are asked for.
const (
	SentencesTrainLen = 300_000
	SentencesValLen   = 30_000
)

// sentencesAlphabet has every character that sentences may have, so that their
// vocabulary depends neither on the seed nor on the length.
const sentencesAlphabet = "\n !\"',.:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func openSentences(_ string, o TextOptions) (*Text, error) {
	if o.TrainLen == 0 {
		o.TrainLen = SentencesTrainLen
	}
	if o.ValLen == 0 {
		o.ValLen = SentencesValLen
	}
	text := &Text{Vocab: o.Vocab}
	var err error
	if text.Vocab == nil {
		if text.Vocab, err = NewCharacters(sentencesAlphabet); err != nil {
			return nil, err
		}
	}
	if text.Train, err = encodeSentences(text.Vocab, o.Seed, "train", o.TrainLen); err != nil {
		return nil, err
	}
	text.Val, err = encodeSentences(text.Vocab, o.Seed, "val", o.ValLen)
	return text, err
}

// encodeSentences encodes the documents of a split, together of length
// characters; the last ends where it must.
func encodeSentences(v *Vocabulary, seed uint64, split string, length int) (*Corpus, error) {
	if length < 1 {
		return nil, errors.Errorf("%d characters: want at least 1", length)
	}
	c := new(Corpus)
	for i := uint64(0); c.Len() < length; i++ {
		document := writeDocument(rand.New(rng.New(seed, "sentences/"+split, i)))
		tokens, err := v.encode(document[:min(len(document), length-c.Len())])
		if err != nil {
			return nil, err
		}
		c.add(tokens)
	}
	return c, nil
}

// writeDocument writes a short story: a title, and some paragraphs about a few
// people, all in one tense. It is ASCII.
func writeDocument(r *rand.Rand) string {
	w := writer{grammar: grammar{r: r, tense: past}}
	if w.chance(30) {
		w.tense = present
	}
	for _, i := range r.Perm(len(names))[:3] {
		w.cast = append(w.cast, names[i])
	}
	w.title()
	for range 5 + r.IntN(6) {
		w.paragraph()
	}
	return w.text.String()
}

// writer writes a document.
type writer struct {
	grammar
	text  strings.Builder
	topic phrase // whom the sentence before was about
}

// title writes whom the document is about.
func (w *writer) title() {
	with := pick(w.r, [][]noun{persons, animals, things})
	w.text.WriteString(w.cast[0].singular + " and the " + pick(w.r, with).singular + "\n\n")
	w.topic = byName(w.cast[0])
}

// paragraph writes some sentences, and now and then a conversation.
func (w *writer) paragraph() {
	if w.chance(25) {
		w.conversation()
		return
	}
	for i := range 3 + w.r.IntN(4) {
		if i > 0 {
			w.text.WriteByte(' ')
		}
		w.text.WriteString(w.sentence())
	}
	w.text.WriteString("\n\n")
}

// conversation writes what two people say by turns, each turn in a line.
func (w *writer) conversation() {
	for i := range 2 + w.r.IntN(4) {
		w.text.WriteString(w.speech(byName(w.cast[i%2])) + "\n")
	}
	w.text.WriteByte('\n')
}

// sentence draws a sentence that is told.
func (w *writer) sentence() string {
	switch n := w.r.IntN(20); {
	case n < 8:
		p := w.about()
		return finish(p.text + " " + w.predicate(p))
	case n < 10:
		p := w.about()
		return finish(w.time() + ", " + p.text + " " + w.predicate(p))
	case n < 12:
		p := w.about()
		link := pick(w.r, []string{" because ", ", although ", ", but ", ", so ", ", and "})
		return finish(p.text + " " + w.predicate(p) + link + w.clause())
	case n < 14:
		link := pick(w.r, []string{"when ", "while ", "because ", "as soon as ", "before ", "after "})
		first := w.being()
		event := link + first.text + " " + w.action(first).finite(w.tense, first.plural)
		p := w.about()
		if p.who == first.who {
			p = p.asPronoun()
		}
		return finish(event + ", " + p.text + " " + w.predicate(p))
	case n < 16:
		p := w.about()
		return finish(p.text + " " + pick(w.r, thinkVerbs).form(w.tense, p.plural) + " that " + w.clause())
	case n < 17:
		p := w.about()
		return finish(p.text + " " + w.predicate(p) + "; " + p.pronoun + " " + w.predicate(p))
	case n < 18:
		n, number := pick(w.r, things), pick(w.r, []string{"", "two ", "some ", "many "})
		some := number + n.plural
		if number == "" {
			some = withArticle(n.singular)
		}
		return finish("there " + beForm(w.tense, number != "") + " " + some + " " + pick(w.r, places))
	}
	return w.speech(w.about())
}

// about draws the subject of a sentence: often that of the one before, by its
// pronoun.
func (w *writer) about() phrase {
	if w.chance(35) {
		return w.topic.asPronoun()
	}
	w.topic = w.subject()
	return w.topic
}

// time draws when something happens.
func (w *writer) time() string {
	if w.tense == past {
		return pick(w.r, pastTimes)
	}
	return pick(w.r, presentTimes)
}

// speech draws a sentence in which somebody speaks.
func (w *writer) speech(p phrase) string {
	words, end, verbs := w.spoken(p)
	by := p.text + " " + pick(w.r, verbs).form(w.tense, p.plural)
	words = capital(words)
	if w.chance(30) {
		return capital(by) + ", \"" + words + end + "\""
	}
	if end == "." {
		end = ","
	}
	return "\"" + words + end + "\" " + by + "."
}

// spoken draws what p says, how it ends, and how it is said. It is in the
// present tense, whatever the document is in.
func (w *writer) spoken(p phrase) (words, end string, verbs []verb) {
	g := w.grammar
	g.tense = present
	do := func(pronoun string) string { return g.action(phrase{pronoun: pronoun, who: p.who}).bare() }
	switch n := w.r.IntN(20); {
	case n < 5:
		return "I " + pick(w.r, []string{"", "never ", "always ", "must ", "will ", "cannot ", "do not "}) + do("I"), ".", sayVerbs
	case n < 7:
		return "we " + do("we"), ".", sayVerbs
	case n < 9:
		return pick(w.r, []string{"I am ", "we are ", "you are ", "I am not "}) + pick(w.r, beingAdjectives), ".", sayVerbs
	case n < 12:
		return g.clause(), ".", sayVerbs
	case n < 14:
		return "do you " + do("you"), "?", askVerbs
	case n < 16:
		thing := g.thing()
		return "where " + beForm(present, thing.plural) + " " + thing.text, "?", askVerbs
	case n < 18:
		of := g.being()
		return "why " + doForm(present, of.plural) + " " + of.text + " " + g.action(of).bare(), "?", askVerbs
	case n < 19:
		return pick(w.r, []string{"", "do not ", "please "}) + do("you"), "!", cryVerbs
	}
	return pick(w.r, []string{"come here", "good morning", "thank you", "look at that", "what a day", "help", "wait for me"}), "!", cryVerbs
}

// finish makes a sentence of its words.
func finish(words string) string { return capital(words) + "." }

// capital makes the first letter a capital.
func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
