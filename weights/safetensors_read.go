package weights

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// A safetensors file is
//
//	uint64   the size of the header, little-endian
//	header   a JSON object: by name {"dtype", "shape", "data_offsets": [begin, end]},
//	         and "__metadata__", texts by name; spaces may follow
//	values   little-endian, row-major; offsets count from their beginning
//
// Sorted by offset the tensors cover the values without a gap or an overlap.
const (
	safetensorsHeader = 100_000_000 // at most, in bytes
	safetensorsMeta   = "__metadata__"
)

// safetensorsForms are the forms of values by dtype.
var safetensorsForms = map[string]*form{
	"F16": float16, "BF16": bfloat16, "F32": float32s, "F64": float64s,
	"I8": int8s, "I16": int16s, "I32": int32s, "I64": int64s,
	"U8": uint8s, "U16": uint16s, "U32": uint32s, "U64": uint64s, "BOOL": bools,
}

// safetensors recognises a file by the size of the header, which is less than
// that of any file, and the brace after it.
func safetensors(head []byte) bool {
	return len(head) > 8 && head[8] == '{' && binary.LittleEndian.Uint64(head) < 1<<48
}

func readSafetensors(file io.ReaderAt, size int64) (*contents, error) {
	head, err := readSafetensorsHeader(file, size)
	if err != nil {
		return nil, err
	}
	h := &safetensorsReader{
		json: json.NewDecoder(bytes.NewReader(head)), file: file,
		begin: int64(8 + len(head)), size: size - int64(8+len(head)),
		c: new(contents), seen: make(names), notes: make(annotation),
	}
	h.json.UseNumber()
	if err := h.object(h.entry); err != nil {
		return nil, errors.Wrap(err, "damaged header")
	}
	if err := h.checkOffsets(); err != nil {
		return nil, err
	}
	delete(h.notes, "format") // "pt", which says nothing of the values
	return h.c, h.notes.apply(h.c)
}

// readSafetensorsHeader returns the JSON, of which it is certain that it is.
func readSafetensorsHeader(file io.ReaderAt, size int64) ([]byte, error) {
	if size < 8 {
		return nil, errors.Errorf("truncated: %d bytes, want at least 8", size)
	}
	var begin [8]byte
	if _, err := file.ReadAt(begin[:], 0); err != nil && err != io.EOF {
		return nil, err
	}
	switch n := binary.LittleEndian.Uint64(begin[:]); {
	case n > safetensorsHeader:
		return nil, errors.Errorf("damaged: the header takes %d bytes, at most %d are read", n, safetensorsHeader)
	case int64(n) > size-8:
		return nil, errors.Errorf("truncated: the header takes %d bytes and the file has %d more", n, size-8)
	default:
		head := make([]byte, n)
		if _, err := file.ReadAt(head, 8); err != nil && err != io.EOF {
			return nil, err
		}
		switch {
		case !utf8.Valid(head) || !json.Valid(head):
			return nil, errors.New("damaged: the header is no JSON")
		case head[0] != '{':
			return nil, errors.New("damaged: the header is no JSON object")
		}
		return head, nil
	}
}

type safetensorsReader struct {
	json        *json.Decoder
	file        io.ReaderAt
	begin, size int64 // of the values
	c           *contents
	spans       []span
	seen        names
	notes       annotation
}

// span is where a tensor lies among the values.
type span struct {
	begin, end int64
	name       string
}

// object reads an object whose beginning has not been read, and calls field for
// each name to read what follows it.
func (h *safetensorsReader) object(field func(name string) error) error {
	if err := h.delim('{', "an object"); err != nil {
		return err
	}
	for h.json.More() {
		t, err := h.json.Token()
		if err != nil {
			return err
		}
		name, ok := t.(string)
		if !ok {
			return errors.Errorf("%v stands where a name should", t)
		}
		if err := field(name); err != nil {
			return err
		}
	}
	_, err := h.json.Token()
	return err
}

func (h *safetensorsReader) delim(want json.Delim, what string) error {
	if t, err := h.json.Token(); err != nil || t != want {
		return errors.Errorf("want %s", what)
	}
	return nil
}

// entry reads what stands under a name of the outermost object.
func (h *safetensorsReader) entry(name string) error {
	if name == safetensorsMeta {
		return h.meta()
	}
	var dtype string
	var dims, offsets []int64
	seen := make(map[string]bool, 3)
	err := h.object(func(field string) (err error) {
		if seen[field] {
			return errors.Errorf("%.50q appears twice", field)
		}
		seen[field] = true
		switch field {
		case "dtype":
			dtype, err = h.text()
		case "shape":
			dims, err = h.numbers(rankLimit)
		case "data_offsets":
			offsets, err = h.numbers(2)
		default:
			err = errors.Errorf("%.50q is unknown", field)
		}
		return err
	})
	if err == nil && len(seen) < 3 {
		err = errors.New("want dtype, shape and data_offsets")
	}
	if err == nil {
		err = h.add(name, dtype, dims, offsets)
	}
	return errors.Wrapf(err, "%.200q", name)
}

// add keeps a tensor.
func (h *safetensorsReader) add(name, dtype string, dims, offsets []int64) error {
	f, ok := safetensorsForms[dtype]
	switch {
	case !ok:
		return errors.Errorf("values of type %.20q are not read", dtype)
	case len(offsets) != 2 || offsets[0] > offsets[1]:
		return errors.Errorf("data_offsets are %v, want a begin and an end", offsets)
	}
	shape := make([]int, 0, len(dims))
	for _, d := range dims {
		if int64(int(d)) != d {
			return errors.Errorf("a size of %d is too large", d)
		}
		shape = append(shape, int(d))
	}
	if len(shape) == 0 {
		shape = nil
	}
	l, err := newLocated(name, shape, f, offsets[1]-offsets[0])
	if err != nil {
		return err
	}
	l.inFile(h.file, h.begin+offsets[0])
	h.spans = append(h.spans, span{offsets[0], offsets[1], name})
	return h.c.add(l, h.seen)
}

// checkOffsets wants every byte of the values in one tensor.
func (h *safetensorsReader) checkOffsets() error {
	slices.SortStableFunc(h.spans, func(a, b span) int {
		if a.begin != b.begin {
			return int(min(max(a.begin-b.begin, -1), 1))
		}
		return int(min(max(a.end-b.end, -1), 1))
	})
	at := int64(0)
	for _, s := range h.spans {
		switch {
		case s.begin < at:
			return errors.Errorf("damaged: %s overlaps another tensor at byte %d of the values", s.name, s.begin)
		case s.begin > at:
			return errors.Errorf("damaged: bytes %d to %d of the values belong to no tensor", at, s.begin)
		}
		at = s.end
	}
	if at > h.size {
		return errors.Errorf("truncated: the values take %d bytes and the file has %d more", at, h.size)
	}
	if at < h.size {
		return errors.Errorf("damaged: the last tensor ends at byte %d of the values, and there are %d", at, h.size)
	}
	return nil
}

// meta reads texts by name.
func (h *safetensorsReader) meta() error {
	if h.seen[[2]string{safetensorsMeta}] {
		return errors.Errorf("%s appears twice", safetensorsMeta)
	}
	h.seen[[2]string{safetensorsMeta}] = true
	err := h.object(func(name string) error {
		if _, ok := h.notes[name]; ok {
			return errors.Errorf("%.50q appears twice", name)
		}
		text, err := h.text()
		h.notes[name] = text
		return errors.Wrapf(err, "%.50q", name)
	})
	return errors.Wrap(err, safetensorsMeta)
}

func (h *safetensorsReader) text() (string, error) {
	t, err := h.json.Token()
	s, ok := t.(string)
	if err == nil && !ok {
		err = errors.New("want a text")
	}
	return s, err
}

// numbers reads an array of at most so many whole numbers.
func (h *safetensorsReader) numbers(limit int) ([]int64, error) {
	if err := h.delim('[', "an array of whole numbers"); err != nil {
		return nil, err
	}
	var list []int64
	for h.json.More() {
		t, err := h.json.Token()
		if err != nil {
			return nil, err
		}
		digits, _ := t.(json.Number)
		n, err := strconv.ParseUint(string(digits), 10, 63)
		switch {
		case err != nil:
			return nil, errors.Errorf("%.30q is no whole number from 0 to %d", t, int64(1<<63-1))
		case len(list) == limit:
			return nil, errors.Errorf("more than %d numbers", limit)
		}
		list = append(list, int64(n))
	}
	_, err := h.json.Token()
	return list, err
}
