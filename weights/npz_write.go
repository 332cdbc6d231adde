package weights

import (
	"archive/zip"
	"hash/crc32"
	"io"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
)

// SaveNPZ writes the archive to a file that numpy.load reads. An existing file is
// replaced only when the new one is complete.
func (a *Archive) SaveNPZ(path string) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return EncodeNPZ(w, a) })
}

// EncodeNPZ writes the archive as a .npz file, uncompressed, and what is known of
// the model as JSON in an array of bytes, "__meta__". The same archive gives the
// same bytes. The format has no sections: all tensors must be of the section "".
func EncodeNPZ(w io.Writer, a *Archive) error {
	if err := a.checkPlain(npzMeta); err != nil {
		return err
	}
	notes, err := annotate(a)
	if err != nil {
		return err
	}
	text, err := plainJSON(notes)
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for i := range a.Tensors {
		if err := addNPY(z, &a.Tensors[i]); err != nil {
			return err
		}
	}
	meta := Tensor{Name: npzMeta, Shape: []int{len(text)}, Values: []byte(text)}
	if err := addNPY(z, &meta); err != nil {
		return err
	}
	return z.Close()
}

// addNPY stores an array. Sizes and checksum stand before it, so that it is
// written twice, once to nowhere.
func addNPY(z *zip.Writer, t *Tensor) error {
	var size counter
	sum := crc32.NewIEEE()
	if err := writeNPY(io.MultiWriter(&size, sum), t); err != nil {
		return err
	}
	w, err := z.CreateRaw(&zip.FileHeader{
		Name: t.Name + npyExt, Method: zip.Store,
		CRC32: sum.Sum32(), CompressedSize64: uint64(size), UncompressedSize64: uint64(size),
	})
	if err != nil {
		return err
	}
	return writeNPY(w, t)
}
