package dataset

import (
	"slices"
	"testing"
)

func TestAgreement(t *testing.T) {
	goes := verb{"go", "goes", "went", "going"}
	for _, c := range []struct {
		tense  tense
		plural bool
		verb   string
		be, do string
	}{
		{past, false, "went", "was", "did"},
		{past, true, "went", "were", "did"},
		{present, false, "goes", "is", "does"},
		{present, true, "go", "are", "do"},
	} {
		if v, be, do := goes.form(c.tense, c.plural), beForm(c.tense, c.plural), doForm(c.tense, c.plural); v != c.verb || be != c.be || do != c.do {
			t.Errorf("%v: %s, %s, %s", c, v, be, do)
		}
	}
	for s, want := range map[string]string{"fox": "a fox", "old fox": "an old fox", "honest king": "an honest king", "uncle": "an uncle"} {
		if got := withArticle(s); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestLexicon(t *testing.T) {
	for _, v := range slices.Concat(restVerbs, moveVerbs, handleVerbs, meetVerbs, giveVerbs, wishVerbs, thinkVerbs, sayVerbs, askVerbs, cryVerbs) {
		if v.base == v.third || v.past == v.third || v.ing == v.base {
			t.Errorf("forms %q", v)
		}
	}
	seen := map[string]bool{}
	for _, n := range slices.Concat(names, persons, animals, things) {
		if (phrase{pronoun: n.pronoun}).possessive() == "" || seen[n.singular] {
			t.Errorf("%q has no pronoun, or comes twice", n)
		}
		seen[n.singular] = true
	}
}
