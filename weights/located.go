package weights

import (
	"archive/zip"
	"io"

	"github.com/pkg/errors"
)

// located is a tensor whose values lie in a file.
type located struct {
	Tensor         // without values
	count    int   // of values
	form     *form // of a value
	big      bool  // the values are big-endian
	fortran  bool  // the first index runs fastest
	checksum bool  // reading them finds damage
	// open returns what reads the bytes of the values and then ends. It may be
	// called from several threads.
	open func() (io.ReadCloser, error)
}

// newLocated returns a tensor of that shape, whose values must take so many bytes.
func newLocated(name string, dims []int, f *form, bytes int64) (*located, error) {
	l := &located{Tensor: Tensor{Name: name, Shape: dims}, form: f}
	n, err := elements(dims, max(f.size, kinds[f.dtype].size))
	if err != nil {
		return nil, err
	}
	if bytes != int64(n)*int64(f.size) {
		return nil, errors.Errorf("%d bytes, want %d for shape %v of %s", bytes, int64(n)*int64(f.size), shape(dims), f.name)
	}
	l.count = n
	return l, nil
}

// inFile says that the values are bytes of a file.
func (l *located) inFile(file io.ReaderAt, at int64) {
	size := int64(l.count) * int64(l.form.size)
	l.open = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(file, at, size)), nil }
}

// read fills a slice of the type of the form, of count values.
func (l *located) read(values any) (err error) {
	defer damaged(&err)
	r, err := l.open()
	if err != nil {
		return l.explain(err)
	}
	defer r.Close()
	if !l.fortran || len(l.Shape) < 2 {
		return l.fill(r, values)
	}
	columns := l.form.values(l.count)
	if err := l.fill(r, columns); err != nil {
		return err
	}
	toRows(values, columns, l.Shape)
	return nil
}

// fill reads values in the order of the file.
func (l *located) fill(r io.Reader, values any) error {
	buffer := looks.Get().(*[128 << 10]byte)
	defer looks.Put(buffer)
	to := memory(values)
	width := kinds[l.form.dtype].size
	for done := 0; done < l.count; {
		n := min(l.count-done, len(buffer)/max(width, l.form.size))
		dst := to[done*width : (done+n)*width]
		raw := dst
		if l.form.decode != nil {
			raw = buffer[:n*l.form.size]
		}
		if _, err := io.ReadFull(r, raw); err != nil {
			return l.explain(err)
		}
		if l.big {
			reverse(raw, l.form.size)
		}
		if l.form.decode != nil {
			l.form.decode(dst, raw)
		} else {
			native(raw, width)
		}
		done += n
	}
	return l.ended(r)
}

// ended wants nothing more from the reader, which is when it knows the checksum.
func (l *located) ended(r io.Reader) error {
	switch n, err := r.Read(make([]byte, 1)); {
	case n > 0:
		return errors.Errorf("damaged: %s has more bytes than its shape asks for", l.Name)
	case err != io.EOF && err != nil:
		return l.explain(err)
	}
	return nil
}

// check reads the values only to see whether they are damaged, if that can be
// seen.
func (l *located) check() (err error) {
	if !l.checksum {
		return nil
	}
	defer damaged(&err)
	r, err := l.open()
	if err != nil {
		return l.explain(err)
	}
	defer r.Close()
	buffer := looks.Get().(*[128 << 10]byte)
	defer looks.Put(buffer)
	for err == nil {
		_, err = r.Read(buffer[:])
	}
	if err != io.EOF {
		return l.explain(err)
	}
	return nil
}

// explain says what an error means that came while reading the values.
func (l *located) explain(err error) error {
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return errors.Errorf("truncated: the file ends in %s", l.Name)
	case err == zip.ErrChecksum:
		return errors.Errorf("damaged: the CRC-32 of %s is not the one in the file", l.Name)
	}
	return errors.Wrap(err, l.Name)
}
