package onnxmodel

import (
	"encoding/binary"
	"io"
	"maps"
	"math"
	"slices"

	"github.com/pkg/errors"
	"google.golang.org/protobuf/encoding/protowire"
)

// chunk is how many values of a weight are in memory at once.
const chunk = 1 << 14

// Write writes the model. The same model gives the same bytes.
func (m *Model) Write(w io.Writer) error {
	var head, graph, tail message
	head.int(1, irVersion)
	head.text(2, "modelzoo")

	for i := range m.Nodes {
		graph.embed(1, m.Nodes[i].encode())
	}
	graph.text(2, m.Name)
	var rest message
	for _, v := range m.Inputs {
		rest.embed(11, v.encode())
	}
	for _, v := range m.Outputs {
		rest.embed(12, v.encode())
	}

	var version message
	version.text(1, "")
	version.int(2, opset)
	tail.embed(8, version)
	for _, key := range slices.Sorted(maps.Keys(m.Props)) {
		var entry message
		entry.text(1, key)
		entry.text(2, m.Props[key])
		tail.embed(14, entry)
	}

	heads, size := m.heads()
	size += len(graph) + len(rest)
	if total := len(head) + size + len(tail); total > math.MaxInt32-64 {
		return errors.Errorf("the model has %d bytes, and an ONNX file holds 2 GiB at most", total)
	}
	head.tag(7, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(size))
	for _, part := range []message{head, graph} {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	for i, h := range heads {
		if _, err := w.Write(h); err != nil {
			return err
		}
		if err := m.Initializers[i].writeValues(w); err != nil {
			return err
		}
	}
	_, err := w.Write(append(rest, tail...))
	return err
}

// heads are what stands before the values of each weight; size is the number of
// bytes of all weights, values included.
func (m *Model) heads() (heads []message, size int) {
	for i := range m.Initializers {
		t := &m.Initializers[i]
		var fields message
		fields.ints(1, t.Shape)
		fields.int(2, int(Float))
		fields.text(8, t.Name)
		fields.tag(9, protowire.BytesType)
		fields = protowire.AppendVarint(fields, uint64(4*t.len()))

		var h message
		h.tag(5, protowire.BytesType)
		h = protowire.AppendVarint(h, uint64(len(fields)+4*t.len()))
		h = append(h, fields...)
		heads = append(heads, h)
		size += len(h) + 4*t.len()
	}
	return heads, size
}

func (t *Initializer) len() int {
	n := 1
	for _, size := range t.Shape {
		n *= size
	}
	return n
}

func (t *Initializer) writeValues(w io.Writer) error {
	values := make([]float32, min(chunk, t.len()))
	raw := make([]byte, 0, 4*len(values))
	for from := 0; from < t.len(); from += len(values) {
		values = values[:min(len(values), t.len()-from)]
		t.Values(values, from)
		if _, err := w.Write(appendFloats(raw[:0], values)); err != nil {
			return err
		}
	}
	return nil
}

func appendFloats(to []byte, values []float32) []byte {
	for _, v := range values {
		to = binary.LittleEndian.AppendUint32(to, math.Float32bits(v))
	}
	return to
}

// encode is a NodeProto.
func (n *Node) encode() (m message) {
	for _, in := range n.Inputs {
		m.text(1, in)
	}
	for _, out := range n.Outputs {
		m.text(2, out)
	}
	m.text(3, n.Name)
	m.text(4, n.Op)
	for _, a := range n.Attrs {
		m.embed(5, a.encode())
	}
	return m
}

// encode is an AttributeProto; field 20 is its type.
func (a Attr) encode() (m message) {
	m.text(1, a.Name)
	switch v := a.Value.(type) {
	case float32:
		m.tag(2, protowire.Fixed32Type)
		m = protowire.AppendFixed32(m, math.Float32bits(v))
		m.int(20, 1)
	case int:
		m.int(3, v)
		m.int(20, 2)
	case string:
		m.text(4, v)
		m.int(20, 3)
	case Tensor:
		m.embed(5, v.encode())
		m.int(20, 4)
	case []int:
		m.ints(8, v)
		m.int(20, 7)
	}
	return m
}

// encode is a TensorProto.
func (t Tensor) encode() (m message) {
	m.ints(1, t.Shape)
	var raw []byte
	if t.Ints != nil {
		m.int(2, int(Int64))
		for _, v := range t.Ints {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
		}
	} else {
		m.int(2, int(Float))
		raw = appendFloats(nil, t.Floats)
	}
	m.embed(9, raw)
	return m
}

// encode is a ValueInfoProto, of a type that is a tensor's.
func (v Value) encode() (m message) {
	var shape, tensor, kind message
	for _, d := range v.Shape {
		var dim message
		if d.Size > 0 {
			dim.int(1, d.Size)
		} else {
			dim.text(2, d.Name)
		}
		shape.embed(1, dim)
	}
	tensor.int(1, int(v.Type))
	tensor.embed(2, shape)
	kind.embed(1, tensor)
	m.text(1, v.Name)
	m.embed(2, kind)
	return m
}

// message is a protocol buffer in the making.
type message []byte

func (m *message) tag(field protowire.Number, t protowire.Type) {
	*m = protowire.AppendTag(*m, field, t)
}

func (m *message) int(field protowire.Number, v int) {
	m.tag(field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(v))
}

// ints is a list of numbers, one by one.
func (m *message) ints(field protowire.Number, list []int) {
	for _, v := range list {
		m.int(field, v)
	}
}

func (m *message) text(field protowire.Number, v string) {
	m.tag(field, protowire.BytesType)
	*m = protowire.AppendString(*m, v)
}

func (m *message) embed(field protowire.Number, v []byte) {
	m.tag(field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, v)
}
