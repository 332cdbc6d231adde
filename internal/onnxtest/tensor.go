package onnxtest

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"github.com/pkg/errors"
	"google.golang.org/protobuf/encoding/protowire"
)

// DataType is the type of a tensor's elements.
type DataType int

// The types that tests of float32 operations meet.
const (
	Float   DataType = 1
	Uint8   DataType = 2
	Int8    DataType = 3
	Uint16  DataType = 4
	Int16   DataType = 5
	Int32   DataType = 6
	Int64   DataType = 7
	Bool    DataType = 9
	Float16 DataType = 10
	Double  DataType = 11
	Uint32  DataType = 12
	Uint64  DataType = 13
)

// String gives the type as onnx.proto calls it.
func (d DataType) String() string {
	names := map[DataType]string{
		Float: "float", Uint8: "uint8", Int8: "int8", Uint16: "uint16", Int16: "int16", Int32: "int32",
		Int64: "int64", Bool: "bool", Float16: "float16", Double: "double", Uint32: "uint32", Uint64: "uint64",
	}
	if s, ok := names[d]; ok {
		return s
	}
	return "type " + strconv.Itoa(int(d))
}

// Tensor holds float elements in Floats, int64, int32 and bool ones in Ints,
// in row-major order. Of any other type it has the type and shape only.
type Tensor struct {
	Name   string
	Type   DataType
	Shape  []int
	Floats []float32
	Ints   []int
}

// Len is the number of elements that the shape asks for.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

func loadTensors(dir, prefix string) ([]*Tensor, error) {
	var all []*Tensor
	files, err := filepath.Glob(filepath.Join(dir, prefix+"*.pb"))
	if err != nil {
		return nil, errors.WithStack(err)
	}
	for i := range files { // by number: Glob puts 10 before 2
		t, err := LoadTensor(filepath.Join(dir, fmt.Sprintf("%s%d.pb", prefix, i)))
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// parseTensor reads a TensorProto.
func parseTensor(b []byte) (*Tensor, error) {
	t := &Tensor{}
	var raw []byte
	err := fields(b, func(f field) error {
		switch f.num {
		case 1:
			return f.ints(func(v int64) { t.Shape = append(t.Shape, int(v)) })
		case 2:
			t.Type = DataType(f.varint)
		case 4:
			return f.floats(func(v float32) { t.Floats = append(t.Floats, v) })
		case 5, 7:
			return f.ints(func(v int64) { t.Ints = append(t.Ints, int(v)) })
		case 8:
			t.Name = string(f.bytes)
		case 9:
			raw = f.bytes
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := t.fill(raw); err != nil {
		return nil, err
	}
	return t, t.check()
}

// fill takes the elements from raw_data.
func (t *Tensor) fill(raw []byte) error {
	size := map[DataType]int{Float: 4, Int32: 4, Int64: 8, Bool: 1}[t.Type]
	if size == 0 || len(raw) == 0 {
		return nil
	}
	if len(raw)%size != 0 {
		return errors.Errorf("tensor %q: %d bytes are no whole number of %v elements", t.Name, len(raw), t.Type)
	}
	for ; len(raw) > 0; raw = raw[size:] {
		switch t.Type {
		case Float:
			t.Floats = append(t.Floats, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
		case Int32:
			t.Ints = append(t.Ints, int(int32(binary.LittleEndian.Uint32(raw))))
		case Int64:
			t.Ints = append(t.Ints, int(int64(binary.LittleEndian.Uint64(raw))))
		case Bool:
			t.Ints = append(t.Ints, int(raw[0]))
		}
	}
	return nil
}

func (t *Tensor) check() error {
	have := t.Len()
	switch t.Type {
	case Float:
		have = len(t.Floats)
	case Int32, Int64, Bool:
		have = len(t.Ints)
	}
	if have != t.Len() {
		return errors.Errorf("tensor %q of shape %v has %d elements", t.Name, t.Shape, have)
	}
	return nil
}

// field is one field of a message: varint for the wire types varint, fixed32
// and fixed64, bytes for length-delimited ones.
type field struct {
	num    protowire.Number
	typ    protowire.Type
	varint uint64
	bytes  []byte
}

// fields calls f for every field of a message.
func fields(b []byte, f func(field) error) error {
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errors.WithStack(protowire.ParseError(n))
		}
		b = b[n:]
		v := field{num: num, typ: typ}
		switch typ {
		case protowire.VarintType:
			v.varint, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(b)
			v.varint = uint64(bits)
		case protowire.Fixed64Type:
			v.varint, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			v.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return errors.WithStack(protowire.ParseError(n))
		}
		b = b[n:]
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

// ints calls add for the integers of a repeated field, packed or not.
func (f field) ints(add func(int64)) error {
	if f.typ != protowire.BytesType {
		add(int64(f.varint))
		return nil
	}
	for b := f.bytes; len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			return errors.WithStack(protowire.ParseError(n))
		}
		add(int64(v))
		b = b[n:]
	}
	return nil
}

// floats calls add for the numbers of a repeated field, packed or not.
func (f field) floats(add func(float32)) error {
	if f.typ != protowire.BytesType {
		add(math.Float32frombits(uint32(f.varint)))
		return nil
	}
	for b := f.bytes; len(b) > 0; {
		v, n := protowire.ConsumeFixed32(b)
		if n < 0 {
			return errors.WithStack(protowire.ParseError(n))
		}
		add(math.Float32frombits(v))
		b = b[n:]
	}
	return nil
}
