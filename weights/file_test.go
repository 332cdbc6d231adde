package weights

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSaveAndLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.anything")
	p := model(t, 1, small(3))
	meta := Meta{Model: "small", Classes: []string{"a", "b", "c"}, Metrics: map[string]float64{"top1": 0.5}}
	if err := Save(path, p, meta); err != nil {
		t.Fatal(err)
	}
	a, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want := FromParams(p)
	want.Meta = meta
	if d := cmp.Diff(want, a); d != "" {
		t.Error(d)
	}
}

func TestFilesThatCannotBeLoaded(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := string(encode(t, sample()))
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "none.gob"), "no such file"},
		{dir, "is a folder: want a file of weights"},
		{file("empty.gob", ""), "it is empty: want a gob file of weights"},
		{file("half.gob", good[:len(good)/2]), "truncated: "},
		{file("damaged.gob", good[:200]+"x"+good[201:]), "damaged"},
		{file("text.gob", "hello"), "it looks like text"},
	} {
		if runtime.GOOS == "windows" && c.want == "no such file" {
			c.want = "cannot find the file"
		}
		a, err := Load(c.path)
		if a != nil || err == nil || !strings.HasPrefix(err.Error(), c.path) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want %s", c.path, err, c.want)
		}
	}
}

func TestSaveWhereItCannot(t *testing.T) {
	dir := t.TempDir()
	p := model(t, 1, small(3))
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "no", "a.gob"), "there is no folder"},
		{dir, "it is a folder"},
	} {
		if err := Save(c.path, p, Meta{}); err == nil || !strings.Contains(err.Error(), "cannot write "+c.path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.path, err, c.want)
		}
	}
	path := filepath.Join(dir, "a.gob")
	if err := Save(path, p, Meta{}); err != nil {
		t.Fatal(err)
	}
	bad := &Archive{Tensors: []Tensor{{Name: "a", Values: "text"}}}
	if err := bad.Save(path); err == nil || !strings.Contains(err.Error(), "values are string") {
		t.Errorf("got %v", err)
	}
	if _, err := Load(path); err != nil {
		t.Errorf("the old file is gone: %v", err)
	}
}

func TestConfig(t *testing.T) {
	type config struct {
		Blocks []int
		Width  int
	}
	var m Meta
	if err := m.SetConfig(&config{[]int{2, 2}, 64}); err != nil {
		t.Fatal(err)
	}
	got := config{Width: 1}
	if err := m.DecodeConfig(&got); err != nil || cmp.Diff(config{[]int{2, 2}, 64}, got) != "" {
		t.Errorf("got %v, %v", got, err)
	}
	if err := (&Meta{}).DecodeConfig(&got); err != nil || got.Width != 64 {
		t.Errorf("without a configuration: got %v, %v", got, err)
	}
	if err := (&Meta{Config: "width: [}"}).DecodeConfig(&got); err == nil {
		t.Error("want an error of bad YAML")
	}
}
