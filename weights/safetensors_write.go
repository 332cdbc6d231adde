package weights

import (
	"bytes"
	"encoding/binary"
	"io"
	"maps"
	"slices"
	"strconv"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
)

// safetensorsNames are the dtypes of what an Archive holds.
var safetensorsNames = map[DType]string{Float32: "F32", Int64: "I64", Uint64: "U64", Uint8: "U8"}

// SafetensorsOption changes how a file of the format safetensors is written.
type SafetensorsOption func(*safetensorsWriter)

// FloatsAs writes floating-point values as Float16 or BFloat16, in half the space:
// rounded to the nearest value, ties to even. A finite value beyond the range of the
// type is an error. Without it, or with Float32, they are written as they are.
func FloatsAs(t DType) SafetensorsOption { return func(w *safetensorsWriter) { w.floats = t } }

// SaveSafetensors writes the archive to a file in the format safetensors. An
// existing file is replaced only when the new one is complete.
func (a *Archive) SaveSafetensors(path string, opts ...SafetensorsOption) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return EncodeSafetensors(w, a, opts...) })
}

// EncodeSafetensors writes the archive in the format safetensors, what is known
// of the model in its __metadata__. The same archive gives the same bytes. The
// format has no sections: all tensors must be of the section "".
func EncodeSafetensors(w io.Writer, a *Archive, opts ...SafetensorsOption) error {
	s := &safetensorsWriter{Archive: a, floats: Float32}
	for _, o := range opts {
		o(s)
	}
	if s.narrow = narrows[s.floats]; s.narrow == nil && s.floats != Float32 {
		return errors.Errorf("floating-point values as %q: want %s, %s or %s", s.floats, Float32, Float16, BFloat16)
	}
	if err := a.checkPlain(safetensorsMeta); err != nil {
		return err
	}
	order := s.aligned()
	head, err := s.head(order)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	for _, i := range order {
		if err := s.values(w, &a.Tensors[i]); err != nil {
			return err
		}
	}
	return nil
}

// safetensorsWriter is an archive on its way to a file.
type safetensorsWriter struct {
	*Archive
	floats DType
	narrow *narrow // how to write them; nil for Float32
	encoder
}

// narrowed tells whether values are written in fewer bits than they have.
func (s *safetensorsWriter) narrowed(t *Tensor) bool { return s.narrow != nil && t.DType() == Float32 }

// size returns that of a value in the file, in bytes.
func (s *safetensorsWriter) size(t *Tensor) int {
	if s.narrowed(t) {
		return 2
	}
	return kinds[t.DType()].size
}

// dtype names the type of the values in the file.
func (s *safetensorsWriter) dtype(t *Tensor) string {
	if s.narrowed(t) {
		return s.narrow.name
	}
	return safetensorsNames[t.DType()]
}

// values writes those of a tensor.
func (s *safetensorsWriter) values(w io.Writer, t *Tensor) error {
	if !s.narrowed(t) {
		return s.chunks(t, func(data []byte) error {
			_, err := w.Write(data)
			return err
		})
	}
	for part := range slices.Chunk(t.Values.([]float32), chunkSize/2) {
		var err error
		if s.buf, err = s.narrow.append(s.buf[:0], part); err != nil {
			return errors.Wrapf(err, "%s as %s", t.Name, s.floats)
		}
		if _, err := w.Write(s.buf); err != nil {
			return err
		}
	}
	return nil
}

// checkPlain reports what a format without sections cannot keep. The name
// reserved is not free for a tensor.
func (a *Archive) checkPlain(reserved string) error {
	if err := a.check(); err != nil {
		return err
	}
	for i := range a.Tensors {
		switch t := &a.Tensors[i]; {
		case t.Section != "":
			return errors.Errorf("%s: this format has no sections", t.label())
		case t.Name == reserved:
			return errors.Errorf("%s: in this format the name has another meaning", t.Name)
		}
	}
	return nil
}

// aligned returns the order in which values are written: that of the archive,
// but those with larger numbers first, so that each lies at a multiple of its
// size.
func (s *safetensorsWriter) aligned() []int {
	order := make([]int, len(s.Tensors))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return s.size(&s.Tensors[j]) - s.size(&s.Tensors[i])
	})
	return order
}

// head returns the size of the header and the header, in which the
// tensors are in the order of the archive.
func (s *safetensorsWriter) head(order []int) ([]byte, error) {
	stored := func(t *Tensor) int64 { return int64(t.Len()) * int64(s.size(t)) }
	begins, at := make([]int64, len(order)), int64(0)
	for _, i := range order {
		begins[i] = at
		at += stored(&s.Tensors[i])
	}
	b := bytes.NewBuffer(make([]byte, 8))
	if err := safetensorsNotes(b, s.Archive); err != nil {
		return nil, err
	}
	for i := range s.Tensors {
		t := &s.Tensors[i]
		name, err := plainJSON(t.Name)
		if err != nil {
			return nil, err
		}
		dims, err := plainJSON(append([]int{}, t.Shape...))
		if err != nil {
			return nil, err
		}
		b.WriteString("," + name + `:{"dtype":"` + s.dtype(t) + `","shape":` + dims + `,"data_offsets":[`)
		b.WriteString(strconv.FormatInt(begins[i], 10) + "," + strconv.FormatInt(begins[i]+stored(t), 10) + "]}")
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	n := b.Len() - 8
	if n > safetensorsHeader {
		return nil, errors.Errorf("names and metadata take %d bytes, at most %d can be kept", n, safetensorsHeader)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(n))
	return b.Bytes(), nil
}

// safetensorsNotes begins the header with __metadata__.
func safetensorsNotes(b *bytes.Buffer, a *Archive) error {
	notes, err := annotate(a)
	if err != nil {
		return err
	}
	b.WriteString(`{"` + safetensorsMeta + `":{"format":"pt"`) // which Python's loaders ask for
	for _, name := range slices.Sorted(maps.Keys(notes)) {
		text, err := plainJSON(notes[name])
		if err != nil {
			return err
		}
		b.WriteString(`,"` + name + `":` + text)
	}
	b.WriteByte('}')
	return nil
}
