package weights

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"

	"github.com/pkg/errors"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gorgonia-zoo/modelzoo/internal/protobuf"
)

// onnxForms are the forms of raw values by TensorProto.DataType.
var onnxForms = map[uint64]*form{
	1: float32s, 2: uint8s, 3: int8s, 4: uint16s, 5: int16s, 6: int32s, 7: int64s, 9: bools,
	10: float16, 11: float64s, 12: uint32s, 13: uint64s, 16: bfloat16,
}

// onnxNames are other types that a message should name.
var onnxNames = map[uint64]string{8: "string", 14: "complex64", 15: "complex128"}

// readONNX reads the initialisers of a model's graph as its state. The names and
// numbers of fields are those of onnx.proto.
func readONNX(file io.ReaderAt, size int64) (*contents, error) {
	r := &onnxReader{c: new(contents), seen: make(names), notes: make(annotation)}
	if err := protobuf.NewMessage(file, size).Fields(r.model); err != nil {
		return nil, err
	}
	if len(r.c.list) == 0 {
		return nil, errors.New("the ONNX model has no initialisers, which is where its weights would be")
	}
	return r.c, r.notes.apply(r.c)
}

type onnxReader struct {
	c       *contents
	seen    names
	notes   annotation
	varints int // see onnxTensor
}

// model reads a field of a ModelProto.
func (r *onnxReader) model(f *protobuf.Field) error {
	switch f.Number {
	case 7: // graph
		return f.Message().Fields(r.graph)
	case 14: // metadata_props
		var entry [3]string // of StringStringEntryProto: 1 is the key, 2 the value
		err := f.Message().Fields(func(f *protobuf.Field) (err error) {
			if f.Number == 1 || f.Number == 2 {
				entry[f.Number], err = f.Text()
			}
			return err
		})
		r.notes[entry[1]] = entry[2]
		return err
	}
	return nil
}

// graph reads a field of a GraphProto.
func (r *onnxReader) graph(f *protobuf.Field) error {
	switch f.Number {
	case 5: // initializer
		l, err := r.tensor(f.Message())
		if err == nil {
			err = r.c.add(l, r.seen)
		}
		return err
	case 15: // sparse_initializer
		return errors.New("sparse initialisers are not read")
	}
	return nil
}

// tensor reads a TensorProto: first what it is, then its values.
func (r *onnxReader) tensor(m *protobuf.Message) (*located, error) {
	t := &onnxTensor{varints: &r.varints}
	if err := m.Fields(t.describe); err != nil {
		return nil, err
	}
	l, err := t.located(m)
	return l, errors.Wrapf(err, "%.200q", t.name)
}

// onnxTensor is a TensorProto.
type onnxTensor struct {
	name      string
	dtype     uint64
	dims      []int
	elsewhere bool
	form      *form
	at, size  int64  // of the values in the file; or
	listed    []byte // values from lists, little-endian
	varints   *int   // bytes of values that were varints, in the whole file
}

// describe reads a field that says what the tensor is.
func (t *onnxTensor) describe(f *protobuf.Field) (err error) {
	switch f.Number {
	case 1: // dims
		return f.Varints(func(v uint64) error {
			if v > 1<<62 || len(t.dims) == rankLimit {
				return errors.New("damaged: a shape that no tensor has")
			}
			t.dims = append(t.dims, int(v))
			return nil
		})
	case 2: // data_type
		t.dtype = f.Value
	case 8: // name
		t.name, err = f.Text()
	case 13: // external_data
		t.elsewhere = true
	case 14: // data_location
		t.elsewhere = t.elsewhere || f.Value == 1
	}
	return err
}

// located finds the values, given all else.
func (t *onnxTensor) located(m *protobuf.Message) (*located, error) {
	f, ok := onnxForms[t.dtype]
	switch {
	case t.elsewhere:
		return nil, errors.New("its values are in another file, which is not read")
	case !ok && onnxNames[t.dtype] != "":
		return nil, errors.Errorf("values of type %s are not read", onnxNames[t.dtype])
	case !ok:
		return nil, errors.Errorf("values of type %d are not read", t.dtype)
	}
	t.form = f
	if err := m.Fields(t.values); err != nil {
		return nil, err
	}
	size := t.size
	if t.listed != nil {
		size = int64(len(t.listed))
	}
	l, err := newLocated(t.name, t.dims, f, size)
	if err != nil {
		return nil, errors.Wrap(err, "damaged")
	}
	if t.listed != nil {
		l.open = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(t.listed)), nil }
	} else {
		l.inFile(m.File(), t.at)
	}
	return l, nil
}

// onnxLists are the fields of a TensorProto that list values, and the types that
// each may have.
var onnxLists = map[protowire.Number][]*form{
	4:  {float32s},
	5:  {float16, bfloat16, int8s, int16s, int32s, uint8s, uint16s, bools},
	7:  {int64s},
	10: {float64s},
	11: {uint32s, uint64s},
}

// onnxVarints is how many bytes of values a file may have as varints, which are
// shorter than the values.
const onnxVarints = 64 << 20

// values reads a field that has values.
func (t *onnxTensor) values(f *protobuf.Field) error {
	forms, isList := onnxLists[f.Number]
	switch {
	case f.Number == 9: // raw_data
		t.at, t.size = f.At, f.Size
		return nil
	case !isList:
		return nil
	case !slices.Contains(forms, t.form):
		return errors.Errorf("damaged: its values are in the list of another type than %s", t.form.name)
	case f.Number == 4 || f.Number == 10:
		return f.Fixed(t.form.size, &t.listed)
	}
	return f.Varints(func(v uint64) error {
		var b [8]byte
		binary.LittleEndian.PutUint64(b[:], v)
		t.listed = append(t.listed, b[:t.form.size]...)
		if *t.varints += t.form.size; *t.varints > onnxVarints {
			return errors.Errorf("more than %d MiB of integers as varints: want raw data", onnxVarints>>20)
		}
		return nil
	})
}
