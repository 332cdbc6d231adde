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

// SaveSafetensors writes the archive to a file in the format safetensors. An
// existing file is replaced only when the new one is complete.
func (a *Archive) SaveSafetensors(path string) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return EncodeSafetensors(w, a) })
}

// EncodeSafetensors writes the archive in the format safetensors, what is known
// of the model in its __metadata__. The same archive gives the same bytes. The
// format has no sections: all tensors must be of the section "".
func EncodeSafetensors(w io.Writer, a *Archive) error {
	if err := a.checkPlain(safetensorsMeta); err != nil {
		return err
	}
	order := aligned(a)
	head, err := safetensorsHead(a, order)
	if err != nil {
		return err
	}
	if _, err := w.Write(head); err != nil {
		return err
	}
	var e encoder
	for _, i := range order {
		err := e.chunks(&a.Tensors[i], func(data []byte) error {
			_, err := w.Write(data)
			return err
		})
		if err != nil {
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
func aligned(a *Archive) []int {
	order := make([]int, len(a.Tensors))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return kinds[a.Tensors[j].DType()].size - kinds[a.Tensors[i].DType()].size
	})
	return order
}

// safetensorsHead returns the size of the header and the header, in which the
// tensors are in the order of the archive.
func safetensorsHead(a *Archive, order []int) ([]byte, error) {
	begins, at := make([]int64, len(order)), int64(0)
	for _, i := range order {
		begins[i] = at
		at += a.Tensors[i].Bytes()
	}
	b := bytes.NewBuffer(make([]byte, 8))
	if err := safetensorsNotes(b, a); err != nil {
		return nil, err
	}
	for i := range a.Tensors {
		t := &a.Tensors[i]
		name, err := plainJSON(t.Name)
		if err != nil {
			return nil, err
		}
		dims, err := plainJSON(append([]int{}, t.Shape...))
		if err != nil {
			return nil, err
		}
		b.WriteString("," + name + `:{"dtype":"` + safetensorsNames[t.DType()] + `","shape":` + dims + `,"data_offsets":[`)
		b.WriteString(strconv.FormatInt(begins[i], 10) + "," + strconv.FormatInt(begins[i]+t.Bytes(), 10) + "]}")
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
