package weights

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unsectioned is the sample without the sections that other formats do not have, with
// values of every kind.
func unsectioned() *Archive {
	a := sample()
	a.Tensors = slices.DeleteFunc(a.Tensors, func(t Tensor) bool { return t.Section != "" })
	a.Tensors = append(a.Tensors,
		Tensor{Name: "odd.values", Shape: []int{2, 4}, Values: []float32{
			float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Copysign(0, -1)), 0,
			math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32, math.Float32frombits(0x7fffffff), math.Float32frombits(0xff800001),
		}},
		Tensor{Name: "bytes", Shape: []int{3}, Values: []byte{0, 128, 255}},
		Tensor{Name: "count", Values: []int64{math.MinInt64}, Buffer: true},
		Tensor{Name: "seed", Shape: []int{1}, Values: []uint64{math.MaxUint64}})
	return a
}

func encoded(t testing.TB, encode func(io.Writer, *Archive) error, a *Archive) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, a); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// formats are those that are written and read beside this module's own.
var formats = map[string]struct {
	encode func(io.Writer, *Archive) error
	read   func(io.ReaderAt, int64) (*contents, error)
	save   func(*Archive, string) error
}{
	"safetensors": {safetensorsAs(), readSafetensors, saveSafetensors},
	"npz":         {EncodeNPZ, readNPZ, (*Archive).SaveNPZ},
}

func saveSafetensors(a *Archive, path string) error { return a.SaveSafetensors(path) }

// TestFormatsRoundTrip wants the bits, the flags, the order and the metadata back.
func TestFormatsRoundTrip(t *testing.T) {
	for name, f := range formats {
		for what, a := range map[string]*Archive{"plain": unsectioned(), "empty": {}} {
			data := encoded(t, f.encode, a)
			if again := encoded(t, f.encode, a); !bytes.Equal(data, again) {
				t.Errorf("%s, %s: other bytes when written again", name, what)
			}
			path := filepath.Join(t.TempDir(), "weights")
			if err := f.save(a, path); err != nil {
				t.Fatal(err)
			}
			if saved, err := os.ReadFile(path); err != nil || !bytes.Equal(saved, data) {
				t.Errorf("%s, %s: the file has other bytes: %v", name, what, err)
			}
			got, err := Load(path)
			if err != nil {
				t.Fatalf("%s, %s: %v", name, what, err)
			}
			if d := cmp.Diff(a, got, bits); d != "" {
				t.Errorf("%s, %s:\n%s", name, what, d)
			}
		}
	}
}

// TestFormatsTruncatedAnywhere wants an error of one line for every beginning of a
// file.
func TestFormatsTruncatedAnywhere(t *testing.T) {
	for name, f := range formats {
		data := encoded(t, f.encode, unsectioned())
		for n := range len(data) {
			if _, err := whole(f.read, data[:n]); err == nil || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "runtime error") {
				t.Fatalf("%s: the first %d of %d bytes: %v", name, n, len(data), err)
			}
		}
		if _, err := whole(f.read, append(slices.Clone(data), 0)); name == "safetensors" && err == nil {
			t.Errorf("%s: nobody noticed a byte too many", name)
		}
	}
}

func TestFormatsCannotKeep(t *testing.T) {
	for name, f := range formats {
		for _, c := range []struct {
			a    *Archive
			want string
		}{
			{sample(), "solver:conv.weight: this format has no sections"},
			{&Archive{Tensors: []Tensor{{Name: "a", Shape: []int{2}, Values: []float32{1}}}}, "a: 1 values for shape (2)"},
			{&Archive{Tensors: []Tensor{{Name: "a"}}}, "a: values are <nil>"},
			{&Archive{Meta: Meta{Input: Input{Mean: []float32{float32(math.NaN())}}}}, "metadata input"},
		} {
			if err := f.encode(io.Discard, c.a); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %s", name, err, c.want)
			}
		}
	}
	for name, encode := range map[string]func(io.Writer, *Archive) error{safetensorsMeta: safetensorsAs(), npzMeta: EncodeNPZ} {
		a := &Archive{Tensors: []Tensor{{Name: name, Values: []float32{1}}}}
		if err := encode(io.Discard, a); err == nil || !strings.Contains(err.Error(), "the name has another meaning") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestFormatsLoadInto wants of LoadInto what it does with files of this module's
// own format: the same values, at once or later, and the same errors.
func TestFormatsLoadInto(t *testing.T) {
	from := model(t, 1, several())
	value(t, from, "large.weight")[12345] = math.Float32frombits(0x7f800001)
	a := FromParams(from)
	a.Meta = Meta{Model: "several", Epoch: 7}
	a.Tensors = append(a.Tensors, Tensor{Name: "bn1.num_batches_tracked", Values: []int64{7}, Buffer: true})
	for name, f := range formats {
		path := filepath.Join(t.TempDir(), "weights")
		if err := f.save(a, path); err != nil {
			t.Fatal(err)
		}
		for _, opts := range [][]LoadOption{nil, {Deferred()}, {Deferred(), Partial()}} {
			p := model(t, 1e6, several())
			meta, err := LoadInto(path, p, opts...)
			if err != nil || meta.Model != "several" || meta.Epoch != 7 {
				t.Fatalf("%s: %v, %v", name, meta, err)
			}
			for e := range p.All() {
				large := e.Name == "large.weight" || e.Name == "middle.weight"
				if e.InMemory() == (opts != nil && large) {
					t.Errorf("%s: %s in memory: %t", name, e.Name, e.InMemory())
				}
			}
			if err := p.Fetch(); err != nil {
				t.Fatal(err)
			}
			same(t, name, FromParams(p), FromParams(from))
		}
		p := model(t, 1, small(5))
		if _, err := LoadInto(path, p); err == nil || !strings.HasPrefix(err.Error(), path+": checkpoint of several does not fit the model") {
			t.Errorf("%s: got %v", name, err)
		}
		p = model(t, 0, several())
		if _, err := LoadInto(path, p, Deferred()); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 2000); err != nil {
			t.Logf("this system forbids it: %v", err)
		} else if err := p.Fetch(); err == nil || !strings.Contains(err.Error(), "truncated: the file ends in large.weight") {
			t.Errorf("%s: after truncation: %v", name, err)
		}
	}
}

// numbered returns a safetensors file with that header and so many bytes 1, 2, 3
// and so on.
func numbered(header string, n int) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range n {
		b = append(b, byte(i+1))
	}
	return b
}

type safetensorsCase struct {
	header string
	bytes  int
	want   string // of the error, "" for none
}

func (c safetensorsCase) file() []byte { return numbered(c.header, c.bytes) }

var safetensorsCases = []safetensorsCase{
	{`{}`, 0, ""},
	{`{"__metadata__":{}}`, 0, ""},
	{`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}   `, 2, ""},
	{`{"a":{"dtype":"U8","shape":[],"data_offsets":[1,2]},"b":{"shape":[1,1],"data_offsets":[0,1],"dtype":"BOOL"}}`, 2, ""},
	{`{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]}}`, 0, ""},
	{``, 0, "the header is no JSON"},
	{`[]`, 0, "the header is no JSON object"},
	{`"a"`, 0, "the header is no JSON object"},
	{` {}`, 0, "the header is no JSON object"},
	{`{} {}`, 0, "the header is no JSON"},
	{"{\"\xff\":{}}", 0, "the header is no JSON"},
	{`{"a":7}`, 0, `damaged header: "a": want an object`},
	{`{"a":{}}`, 0, `"a": want dtype, shape and data_offsets`},
	{`{"":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1, "a tensor has no name"},
	{`{"a\n":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1, "characters that cannot be printed"},
	{`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2, `"a": a appears twice`},
	{`{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}`, 1, `"shape" appears twice`},
	{`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"more":1}}`, 1, `"more" is unknown`},
	{`{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}`, 1, `values of type "F8_E4M3" are not read`},
	{`{"a":{"dtype":1,"shape":[1],"data_offsets":[0,1]}}`, 1, "want a text"},
	{`{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}`, 1, "is no whole number"},
	{`{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}`, 1, "is no whole number"},
	{`{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}`, 1, "is no whole number"},
	{`{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}`, 1, "is no whole number"},
	{`{"a":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]}}`, 1, "is no whole number"},
	{`{"a":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, 0, "is too large"},
	{`{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}`, 0, "is too large"},
	{`{"a":{"dtype":"U8","shape":[` + strings.Repeat("1,", 64) + `1],"data_offsets":[0,1]}}`, 1, "more than 64 numbers"},
	{`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,2]}}`, 2, "2 bytes, want 4 for shape (1) of float32"},
	{`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}`, 1, "want a begin and an end"},
	{`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0]}}`, 1, "want a begin and an end"},
	{`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}}`, 1, "more than 2 numbers"},
	{`{"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}`, 2, "truncated: the values take 3 bytes and the file has 2 more"},
	{`{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}`, 2, "truncated: the values take 9223372036854775807 bytes"},
	{`{"a":{"dtype":"U8","shape":[1],"data_offsets":[9223372036854775806,9223372036854775807]}}`, 2, "belong to no tensor"},
	{`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 2, "the last tensor ends at byte 1 of the values, and there are 2"},
	{`{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}`, 2, "bytes 0 to 1 of the values belong to no tensor"},
	{`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3, "b overlaps another tensor at byte 1"},
	{`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`, 2, "b overlaps another tensor at byte 0"},
	{`{"__metadata__":{"a":1}}`, 0, "want a text"},
	{`{"__metadata__":{"a":"1","a":"2"}}`, 0, `"a" appears twice`},
	{`{"__metadata__":{},"__metadata__":{}}`, 0, "__metadata__ appears twice"},
	{`{"__metadata__":[]}`, 0, "want an object"},
	{`{"__metadata__":{"modelzoo":"2"}}`, 0, `version "2" of the metadata`},
	{`{"__metadata__":{"modelzoo":"1","classes":"no list"}}`, 0, "damaged: metadata classes"},
	{`{"__metadata__":{"modelzoo":"1","metrics":"{\"a\":\"many\"}"}}`, 0, `"many" is no number`},
}

func TestSafetensors(t *testing.T) {
	for _, c := range safetensorsCases {
		_, err := whole(readSafetensors, c.file())
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%.60s: %v", c.header, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")):
			t.Errorf("%.60s: got %v, want %s", c.header, err, c.want)
		}
	}
}

// TestSafetensorsOrder wants tensors in the order of the header, wherever their
// values are, and those of others to become notes and buffers by name.
func TestSafetensorsOrder(t *testing.T) {
	got, err := whole(readSafetensors, numbered(`{"b.running_var":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},`+
		`"__metadata__":{"format":"pt","model":"theirs"},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 2))
	if err != nil {
		t.Fatal(err)
	}
	want := &Archive{
		Meta: Meta{Notes: map[string]string{"model": "theirs"}},
		Tensors: []Tensor{
			{Name: "b.running_var", Shape: []int{1}, Values: []byte{2}, Buffer: true},
			{Name: "a", Shape: []int{1}, Values: []byte{1}},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestSafetensorsTypes(t *testing.T) {
	for _, c := range []struct {
		dtype  string
		values any // 1, 2, 3 and so on as bytes
	}{
		{"F32", []float32{math.Float32frombits(0x04030201), math.Float32frombits(0x08070605)}},
		{"F64", []float32{0}}, // 5.4e-270
		{"BF16", []float32{math.Float32frombits(0x02010000), math.Float32frombits(0x04030000)}},
		{"F16", []float32{half(0x0201), half(0x0403)}},
		{"I8", []int64{1, 2}}, {"I16", []int64{0x0201}}, {"I32", []int64{0x04030201}}, {"I64", []int64{0x0807060504030201}},
		{"U8", []byte{1, 2}}, {"U16", []uint64{0x0201}}, {"U32", []uint64{0x04030201}}, {"U64", []uint64{0x0807060504030201}},
		{"BOOL", []byte{1, 2}},
	} {
		f := safetensorsForms[c.dtype]
		n := len(memory(c.values)) / kinds[f.dtype].size
		header := `{"a":{"dtype":"` + c.dtype + `","shape":[` + string(rune('0'+n)) + `],"data_offsets":[0,` + string(rune('0'+n*f.size)) + `]}}`
		a, err := whole(readSafetensors, numbered(header, n*f.size))
		if err != nil {
			t.Fatalf("%s: %v", c.dtype, err)
		}
		if d := cmp.Diff(c.values, a.Tensors[0].Values, bits); d != "" {
			t.Errorf("%s: %s", c.dtype, d)
		}
	}
}

// TestSafetensorsHugeHeader announces headers that are not there.
func TestSafetensorsHugeHeader(t *testing.T) {
	for _, c := range []struct {
		size uint64
		want string
	}{
		{3, "truncated: the header takes 3 bytes and the file has 2 more"},
		{safetensorsHeader, "truncated: the header takes 100000000 bytes"},
		{safetensorsHeader + 1, "the header takes 100000001 bytes, at most 100000000 are read"},
		{math.MaxUint64, "at most 100000000 are read"},
	} {
		data := append(binary.LittleEndian.AppendUint64(nil, c.size), "{}"...)
		var err error
		if n := allocated(func() { _, err = whole(readSafetensors, data) }); n > 1<<20 {
			t.Errorf("%d bytes of memory for a file of %d", n, len(data))
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestHalf compares with the definition of binary16.
func TestHalf(t *testing.T) {
	for b := range 1 << 16 {
		sign, exponent, fraction := b>>15, b>>10&31, b&1023
		want := math.Ldexp(1+float64(fraction)/1024, exponent-15)
		switch {
		case exponent == 0:
			want = math.Ldexp(float64(fraction), -24)
		case exponent == 31 && fraction == 0:
			want = math.Inf(1)
		}
		got := half(uint16(b))
		if exponent == 31 && fraction != 0 {
			if bits := math.Float32bits(got); bits != uint32(sign)<<31|0xff<<23|uint32(fraction)<<13 {
				t.Fatalf("NaN %04x became %08x", b, bits)
			}
			continue
		}
		if sign == 1 {
			want = -want
		}
		if float64(got) != want || math.Signbit(float64(got)) != (sign == 1) {
			t.Fatalf("%04x: got %v, want %v", b, got, want)
		}
	}
}
