package dataset

import (
	"math/rand/v2"
	"strings"
)

// tense is when a clause happens.
type tense int

const (
	past tense = iota
	present
)

// form returns the form of a verb for a subject of the third person.
func (v verb) form(t tense, plural bool) string {
	switch {
	case t == past:
		return v.past
	case plural:
		return v.base
	}
	return v.third
}

// beForm returns the form of "be".
func beForm(t tense, plural bool) string {
	if plural {
		return be[t][1]
	}
	return be[t][0]
}

// doForm returns the form of "do", which negates and asks.
func doForm(t tense, plural bool) string {
	return verb{"do", "does", "did", "doing"}.form(t, plural)
}

// phrase is a noun phrase, the subject or an object of a clause.
type phrase struct {
	text    string
	plural  bool
	pronoun string // they, if it is plural
	who     string // its text, or that of what it stands for if it is a pronoun
}

// byName returns the phrase of a name.
func byName(n noun) phrase { return phrase{n.singular, false, n.pronoun, n.singular} }

// asPronoun returns the phrase that stands for p.
func (p phrase) asPronoun() phrase { return phrase{p.pronoun, p.plural, p.pronoun, p.who} }

// possessive returns the word for what belongs to it.
func (p phrase) possessive() string {
	return map[string]string{"he": "his", "she": "her", "it": "its", "they": "their", "I": "my", "we": "our", "you": "your"}[p.pronoun]
}

// action is what a clause says of its subject: a verb, and what follows it.
type action struct {
	verb verb
	rest string // begins with a blank, or is empty
}

// finite returns the action as a predicate: "carries a basket".
func (a action) finite(t tense, plural bool) string { return a.verb.form(t, plural) + a.rest }

// bare returns the action without tense: "carry a basket".
func (a action) bare() string { return a.verb.base + a.rest }

// grammar makes sentences of the words of the lexicon.
type grammar struct {
	r     *rand.Rand
	tense tense
	cast  []noun // whom a document tells of by name
}

// pick draws one of a list.
func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

// chance reports true in percent cases of 100.
func (g *grammar) chance(percent int) bool { return g.r.IntN(100) < percent }

// withArticle puts "a" or "an" before a phrase.
func withArticle(s string) string {
	if strings.ContainsRune("aeiou", rune(s[0])) || strings.HasPrefix(s, "honest") {
		return "an " + s
	}
	return "a " + s
}

// being draws a name, a person or an animal.
func (g *grammar) being() phrase {
	switch n := g.r.IntN(10); {
	case n < 4:
		return byName(pick(g.r, g.cast))
	case n < 8:
		return g.nounPhrase(pick(g.r, persons), beingAdjectives)
	}
	return g.nounPhrase(pick(g.r, animals), beingAdjectives)
}

// thing draws a thing.
func (g *grammar) thing() phrase { return g.nounPhrase(pick(g.r, things), thingAdjectives) }

// nounPhrase draws a determiner, and perhaps an adjective, for a noun.
func (g *grammar) nounPhrase(n noun, adjectives []string) phrase {
	adjective := ""
	if g.chance(35) {
		adjective = pick(g.r, adjectives) + " "
	}
	p := phrase{pronoun: n.pronoun}
	one, many := adjective+n.singular, adjective+n.plural
	switch k := g.r.IntN(20); {
	case k < 9:
		p.text = "the " + one
	case k < 12:
		p.text = withArticle(one)
	case k < 13:
		p.text = "every " + one
	case k < 15:
		p.text = pick(g.r, g.cast).singular + "'s " + one
	case k < 17:
		p = phrase{text: pick(g.r, []string{"two ", "three ", "five ", "many ", "some "}) + many, plural: true, pronoun: "they"}
	default:
		p = phrase{text: "the " + many, plural: true, pronoun: "they"}
	}
	p.who = p.text
	return p
}

// subject draws what a sentence begins with: a being, sometimes two, sometimes
// with a relative clause.
func (g *grammar) subject() phrase {
	p := g.being()
	switch n := g.r.IntN(20); {
	case n < 2:
		if q := g.being(); q.who != p.who {
			both := p.text + " and " + q.text
			return phrase{both, true, "they", both}
		}
	case n < 5 && strings.HasPrefix(p.text, "the "):
		p.text += ", who " + g.action(p).finite(g.tense, p.plural) + ","
	}
	return p
}

// action draws something that p may do.
func (g *grammar) action(p phrase) action {
	switch n := g.r.IntN(20); {
	case n < 4:
		return action{pick(g.r, restVerbs), " " + pick(g.r, adverbs)}
	case n < 6:
		return action{pick(g.r, restVerbs), " " + pick(g.r, places)}
	case n < 9:
		return action{pick(g.r, moveVerbs), " " + pick(g.r, goals)}
	case n < 13:
		return action{pick(g.r, handleVerbs), " " + g.belonging(p) + g.perhaps(30, places)}
	case n < 17:
		return action{pick(g.r, meetVerbs), " " + g.other(p) + g.perhaps(30, places)}
	case n < 18:
		return action{pick(g.r, giveVerbs), " " + g.other(p) + " " + g.thing().text}
	case n < 19:
		return action{have, " " + g.thing().text}
	}
	return action{pick(g.r, wishVerbs), " to " + g.action(p).bare()}
}

// belonging draws a thing, perhaps one that belongs to p.
func (g *grammar) belonging(p phrase) string {
	if g.chance(25) {
		return p.possessive() + " " + pick(g.r, things).singular
	}
	thing := g.thing()
	if g.chance(10) {
		by := g.being()
		thing.text += " that " + by.text + " " + pick(g.r, handleVerbs).form(g.tense, by.plural)
	}
	return thing.text
}

// other draws a being that is not p.
func (g *grammar) other(p phrase) string {
	for {
		if q := g.being(); q.who != p.who {
			return q.text
		}
	}
}

// perhaps returns one of a list after a blank, or nothing.
func (g *grammar) perhaps(percent int, list []string) string {
	if g.chance(percent) {
		return " " + pick(g.r, list)
	}
	return ""
}

// predicate draws what a clause says of its subject.
func (g *grammar) predicate(p phrase) string {
	is := beForm(g.tense, p.plural)
	switch n := g.r.IntN(20); {
	case n < 11:
		return g.action(p).finite(g.tense, p.plural)
	case n < 13:
		return is + " " + pick(g.r, []string{"", "very ", "too ", "not "}) + pick(g.r, beingAdjectives)
	case n < 14:
		return is + " " + pick(g.r, places)
	case n < 16:
		a := g.action(p)
		if a.verb.ing == "-" {
			return a.finite(g.tense, p.plural)
		}
		return is + " " + a.verb.ing + a.rest
	case n < 18:
		return doForm(g.tense, p.plural) + " not " + g.action(p).bare()
	case n < 19:
		return g.modal() + " " + g.action(p).bare()
	}
	return g.action(p).finite(g.tense, p.plural) + " and " + g.action(p).finite(g.tense, p.plural)
}

// modal draws an auxiliary verb of the tense.
func (g *grammar) modal() string {
	if g.tense == past {
		return pick(g.r, []string{"could", "would", "could not"})
	}
	return pick(g.r, []string{"can", "must", "may", "cannot", "will"})
}

// clause draws a clause of any kind.
func (g *grammar) clause() string {
	p := g.being()
	return p.text + " " + g.predicate(p)
}
