package weights

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// A .npz file is a zip archive of .npy files, stored or deflated. The name of a
// tensor is that of its file without ".npy".
const (
	npyExt  = ".npy"
	npzMeta = "__meta__" // uint8: the annotation as a JSON object of texts

	// What deflated values may unfold to: so many times the size of the file, or
	// so much where that is less.
	npzRatio = 32
	npzFree  = 64 << 20
)

// npz recognises a zip archive whose first file is an array, or an empty one.
func npz(head []byte) bool {
	const fixed = 30 // bytes of a local header before the name
	if strings.HasPrefix(string(head), "PK\x05\x06") {
		return true
	}
	if len(head) < fixed || !strings.HasPrefix(string(head), "PK\x03\x04") {
		return false
	}
	size := int(head[26]) | int(head[27])<<8
	return strings.HasSuffix(string(head[fixed:min(len(head), fixed+size)]), npyExt)
}

func readNPZ(file io.ReaderAt, size int64) (*contents, error) {
	z, err := zip.NewReader(file, size)
	if err != nil {
		return nil, errors.Errorf("truncated or damaged: %v", err)
	}
	if err := checkZip(z, size); err != nil {
		return nil, err
	}
	c, seen := new(contents), make(names)
	var meta *located
	for _, entry := range z.File {
		l, err := npzArray(entry)
		switch {
		case err != nil:
			return nil, err
		case l.Name == npzMeta && meta == nil && l.form == uint8s:
			meta = l
			continue
		}
		if err := c.add(l, seen); err != nil {
			return nil, errors.Wrap(err, "damaged")
		}
	}
	if meta == nil {
		return c, nil
	}
	return c, npzNotes(c, meta)
}

// checkZip refuses archives that unfold to much more than the file, by overlapping
// files or by their compression.
func checkZip(z *zip.Reader, size int64) error {
	type span struct{ begin, end int64 }
	var spans []span
	unfolded := uint64(0)
	limit := uint64(max(npzFree, npzRatio*size))
	for _, e := range z.File {
		begin, err := e.DataOffset()
		if err != nil {
			return errors.Errorf("damaged: %.200q: %v", e.Name, err)
		}
		switch {
		case e.CompressedSize64 > uint64(size) || begin > size-int64(e.CompressedSize64):
			return errors.Errorf("truncated: %.200q ends behind the end of the file", e.Name)
		case e.Method == zip.Store && e.CompressedSize64 != e.UncompressedSize64:
			return errors.Errorf("damaged: %.200q is stored in %d bytes, and of %d", e.Name, e.CompressedSize64, e.UncompressedSize64)
		case e.Method != zip.Store && e.Method != zip.Deflate:
			return errors.Errorf("%.200q is compressed by method %d: only stored and deflated files are read", e.Name, e.Method)
		case e.Flags&1 != 0:
			return errors.Errorf("%.200q is encrypted", e.Name)
		case e.UncompressedSize64 > limit-unfolded:
			return errors.Errorf("the arrays unfold to more than %d bytes, from a file of %d", limit, size)
		}
		unfolded += e.UncompressedSize64
		spans = append(spans, span{begin, begin + int64(e.CompressedSize64)})
	}
	slices.SortFunc(spans, func(a, b span) int { return int(min(max(a.begin-b.begin, -1), 1)) })
	for i := range spans {
		if i > 0 && spans[i].begin < spans[i-1].end {
			return errors.Errorf("damaged: two files overlap at byte %d", spans[i].begin)
		}
	}
	return nil
}

// npzArray returns the array in a file of the archive.
func npzArray(entry *zip.File) (*located, error) {
	name, ok := strings.CutSuffix(entry.Name, npyExt)
	if !ok {
		return nil, errors.Errorf("%.200q is no array (%s)", entry.Name, npyExt)
	}
	if err := (&Tensor{Name: name}).checkName(); err != nil {
		return nil, errors.Wrap(err, "damaged")
	}
	r, err := entry.Open()
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	defer r.Close()
	l, begin, err := readNPYHeader(name, r, int64(entry.UncompressedSize64))
	if err != nil {
		return nil, err
	}
	l.checksum = true
	l.open = func() (io.ReadCloser, error) {
		r, err := entry.Open()
		if err == nil {
			_, err = io.CopyN(io.Discard, r, begin)
		}
		return r, err
	}
	return l, nil
}

// npzNotes applies the annotation in an array of bytes.
func npzNotes(c *contents, meta *located) error {
	text := make([]byte, meta.count)
	if err := meta.read(text); err != nil {
		return err
	}
	var n annotation
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&n); err != nil {
		return errors.Errorf("damaged: %s: %v", npzMeta, err)
	}
	return n.apply(c)
}
