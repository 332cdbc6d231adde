package weights

import (
	"bytes"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

func TestChecksumOfParts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 5000)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	for range 200 {
		cuts := []int{0, r.IntN(len(data)), r.IntN(len(data)), len(data), r.IntN(2) * len(data)}
		slices.Sort(cuts)
		var sum checksum
		for i := range cuts[1:] {
			sum = sum.then(sumOf(data[cuts[i]:cuts[i+1]]))
		}
		part := data[cuts[0]:cuts[len(cuts)-1]]
		if want := crc32.Checksum(part, castagnoli); sum.crc != want || sum.size != int64(len(part)) {
			t.Fatalf("parts at %v: %08x of %d bytes, want %08x", cuts, sum.crc, sum.size, want)
		}
	}
}

// several has small tensors and ones of several pieces, of which only some are
// left in the file.
func several() shapes {
	return append(small(3),
		struct {
			name string
			dims []int
		}{"large.weight", []int{3, 128, 1024}},
		struct {
			name string
			dims []int
		}{"middle.weight", []int{deferredSize / 4}})
}

// written is a file of weights with a section that is no model's.
func written(t testing.TB, p *graph.Params) string {
	t.Helper()
	a := FromParams(p)
	a.Meta = Meta{Model: "several", Epoch: 7}
	a.Tensors = slices.Insert(a.Tensors, 2,
		Tensor{Section: "loop", Name: "conv1.weight", Shape: []int{300000}, Values: make([]int64, 300000)},
		Tensor{Section: "loop", Name: "none", Shape: []int{0}, Values: []byte{}})
	path := filepath.Join(t.TempDir(), "weights.gob")
	if err := a.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// same compares all bits of the tensors of archives.
func same(t *testing.T, what string, got, want *Archive) {
	t.Helper()
	if len(got.Tensors) != len(want.Tensors) {
		t.Fatalf("%s: %d tensors, want %d", what, len(got.Tensors), len(want.Tensors))
	}
	for i := range want.Tensors {
		g, w := &got.Tensors[i], &want.Tensors[i]
		if g.Name != w.Name || !slices.Equal(g.Shape, w.Shape) || !bytes.Equal(bytesOf(g.Values.([]float32)), bytesOf(w.Values.([]float32))) {
			t.Errorf("%s: %s is not as it should be", what, w.Name)
		}
	}
}

// TestLoadInto wants the outcome of Load and Into, values and errors, of LoadInto
// with and without leaving values in the file.
func TestLoadInto(t *testing.T) {
	from := model(t, 1, several())
	value(t, from, "large.weight")[12345] = float32(math.NaN())
	path := written(t, from)
	for _, c := range []struct {
		name string
		to   shapes
		opts []LoadOption
	}{
		{"all", several(), nil},
		{"less", several()[:4], nil},
		{"partial", several()[:5], []LoadOption{Partial()}},
		{"skip", several(), []LoadOption{Skip("large.*")}},
		{"skip none", several(), []LoadOption{Skip("nothing")}},
		{"other head", append(small(5), several()[4:]...), nil},
		{"no parameters", nil, nil},
	} {
		want := model(t, 1e6, c.to)
		a, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		wantErr := a.Into(want, c.opts...)
		for _, deferred := range []bool{false, true} {
			got, opts := model(t, 1e6, c.to), c.opts
			if deferred {
				opts = append([]LoadOption{Deferred()}, opts...)
			}
			meta, err := LoadInto(path, got, opts...)
			if wantErr != nil {
				if err == nil || err.Error() != path+": "+wantErr.Error() {
					t.Errorf("%s: got %v, want %v", c.name, err, wantErr)
				}
				var m *MismatchError
				if errors.As(wantErr, &m) != errors.As(err, &m) {
					t.Errorf("%s: an error of another type", c.name)
				}
			} else if err != nil || meta.Model != "several" || meta.Epoch != 7 {
				t.Errorf("%s: got %v, %v", c.name, meta, err)
			}
			for e := range got.All() {
				large := slices.Contains([]string{"large.weight", "middle.weight"}, e.Name)
				loaded := wantErr == nil && !(c.name == "skip" && e.Name == "large.weight")
				if e.InMemory() == (deferred && large && loaded) {
					t.Errorf("%s: %s in memory: %t", c.name, e.Name, e.InMemory())
				}
			}
			if err := got.Fetch(); err != nil {
				t.Fatal(err)
			}
			same(t, c.name, FromParams(got), FromParams(want))
		}
	}
}

// TestLoadIntoReadsAnew replaces values that are still in another file.
func TestLoadIntoReadsAnew(t *testing.T) {
	one, two := model(t, 1, several()), model(t, 2, several())
	p := model(t, 0, several())
	for _, opts := range [][]LoadOption{{Deferred()}, nil, {Deferred()}, {Deferred()}} {
		for _, from := range []*graph.Params{one, two} {
			if _, err := LoadInto(written(t, from), p, opts...); err != nil {
				t.Fatal(err)
			}
			c := p.Clone()
			if err := c.Fetch(); err != nil {
				t.Fatal(err)
			}
			same(t, "another file", FromParams(c), FromParams(from))
		}
	}
}

func TestSaveDeferred(t *testing.T) {
	from := model(t, 1, several())
	p := model(t, 0, several())
	if _, err := LoadInto(written(t, from), p, Deferred()); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Encode(&b, FromParams(p)); err == nil || !strings.Contains(err.Error(), "large.weight: values are <nil>: they are not in memory") {
		t.Errorf("written without values: %v", err)
	}
	path := filepath.Join(t.TempDir(), "again.gob")
	if err := Save(path, p, Meta{}); err != nil {
		t.Fatal(err)
	}
	a, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "saved", a, FromParams(from))
}

// TestLoadIntoDamaged wants every damage and every truncation that Load finds
// found at once, in the values and between them, deferred or not.
func TestLoadIntoDamaged(t *testing.T) {
	list := shapes{{"a.weight", []int{deferredSize/4 + 1}}, {"b.bias", []int{3}}}
	path := filepath.Join(t.TempDir(), "damaged.gob")
	if err := Save(path, model(t, 1, list), Meta{Model: "m"}); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	load := func(data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		_, want := Load(path)
		for _, opts := range [][]LoadOption{nil, {Deferred()}} {
			_, err := LoadInto(path, model(t, 1, list), opts...)
			if (err == nil) != (want == nil) || err != nil && (strings.Contains(err.Error(), "\n") || !strings.HasPrefix(err.Error(), path)) {
				t.Fatalf("%d bytes, deferred %t: got %v, want %v", len(data), opts != nil, err, want)
			}
		}
	}
	for i := 0; i < len(good); i++ {
		if i == 600 {
			i = len(good) - 300 // the values in between are all alike
		}
		data := slices.Clone(good)
		data[i] ^= 0x11
		load(data)
		if i%8 == 0 {
			load(good[:i])
		}
	}
	for i := 1000; i < len(good); i += 1997 {
		data := slices.Clone(good)
		data[i]++
		load(data)
		load(good[:i])
	}
	load(append(slices.Clone(good), 0))
	load(good)
}

// TestFileThatChangesLater damages a file whose values are still in it.
func TestFileThatChangesLater(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(path string, data []byte) error
		want   string
	}{
		{"damaged", func(path string, data []byte) error {
			data[len(data)-1<<20]++
			return os.WriteFile(path, data, 0o666)
		}, "large.weight: damaged: the CRC-32C of large.weight is"},
		{"truncated", func(path string, data []byte) error { return os.Truncate(path, int64(len(data)/2)) }, "large.weight: truncated: "},
		{"replaced", func(path string, data []byte) error {
			if err := os.WriteFile(path+".new", []byte("text"), 0o666); err != nil {
				return err
			}
			return os.Rename(path+".new", path)
		}, ""},
	} {
		path := written(t, model(t, 1, several()))
		p := model(t, 0, several())
		if _, err := LoadInto(path, p, Deferred()); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.change(path, data); err != nil {
			t.Logf("%s: this system forbids it: %v", c.name, err)
			continue
		}
		switch err := p.Fetch(); {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)):
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestLoadIntoWhatCannotBeLoaded(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, []byte("hello"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, text, filepath.Join(dir, "none")} {
		_, want := Load(path)
		if _, err := LoadInto(path, model(t, 1, small(3))); err == nil || err.Error() != want.Error() {
			t.Errorf("got %v, want %v", err, want)
		}
	}
}

// TestNative swaps bytes as a machine of the other order has to.
func TestNative(t *testing.T) {
	defer func(was bool) { littleEndian = was }(littleEndian)
	littleEndian = false
	data := []byte{1, 2, 3, 4, 5, 6, 7, 8}
	if native(data, 4); !bytes.Equal(data, []byte{4, 3, 2, 1, 8, 7, 6, 5}) {
		t.Errorf("got %v", data)
	}
	littleEndian = true
	if native(data, 4); data[0] != 4 {
		t.Error("swapped where memory has the order of the file")
	}
}

func BenchmarkLoadInto(b *testing.B) {
	a := large()
	path := filepath.Join(b.TempDir(), "large.gob")
	if err := a.Save(path); err != nil {
		b.Fatal(err)
	}
	var list shapes
	for _, t := range a.Tensors {
		list = append(list, struct {
			name string
			dims []int
		}{t.Name, t.Shape})
	}
	p := model(b, 0, list)
	b.SetBytes(100 * 512 * 500 * 4)
	for b.Loop() {
		if _, err := LoadInto(path, p); err != nil {
			b.Fatal(err)
		}
	}
}
