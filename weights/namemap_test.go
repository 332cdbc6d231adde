package weights

import (
	"slices"
	"strings"
	"testing"
)

func named(names ...string) *Archive {
	var a Archive
	for _, name := range names {
		a.Tensors = append(a.Tensors, Tensor{Name: name, Shape: []int{1}, Values: []float32{1}})
	}
	a.Tensors = append(a.Tensors, Tensor{Section: "solver", Name: "stem.weight"})
	return &a
}

func namesOf(a *Archive) []string {
	var list []string
	for _, t := range a.Section("") {
		list = append(list, t.Name)
	}
	return list
}

func TestRename(t *testing.T) {
	a := named("stem.weight", "block0.3.bn.bias", "aux.fc.weight", "fc.weight")
	m, err := ParseNameMap([]byte(`
# what an older version wrote
stem\.(.*)            conv1.$1
block(?P<stage>\d+)\.(\d+)\.(.*)  layer${stage}_$2.$3
aux\..*               -
`))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Rename(m); err != nil {
		t.Fatal(err)
	}
	if got, want := namesOf(a), []string{"conv1.weight", "layer0_3.bn.bias", "fc.weight"}; !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
	if a.Tensors[len(a.Tensors)-1].Name != "stem.weight" {
		t.Error("a tensor of another section was renamed")
	}
}

func TestRenameTakesTheFirstRule(t *testing.T) {
	a := named("a.b", "a.c")
	m, err := ParseNameMap([]byte("a\\.b x\n.* y.$0"))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Rename(m); err != nil {
		t.Fatal(err)
	}
	if got, want := namesOf(a), []string{"x", "y.a.c"}; !slices.Equal(got, want) {
		t.Errorf("names %q, want %q", got, want)
	}
}

func TestRenameErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"stem.weight x\nhead.* y", "no tensor's name is used by line 2"},
		{"stem x", "no tensor's name is used by line 1"}, // whole names only
		{"(stem|fc).weight conv.weight", "stem.weight and fc.weight both become conv.weight"},
		{"stem.weight fc.weight", "stem.weight and fc.weight both become fc.weight"},
		{"stem.weight x\nfc.weight(.*) $1", "line 2, fc.weight(.*), leaves nothing of the name fc.weight"},
	} {
		a := named("stem.weight", "fc.weight")
		m, err := ParseNameMap([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if err := a.Rename(m); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.text, err, c.want)
		}
		if got, want := namesOf(a), []string{"stem.weight", "fc.weight"}; !slices.Equal(got, want) {
			t.Errorf("%q: names %q after an error", c.text, got)
		}
	}
}

func TestParseNameMapErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "there are no rules"},
		{"# only this", "there are no rules"},
		{"a b\nc", "line 2: 1 words"},
		{"a b c", "line 1: 3 words"},
		{"\n(a b", "line 2: error parsing regexp: missing closing ): `(a`"},
		{"a)(b x", "line 1: error parsing regexp: unexpected ): `a)(b`"},
		{"(a)b x$1y", `line 1: x$1y: there is no group "1y"; ${1} keeps a number apart`},
		{"(a)b x$2", "there is no group 2, the expression has 1"},
		{"a ${b}", `there is no group "b"`},
	} {
		if _, err := ParseNameMap([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.text, err, c.want)
		}
	}
	if _, err := ReadNameMap(t.TempDir()); err == nil || !strings.Contains(err.Error(), "is no map of names") {
		t.Errorf("a folder: %v", err)
	}
}

// FuzzNameMap wants of any text an error of one line that leaves the archive as it
// was, or names that all differ, of no more tensors than before.
func FuzzNameMap(f *testing.F) {
	f.Add("stem\\.(.*) conv1.$1\naux.* -", "stem.weight", "aux.bias")
	f.Add("(a)(b) $$1${2}", "ab", "c")
	f.Add("# x\n\n\t.* y", "", "z")
	f.Add("a(.*) $1", "a", "b")
	f.Add(".* x", "a", "b")
	f.Fuzz(func(t *testing.T, text, first, second string) {
		if first == second {
			return
		}
		m, err := ParseNameMap([]byte(text))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("an error of several lines: %q", err)
			}
			return
		}
		a := named(first, second)
		before := namesOf(a)
		err = a.Rename(m)
		after := namesOf(a)
		switch {
		case err != nil && !slices.Equal(after, before):
			t.Errorf("names %q after the error %v, want %q", after, err, before)
		case err == nil && len(after) > 2:
			t.Errorf("%q became %q", before, after)
		case err == nil && len(after) == 2 && after[0] == after[1]:
			t.Errorf("%q both became %q", before, after[0])
		case err == nil && slices.Contains(after, "") && !slices.Contains(before, ""):
			t.Errorf("%q became %q", before, after)
		}
	})
}
