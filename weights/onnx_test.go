package weights

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"
)

// proto writes a protocol buffer: fields follow each other.
type proto []byte

func (m proto) varint(num protowire.Number, v uint64) proto {
	return protowire.AppendVarint(protowire.AppendTag(m, num, protowire.VarintType), v)
}

func (m proto) bytes(num protowire.Number, v []byte) proto {
	return protowire.AppendBytes(protowire.AppendTag(m, num, protowire.BytesType), v)
}

func (m proto) float(num protowire.Number, v float32) proto {
	return protowire.AppendFixed32(protowire.AppendTag(m, num, protowire.Fixed32Type), math.Float32bits(v))
}

// onnxTensorOf is a TensorProto without values.
func onnxTensorOf(name string, dtype uint64, dims []int64) proto {
	var m proto
	for _, d := range dims {
		m = m.varint(1, uint64(d))
	}
	return m.varint(2, dtype).bytes(8, []byte(name))
}

// onnxModel is a ModelProto with these initialisers, metadata, and a node.
func onnxModel(tensors ...proto) []byte {
	graph := proto{}.bytes(1, proto{}.bytes(4, []byte("Conv"))).bytes(2, []byte("graph"))
	for _, t := range tensors {
		graph = graph.bytes(5, t)
	}
	return proto{}.varint(1, 8).bytes(2, []byte("pytorch")).bytes(7, graph).
		bytes(14, proto{}.bytes(1, []byte("author")).bytes(2, []byte("gopher")))
}

type onnxCase struct {
	name   string
	tensor proto
	want   any    // values
	err    string // or
}

func (c onnxCase) model() []byte { return onnxModel(c.tensor) }

var onnxCases = []onnxCase{
	{"raw floats", onnxTensorOf("w", 1, []int64{2}).bytes(9, bytesOf(odd())), odd(), ""},
	{"packed floats", onnxTensorOf("w", 1, []int64{2}).bytes(4, bytesOf(odd())), odd(), ""},
	{"packed dims", proto{}.bytes(1, []byte{1, 2}).varint(2, 1).bytes(8, []byte("w")).bytes(4, bytesOf(odd())), odd(), ""},
	{"floats one by one", onnxTensorOf("w", 1, []int64{2}).float(4, 1.5).float(4, -2), []float32{1.5, -2}, ""},
	{"values before the type", proto{}.float(4, 1.5).varint(2, 1).bytes(8, []byte("w")), []float32{1.5}, ""},
	{"raw doubles", onnxTensorOf("w", 11, nil).bytes(9, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0xbf}), []float32{-1}, ""},
	{"doubles", onnxTensorOf("w", 11, nil).bytes(10, []byte{0, 0, 0, 0, 0, 0, 0xf0, 0xbf}), []float32{-1}, ""},
	{"raw halves", onnxTensorOf("w", 10, []int64{1}).bytes(9, []byte{0, 0x3c}), []float32{1}, ""},
	{"halves", onnxTensorOf("w", 10, []int64{2}).bytes(5, []byte{0x80, 0x78, 0}), []float32{1, 0}, ""},
	{"bfloat16", onnxTensorOf("w", 16, []int64{1}).bytes(9, []byte{0x80, 0x3f}), []float32{1}, ""},
	{"int64", onnxTensorOf("w", 7, []int64{2}).varint(7, 5).varint(7, math.MaxUint64), []int64{5, -1}, ""},
	{"raw int64", onnxTensorOf("w", 7, []int64{1}).bytes(9, []byte{254, 255, 255, 255, 255, 255, 255, 255}), []int64{-2}, ""},
	{"int8", onnxTensorOf("w", 3, []int64{1}).varint(5, math.MaxUint64), []int64{-1}, ""},
	{"bool", onnxTensorOf("w", 9, []int64{2}).bytes(5, []byte{0, 1}), []byte{0, 1}, ""},
	{"uint32", onnxTensorOf("w", 12, []int64{1}).varint(11, 7), []uint64{7}, ""},
	{"empty", onnxTensorOf("w", 1, []int64{0}), []float32{}, ""},
	{"too few", onnxTensorOf("w", 1, []int64{3}).float(4, 1), nil, `"w": damaged: 4 bytes, want 12 for shape (3) of float32`},
	{"raw too few", onnxTensorOf("w", 1, []int64{1}).bytes(9, []byte{1, 2, 3}), nil, "3 bytes, want 4"},
	{"huge", onnxTensorOf("w", 1, []int64{1 << 40, 1 << 40}), nil, "is too large"},
	{"negative", onnxTensorOf("w", 1, []int64{-1}), nil, "a shape that no tensor has"},
	{"rank", onnxTensorOf("w", 1, make([]int64, 65)), nil, "a shape that no tensor has"},
	{"strings", onnxTensorOf("w", 8, []int64{1}).bytes(6, []byte("a")), nil, "values of type string are not read"},
	{"unknown type", onnxTensorOf("w", 99, nil), nil, "values of type 99 are not read"},
	{"wrong list", onnxTensorOf("w", 1, []int64{1}).varint(7, 1), nil, "in the list of another type than float32"},
	{"external", onnxTensorOf("w", 1, []int64{1}).bytes(13, nil).varint(14, 1), nil, `"w": its values are in another file, which is not read`},
	{"no name", onnxTensorOf("", 1, []int64{1}).float(4, 1), nil, "a tensor has no name"},
	{"no text", onnxTensorOf("\xff", 1, nil), nil, "a text is no UTF-8"},
	{"cut off", append(onnxTensorOf("w", 1, nil), 0x4a, 0x05, 0), nil, "it is no protocol buffer"},
}

func TestONNX(t *testing.T) {
	for _, c := range onnxCases {
		a, err := whole(readONNX, c.model())
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: got %v, want %s", c.name, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case a.Tensors[0].Name != "w" || cmp.Diff(c.want, a.Tensors[0].Values, bits) != "" || a.Meta.Notes["author"] != "gopher":
			t.Errorf("%s: got %v", c.name, a)
		}
	}
}

func TestONNXModels(t *testing.T) {
	w := onnxTensorOf("w", 1, []int64{1}).float(4, 1)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"no initialisers", onnxModel(), "has no initialisers"},
		{"twice", onnxModel(w, w), "w appears twice"},
		{"sparse", proto{}.varint(1, 8).bytes(7, proto{}.bytes(15, nil)), "sparse initialisers are not read"},
		{"longer than the file", proto{}.varint(1, 8).bytes(7, make([]byte, 9))[:8], "it is no protocol buffer"},
	} {
		if _, err := whole(readONNX, c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	data := onnxModel(w, onnxTensorOf("v", 7, []int64{2}).varint(7, 5).varint(7, 6), onnxTensorOf("u", 1, []int64{2}).bytes(9, bytesOf(odd())))
	for n := range len(data) {
		if _, err := whole(readONNX, data[:n]); err != nil && strings.Contains(err.Error(), "runtime error") {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
	}
}

// TestONNXVarints has more numbers than a file of its size may unfold to.
func TestONNXVarints(t *testing.T) {
	m := onnxTensorOf("w", 7, []int64{onnxVarints/8 + 1}).bytes(7, make([]byte, onnxVarints/8+1))
	if _, err := whole(readONNX, onnxModel(m)); err == nil || !strings.Contains(err.Error(), "more than 64 MiB of integers as varints") {
		t.Errorf("got %v", err)
	}
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestONNXExport reads a model that PyTorch exported; testdata/formats.py wrote it.
func TestONNXExport(t *testing.T) {
	a, err := Load("testdata/tiny.onnx")
	if err != nil {
		t.Fatal(err)
	}
	values := func(begin float32, n int) []float32 {
		var v []float32
		for i := range n {
			v = append(v, begin+float32(i)/4)
		}
		return v
	}
	want := []Tensor{
		{Name: "0.weight", Shape: []int{3, 2}, Values: values(0, 6)},
		{Name: "0.bias", Shape: []int{3}, Values: values(1, 3)},
		{Name: "1.weight", Shape: []int{3}, Values: values(2, 3)},
		{Name: "1.bias", Shape: []int{3}, Values: values(3, 3)},
		{Name: "1.running_mean", Shape: []int{3}, Values: values(4, 3), Buffer: true},
		{Name: "1.running_var", Shape: []int{3}, Values: values(5, 3), Buffer: true},
	}
	if d := cmp.Diff(want, a.Tensors); d != "" {
		t.Error(d)
	}
}
