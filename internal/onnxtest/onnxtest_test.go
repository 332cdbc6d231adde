package onnxtest

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gorgonia-zoo/modelzoo/internal/protobuf"
)

// message writes a protocol buffer: fields follow each other.
type message []byte

func (m message) varint(num protowire.Number, v int64) message {
	return protowire.AppendVarint(protowire.AppendTag(m, num, protowire.VarintType), uint64(v))
}

func (m message) bytes(num protowire.Number, v []byte) message {
	return protowire.AppendBytes(protowire.AppendTag(m, num, protowire.BytesType), v)
}

func (m message) text(num protowire.Number, v string) message { return m.bytes(num, []byte(v)) }

func (m message) float(num protowire.Number, v float32) message {
	return protowire.AppendFixed32(protowire.AppendTag(m, num, protowire.Fixed32Type), math.Float32bits(v))
}

func TestParseTensor(t *testing.T) {
	packed := func(v ...uint64) (b []byte) {
		for _, x := range v {
			b = protowire.AppendVarint(b, x)
		}
		return b
	}
	floats := protowire.AppendFixed32(protowire.AppendFixed32(nil, math.Float32bits(1.5)), math.Float32bits(-2))
	tests := []struct {
		name string
		in   message
		want *Tensor
	}{
		{"floats packed", message{}.bytes(1, packed(1, 2)).varint(2, 1).bytes(4, floats).text(8, "x"),
			&Tensor{Name: "x", Type: Float, Shape: []int{1, 2}, Floats: []float32{1.5, -2}}},
		{"floats one by one", message{}.varint(1, 2).varint(2, 1).float(4, 1.5).float(4, -2),
			&Tensor{Type: Float, Shape: []int{2}, Floats: []float32{1.5, -2}}},
		{"raw floats", message{}.varint(1, 2).varint(2, 1).bytes(9, floats),
			&Tensor{Type: Float, Shape: []int{2}, Floats: []float32{1.5, -2}}},
		{"scalar", message{}.varint(2, 1).float(4, 3), &Tensor{Type: Float, Floats: []float32{3}}},
		{"int64", message{}.varint(1, 2).varint(2, 7).bytes(7, packed(5, math.MaxUint64)),
			&Tensor{Type: Int64, Shape: []int{2}, Ints: []int{5, -1}}},
		{"raw int64", message{}.varint(1, 1).varint(2, 7).bytes(9, []byte{254, 255, 255, 255, 255, 255, 255, 255}),
			&Tensor{Type: Int64, Shape: []int{1}, Ints: []int{-2}}},
		{"raw int32", message{}.varint(1, 1).varint(2, 6).bytes(9, []byte{254, 255, 255, 255}),
			&Tensor{Type: Int32, Shape: []int{1}, Ints: []int{-2}}},
		{"raw bool", message{}.varint(1, 2).varint(2, 9).bytes(9, []byte{0, 1}),
			&Tensor{Type: Bool, Shape: []int{2}, Ints: []int{0, 1}}},
		{"another type", message{}.varint(1, 2).varint(2, 2).bytes(9, []byte{1, 2}),
			&Tensor{Type: Uint8, Shape: []int{2}}},
		{"empty", message{}.varint(1, 0).varint(2, 1), &Tensor{Type: Float, Shape: []int{0}}},
	}
	for _, test := range tests {
		got, err := parseTensor(protobuf.Of(test.in))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
}

func TestBadTensor(t *testing.T) {
	for _, test := range []struct {
		in   message
		want string
	}{
		{message{}.varint(1, 3).varint(2, 1).float(4, 1).text(8, "x"), `tensor "x" of shape [3] has 1 elements`},
		{message{}.varint(1, 1).varint(2, 1).bytes(9, []byte{1, 2, 3}), "3 bytes are no whole number of float elements"},
		{message{0xff}, "it is no protocol buffer"},
		{message{}.varint(1, 1).varint(2, 1).bytes(9, make([]byte, 4))[:9], "it is no protocol buffer"},
		{message{}.varint(2, 7).bytes(7, []byte{0x80}), "it is no protocol buffer"},
		{message{}.varint(2, 1).bytes(4, []byte{1, 2, 3}), "a list of floats has 3 bytes too many"},
	} {
		if _, err := parseTensor(protobuf.Of(test.in)); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error is %v, want %q", err, test.want)
		}
	}
}

// model is a ModelProto with what this package reads: y = Conv(x, w), where w
// is an initializer that is also listed among the inputs.
func model() message {
	value := func(name string, dims ...message) message {
		var shape message
		for _, d := range dims {
			shape = shape.bytes(1, d)
		}
		return message{}.text(1, name).bytes(2, message{}.bytes(1, message{}.varint(1, 1).bytes(2, shape)))
	}
	node := message{}.text(1, "x").text(1, "w").text(1, "").text(2, "y").text(3, "first").text(4, "Conv").
		bytes(5, message{}.text(1, "strides").bytes(8, []byte{2, 3}).varint(20, 7)).
		bytes(5, message{}.text(1, "group").varint(3, 4)).
		bytes(5, message{}.text(1, "auto_pad").text(4, "SAME_UPPER")).
		bytes(5, message{}.text(1, "alpha").float(2, 0.25)).
		bytes(5, message{}.text(1, "scales").float(7, 1).float(7, 2)).
		bytes(5, message{}.text(1, "value").bytes(5, message{}.varint(2, 1).float(4, 6)))
	graph := message{}.bytes(1, node).text(2, "graph").
		bytes(5, message{}.varint(1, 1).varint(2, 1).float(4, 9).text(8, "w")).
		bytes(11, value("x", message{}.text(2, "batch"), message{}.varint(1, 3))).
		bytes(11, value("w", message{}.varint(1, 1))).
		bytes(12, value("y"))
	return message{}.varint(1, 8).bytes(7, graph).
		bytes(8, message{}.text(1, "").varint(2, 22)).
		bytes(8, message{}.text(1, "ai.onnx.training").varint(2, 1))
}

func TestParseModel(t *testing.T) {
	got, err := parseModel(protobuf.Of(model()))
	if err != nil {
		t.Fatal(err)
	}
	want := &Model{
		Nodes: []Node{{
			OpType: "Conv", Name: "first", Inputs: []string{"x", "w", ""}, Outputs: []string{"y"},
			Attrs: map[string]Attr{
				"strides":  {Ints: []int{2, 3}},
				"group":    {Int: 4},
				"auto_pad": {String: "SAME_UPPER"},
				"alpha":    {Float: 0.25},
				"scales":   {Floats: []float32{1, 2}},
				"value":    {Tensor: &Tensor{Type: Float, Floats: []float32{6}}},
			},
		}},
		Initializers: map[string]*Tensor{"w": {Name: "w", Type: Float, Shape: []int{1}, Floats: []float32{9}}},
		Inputs:       []Input{{Name: "x", Type: Float, Shape: []int{-1, 3}}},
		Outputs:      []string{"y"},
		Opset:        22,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	n := &got.Nodes[0]
	if n.Int("group", 1) != 4 || n.Int("none", 7) != 7 || n.Float("alpha", 1) != 0.25 || n.Float("none", 2) != 2 {
		t.Error("Int or Float gives another value than the attribute or the fallback")
	}
	if diff := cmp.Diff([]int{2, 3}, n.Ints("strides")); diff != "" || n.Ints("none") != nil {
		t.Errorf("Ints: %s, without attribute %v", diff, n.Ints("none"))
	}
}

func TestLoadCase(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "test_conv")
	data := filepath.Join(dir, "test_data_set_0")
	if err := os.MkdirAll(data, 0o755); err != nil {
		t.Fatal(err)
	}
	files := map[string]message{"../model.onnx": model(), "output_0.pb": message{}.varint(2, 1).float(4, -1)}
	for _, n := range []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"} {
		files["input_"+n+".pb"] = message{}.varint(2, 1).float(4, 1).text(8, n)
	}
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(data, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	c, err := LoadCase(dir)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "test_conv" || len(c.Model.Nodes) != 1 || len(c.Outputs) != 1 {
		t.Errorf("read %+v", c)
	}
	if len(c.Inputs) != 11 || c.Inputs[10].Name != "10" || c.Inputs[2].Name != "2" {
		t.Errorf("inputs are not in the order of their numbers")
	}
	if _, err := LoadCase(t.TempDir()); err == nil {
		t.Error("no error for an empty folder")
	}
}

// FuzzParse looks for panics and for shapes without the elements to fill them.
func FuzzParse(f *testing.F) {
	f.Add([]byte(model()))
	f.Add([]byte(message{}.varint(1, 2).varint(2, 1).bytes(9, make([]byte, 8))))
	f.Fuzz(func(t *testing.T, b []byte) {
		if x, err := parseTensor(protobuf.Of(b)); err == nil && x.Type == Float && len(x.Floats) != x.Len() {
			t.Errorf("shape %v with %d elements", x.Shape, len(x.Floats))
		}
		_, _ = parseModel(protobuf.Of(b))
	})
}
