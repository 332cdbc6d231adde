package onnxtest

import (
	"encoding/binary"
	"fmt"
	"math"
	"path/filepath"
	"strconv"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/protobuf"
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
func parseTensor(m *protobuf.Message) (*Tensor, error) {
	t := &Tensor{}
	var raw []byte
	err := m.Fields(func(f *protobuf.Field) (err error) {
		switch f.Number {
		case 1:
			t.Shape, err = ints(f, t.Shape)
		case 2:
			t.Type = DataType(f.Value)
		case 4:
			t.Floats, err = floats(f, t.Floats)
		case 5, 7:
			t.Ints, err = ints(f, t.Ints)
		case 8:
			t.Name, err = f.Text()
		case 9:
			raw, err = f.Bytes()
		}
		return err
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

// floats appends the numbers of a repeated field, packed or not.
func floats(f *protobuf.Field, to []float32) ([]float32, error) {
	var b []byte
	if err := f.Fixed(4, &b); err != nil {
		return to, err
	}
	for ; len(b) >= 4; b = b[4:] {
		to = append(to, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	if len(b) > 0 {
		return to, errors.Errorf("a list of floats has %d bytes too many", len(b))
	}
	return to, nil
}

// ints appends the integers of a repeated field, packed or not.
func ints(f *protobuf.Field, to []int) ([]int, error) {
	err := f.Varints(func(v uint64) error {
		to = append(to, int(int64(v)))
		return nil
	})
	return to, err
}
