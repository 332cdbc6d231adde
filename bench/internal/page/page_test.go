package page

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.md")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("before\n<!-- a: by hand -->\nold\n<!-- end a -->\n<!-- b: too -->\n<!-- end b -->\nafter\n")
	for range 2 { // the second time finds what the first has written
		for _, section := range []string{"a", "b"} {
			if err := Replace(path, section, "new "+section+"\n"); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if want := "before\n<!-- a: by hand -->\n\nnew a\n\n<!-- end a -->\n<!-- b: too -->\n\nnew b\n\n<!-- end b -->\nafter\n"; string(got) != want {
			t.Errorf("page\n%s\nwant\n%s", got, want)
		}
	}
	for text, want := range map[string]string{
		"nothing\n":               "no such section",
		"<!-- a: open -->\ntext":  "does not end",
		"<!-- a: open\nno arrow ": "does not end",
	} {
		write(text)
		if err := Replace(path, "a", "new"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("page %q: error %v, want %q", text, err, want)
		}
	}
	write("nothing\n")
	if err := Replace(path, "a", "new"); !errors.Is(err, ErrNoSection) {
		t.Errorf("error %v, want %v", err, ErrNoSection)
	}
	if err := Replace(filepath.Join(t.TempDir(), "none.md"), "a", "new"); err == nil {
		t.Error("a page that is not there was written")
	}
}
