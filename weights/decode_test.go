package weights

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
)

// decodeBoth decodes with the size of the file known and unknown: the outcome
// must be the same.
func decodeBoth(t *testing.T, data []byte) error {
	t.Helper()
	_, known := decode(bytes.NewReader(data), int64(len(data)))
	_, unknown := Decode(bytes.NewReader(data))
	if (known == nil) != (unknown == nil) {
		t.Errorf("with the size known: %v; unknown: %v", known, unknown)
	}
	return known
}

func TestTruncatedAnywhere(t *testing.T) {
	data := encode(t, sample())
	for n := 1; n < len(data); n++ {
		err := decodeBoth(t, data[:n])
		if err == nil || !strings.HasPrefix(err.Error(), "truncated: ") {
			t.Fatalf("the first %d of %d bytes: %v", n, len(data), err)
		}
	}
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	data := encode(t, sample())
	for i := range data {
		for bit := range 8 {
			data[i] ^= 1 << bit
			if _, err := decode(bytes.NewReader(data), int64(len(data))); err == nil {
				t.Errorf("nobody noticed bit %d of byte %d of %d", bit, i, len(data))
			} else if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %v", err)
			}
			data[i] ^= 1 << bit
		}
	}
}

func TestDamageNamesTheTensor(t *testing.T) {
	data := encode(t, &Archive{Tensors: []Tensor{
		{Name: "first", Shape: []int{2}, Values: []float32{1, 2}},
		{Name: "second", Shape: []int{1}, Values: []float32{1234.5}},
	}})
	at := bytes.Index(data, []byte{0, 0x50, 0x9a, 0x44})
	data[at]++
	err := decodeBoth(t, data)
	if err == nil || !strings.Contains(err.Error(), "damaged: the CRC-32C of second is ") {
		t.Errorf("got %v", err)
	}
}

func TestBytesAfterTheEnd(t *testing.T) {
	data := encode(t, sample())
	err := decodeBoth(t, append(data, 0))
	if want := fmt.Sprintf("damaged: something follows the end of the weights at byte %d", len(data)); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestReaderThatFails(t *testing.T) {
	data := encode(t, sample())
	broken := errors.New("the disk is on fire")
	for _, n := range []int{0, 3, 30, len(data) / 2, len(data) - 1} {
		_, err := Decode(io.MultiReader(bytes.NewReader(data[:n]), iotest.ErrReader(broken)))
		if err == nil || !strings.Contains(err.Error(), broken.Error()) {
			t.Errorf("after %d bytes: got %v", n, err)
		}
	}
	for name, r := range map[string]io.Reader{
		"one byte": iotest.OneByteReader(bytes.NewReader(data)),
		"data err": iotest.DataErrReader(bytes.NewReader(data)),
	} {
		if _, err := Decode(r); err != nil {
			t.Errorf("%s at a time: %v", name, err)
		}
	}
}

// stream is a file made of these values, with the right checksum at its end.
func stream(t *testing.T, values ...any) []byte {
	t.Helper()
	var b bytes.Buffer
	e := gob.NewEncoder(&b)
	for _, v := range append([]any{magic}, values...) {
		if err := e.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Encode(crc32.Checksum(b.Bytes(), castagnoli)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// allocated returns the bytes that f takes, freed or not.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestHostileFiles(t *testing.T) {
	type nothing [1 << 40][0]int // costs no memory, but time to count
	one := []byte{0, 0, 128, 63}
	good := entry{Name: "a", Shape: []int{1}, DType: "float32", Bytes: 4, CRC: crc32.Checksum(one, castagnoli)}
	with := func(change func(*entry)) entry {
		e := good
		change(&e)
		return e
	}
	for _, c := range []struct {
		name   string
		values []any
		want   string // "" for a file that is right
	}{
		{"nothing wrong", []any{1, header{Tensors: 1}, good, one}, ""},
		{"no tensors", []any{1, header{}}, ""},
		{"another version", []any{2, header{}}, "version 2 of the format: this program reads version 1"},
		{"version is text", []any{"1", header{}}, "damaged in its version"},
		{"no header", []any{1, good}, "damaged in the header"},
		{"many tensors", []any{1, header{Tensors: math.MaxInt}}, "the header announces 9223372036854775807 tensors"},
		{"negative tensors", []any{1, header{Tensors: -1}}, "the header announces -1 tensors"},
		{"a tensor too few", []any{1, header{Tensors: 2}, good, one}, "damaged in the entry of tensor 2"},
		{"a tensor too many", []any{1, header{}, good, one}, "damaged in its checksum"},
		{"twice the same", []any{1, header{Tensors: 2}, good, one, good, one}, "a appears twice"},
		{"no name", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Name = "" }), one}, "a tensor has no name"},
		{"name of two lines", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Name = "a\nb" }), one}, `the name "a\nb" has characters`},
		{"control characters", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Section = "\x1b[2J" }), one}, "that cannot be printed"},
		{"many sizes", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Shape = make([]int, 1000) }), one}, "a: a shape of 1000 sizes, at most 64"},
		{"type", []any{1, header{Tensors: 1}, with(func(e *entry) { e.DType = "float8" }), one}, `values are of type "float8"`},
		{"negative size", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Shape = []int{-1} }), one}, "shape (-1) has a negative size"},
		{"two negative sizes", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Shape = []int{-1, -1} }), one}, "shape (-1, -1) has a negative size"},
		{"overflow", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Shape = []int{1 << 32, 1 << 32} }), one}, "is too large"},
		{"overflow to the right size", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Shape = []int{1<<62 + 1} }), one}, "is too large"},
		{"more bytes than values", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Bytes = 8 }), one}, "a has 8 bytes, want 4 for shape (1) of float32"},
		{"large and not there", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Shape, e.Bytes = []int{1 << 40}, 1<<42 })}, ""},
		{"pieces of another size", []any{1, header{Tensors: 1}, good, one[:2], one[2:]}, "a comes in pieces of 2 bytes, want 4"},
		{"checksum", []any{1, header{Tensors: 1}, with(func(e *entry) { e.CRC++ }), one}, "the CRC-32C of a is"},
		{"long chunk", []any{1, header{Tensors: 1}, with(func(e *entry) { e.Shape, e.Bytes = []int{chunkSize}, 4*chunkSize }), make([]byte, 4*chunkSize)}, "not made of the messages of the format"},
		{"long header", []any{1, header{Classes: []string{strings.Repeat("x", headerLimit)}}}, "not made of the messages of the format"},
		{"new field", []any{1, struct {
			Tensors int
			New     []struct{ A, B []float64 }
			Empty   struct{ C struct{ D bool } }
		}{0, []struct{ A, B []float64 }{{A: []float64{1}}}, struct{ C struct{ D bool } }{struct{ D bool }{true}}}}, ""},
		{"map", []any{1, struct {
			Tensors int
			Notes   map[string]int
		}{0, map[string]int{"a": 1}}}, "a type that the format does not use"},
		{"array", []any{1, struct {
			Tensors int
			Extra   *nothing
		}{}}, "a type that the format does not use"},
		{"interface", []any{1, struct {
			Tensors int
			Extra   any
		}{1, 2}}, "a type that the format does not use"},
		{"GobEncoder", []any{1, struct {
			Tensors int
			Extra   selfMade
		}{1, selfMade{}}}, "a type that the format does not use"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := stream(t, c.values...)
			if c.name == "large and not there" {
				_, err := decode(bytes.NewReader(data), int64(len(data)))
				if want := "truncated: a of shape (1099511627776) takes 4398046511104 bytes and the file has "; err == nil || !strings.HasPrefix(err.Error(), want) {
					t.Errorf("got %v", err)
				}
				c.want = "damaged in a" // the checksum comes in place of values
			}
			var err error
			if n := allocated(func() { _, err = Decode(bytes.NewReader(data)) }); n > 2<<20+uint64(8*len(data)) {
				t.Errorf("%d bytes of memory for %d bytes of file", n, len(data))
			}
			switch {
			case c.want == "" && err != nil:
				t.Errorf("got %v", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

type selfMade struct{}

func (selfMade) GobEncode() ([]byte, error) { return []byte{1}, nil }

// TestAnnouncedMessages gives lengths that no bytes follow.
func TestAnnouncedMessages(t *testing.T) {
	begin := stream(t)[:len(start)]
	for _, tail := range []string{
		"\xf8\xff\xff\xff\xff\xff\xff\xff\xff", // 2⁶⁴-1
		"\xfc\x3f\xff\xff\xff",
		"\x80",         // the length of a length of 128 bytes
		"\x00",         // an empty message
		"\x03\x04\x00", // less than announced
	} {
		data := append(bytes.Clone(begin), tail...)
		var err error
		if n := allocated(func() { _, err = Decode(bytes.NewReader(data)) }); n > 1<<20 {
			t.Errorf("%q: %d bytes of memory", tail, n)
		}
		if err == nil {
			t.Errorf("%q: want an error", tail)
		}
	}
}

func TestOtherFormats(t *testing.T) {
	other := func(v any) string {
		var b bytes.Buffer
		if err := gob.NewEncoder(&b).Encode(v); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, c := range []struct{ begin, want string }{
		{"", "it is empty"},
		{"PK\x03\x04\x00\x00", "it looks like a zip archive, such as a PyTorch checkpoint (.pth) or a NumPy one (.npz)"},
		{"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "it looks like a PyTorch checkpoint of the time before 1.6"},
		{"\x80\x04\x95", "it looks like a Python pickle"},
		{"\x40\x00\x00\x00\x00\x00\x00\x00{\"a\":{}}", "it looks like safetensors"},
		{"\x08\x07\x12\x07pytorch\x1a\x04", "it looks like an ONNX model"},
		{"\x08\x0a\x3a\xff\x01", "it looks like an ONNX model"},
		{"\x93NUMPY\x01\x00", "it looks like a NumPy array (.npy)"},
		{"model: resnet20\nepochs: 3\n", `it looks like text ("model: resnet20")`},
		{strings.Repeat("größe ", 100), `it looks like text ("größe größe größe größe größe ...")`},
		{other(map[string]float32{"a": 1}), "it looks like a gob file of something else"},
		{other(struct{ W []float32 }{[]float32{1}}), "it looks like a gob file of something else"},
		{"\x00\x01\x02\x03", "it is of an unknown format"},
		{"\xff", "it is of an unknown format"},
	} {
		_, err := Decode(strings.NewReader(c.begin))
		if want := c.want + ": want a gob file of weights"; err == nil || err.Error() != want {
			t.Errorf("%q:\ngot  %v\nwant %s", c.begin, err, want)
		}
	}
}

func TestWhatCannotBeKept(t *testing.T) {
	one := func(t Tensor) *Archive { return &Archive{Tensors: []Tensor{t}} }
	for _, c := range []struct {
		name string
		a    *Archive
		want string
	}{
		{"no name", one(Tensor{Values: []float32{1}}), "a tensor has no name"},
		{"type", one(Tensor{Name: "a", Shape: []int{1}, Values: []float64{1}}), "a: values are []float64, want []float32, []int64, []uint64 or []byte"},
		{"no values", one(Tensor{Section: "s", Name: "a"}), "s:a: values are <nil>"},
		{"shape", one(Tensor{Name: "a", Shape: []int{2, 3}, Values: []float32{1}}), "a: 1 values for shape (2, 3)"},
		{"negative", one(Tensor{Name: "a", Shape: []int{-1}, Values: []float32{1}}), "a: shape (-1) has a negative size"},
		{"twice", &Archive{Tensors: []Tensor{{Name: "a", Values: []float32{1}}, {Name: "a", Values: []float32{1}}}}, "a appears twice"},
		{"long name", one(Tensor{Name: strings.Repeat("x", entryLimit), Values: []float32{1}}), "the name takes 65536 bytes, at most 32768 can be kept"},
		{"two lines", one(Tensor{Name: "a\nb", Values: []float32{1}}), `the name "a\nb" has characters that cannot be printed`},
		{"not UTF-8", one(Tensor{Name: "\xff", Values: []float32{1}}), "characters that cannot be printed"},
		{"many sizes", one(Tensor{Name: "a", Shape: make([]int, 65), Values: []float32{}}), "a: a shape of 65 sizes, at most 64 can be kept"},
		{"long metadata", &Archive{Meta: Meta{Notes: map[string]string{"a": strings.Repeat("x", headerLimit)}}}, "the metadata take 4194"},
		{"too many", &Archive{Tensors: make([]Tensor, tensorLimit+1)}, "1048577 tensors, at most 1048576 can be kept"},
	} {
		var b bytes.Buffer
		err := Encode(&b, c.a)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		if b.Len() > 0 {
			t.Errorf("%s: %d bytes were written all the same", c.name, b.Len())
		}
	}
	// What is just within the limits comes back.
	near := one(Tensor{Name: strings.Repeat("x", entryLimit/2), Values: []float32{1}})
	near.Meta.Classes = []string{strings.Repeat("y", headerLimit-2000)}
	got, err := Decode(bytes.NewReader(encode(t, near)))
	if d := cmp.Diff(near, got); err != nil || d != "" {
		t.Errorf("near the limits: %v", err)
	}
}

// FuzzDecode checks that no input takes the process down, or more memory than
// its length allows, and that what is accepted comes back when written again.
func FuzzDecode(f *testing.F) {
	data := encode(f, sample())
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add(encode(f, &Archive{}))
	f.Add(data[:len(start)])
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var a *Archive
		var err error
		n := allocated(func() { a, err = Decode(bytes.NewReader(data)) })
		if n > 4<<20+512*uint64(len(data)) {
			t.Errorf("%d bytes of memory for %d bytes of file", n, len(data))
		}
		if err != nil {
			return
		}
		again, err := Decode(bytes.NewReader(encode(t, a)))
		if d := cmp.Diff(a, again, bits); err != nil || d != "" {
			t.Errorf("%v\n%s", err, d)
		}
	})
}
