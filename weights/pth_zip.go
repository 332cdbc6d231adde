package weights

import (
	"archive/zip"
	"bytes"
	"io"
	"path"
	"strings"

	"github.com/pkg/errors"
)

// torchZip reports whether a file begins as a zip archive. Those of NumPy do so,
// too: their reader is asked first.
func torchZip(head []byte) bool { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }

// openZip finds the records of an archive and reads its pickle. In a folder of any
// name they are: data.pkl, the pickle; byteorder, in files since 2.1; and data/KEY,
// the bytes of a storage.
func (c *checkpoint) openZip() (any, error) {
	z, err := zip.NewReader(c.file, c.size)
	if err != nil {
		return nil, errors.Errorf("it looks like a zip archive, but is truncated or damaged: %v", err)
	}
	files, folder := make(map[string]*zip.File, len(z.File)), ""
	for _, f := range z.File {
		if files[f.Name] != nil {
			return nil, errors.Errorf("damaged: the zip archive has %s twice", printable(f.Name))
		}
		files[f.Name] = f
		if path.Base(f.Name) == "data.pkl" && (folder == "" || len(f.Name) < len(folder)+len("data.pkl")) {
			folder = strings.TrimSuffix(f.Name, "data.pkl")
		}
	}
	pickle := files[folder+"data.pkl"]
	switch {
	case pickle == nil:
		return nil, errors.New("it looks like a zip archive that is no PyTorch checkpoint: there is no data.pkl in it")
	case files[folder+"constants.pkl"] != nil:
		return nil, errors.New("it looks like a TorchScript program, which is code: save the state_dict() of the model instead")
	}
	if err := c.byteOrder(files[folder+"byteorder"]); err != nil {
		return nil, err
	}
	c.locate = func(s *storage) error {
		name := folder + "data/" + s.key
		f := files[name]
		if f == nil {
			return errors.Errorf("damaged: %s is missing", printable(name))
		}
		if f.UncompressedSize64 != uint64(s.size) {
			return errors.Errorf("damaged: %s has %d bytes, the pickle announces %d", printable(name), f.UncompressedSize64, s.size)
		}
		r, err := c.record(f)
		s.place(r)
		return err
	}
	data, err := c.readSmall(pickle, pickleLimit)
	if err != nil {
		return nil, err
	}
	return c.unpickle(newPickleSource(bytes.NewReader(data), 0, int64(len(data))))
}

// byteOrder reads the record that tells the order of bytes, if there is one.
func (c *checkpoint) byteOrder(f *zip.File) error {
	if f == nil {
		return nil
	}
	order, err := c.readSmall(f, 16)
	if err == nil && string(order) != "little" {
		err = errors.Errorf("its numbers are of byte order %.16q, this program reads little", order)
	}
	return err
}

// record finds the bytes of a file of the archive.
func (c *checkpoint) record(f *zip.File) (record, error) {
	name := printable(f.Name)
	at, err := f.DataOffset()
	switch {
	case err != nil:
		return record{}, errors.Errorf("damaged: %s in the zip archive: %v", name, err)
	case f.CompressedSize64 > uint64(c.size) || at > c.size-int64(f.CompressedSize64):
		return record{}, errors.Errorf("truncated: %s of %d bytes reaches beyond the end of the file", name, f.CompressedSize64)
	case f.Flags&1 != 0:
		return record{}, errors.Errorf("%s is encrypted", name)
	}
	r := record{file: c.file, name: f.Name, at: at, packed: int64(f.CompressedSize64), crc: f.CRC32}
	switch {
	case f.Method == zip.Deflate:
		r.inflate = f.Open
	case f.Method != zip.Store:
		return record{}, errors.Errorf("%s is compressed with method %d, this program reads deflate", name, f.Method)
	case f.CompressedSize64 != f.UncompressedSize64:
		return record{}, errors.Errorf("damaged: %s has %d bytes, the zip archive announces %d", name, f.CompressedSize64, f.UncompressedSize64)
	}
	return r, nil
}

// readSmall reads a file of the archive that must not be larger than the limit.
func (c *checkpoint) readSmall(f *zip.File, limit uint64) ([]byte, error) {
	r, err := c.record(f)
	if err != nil {
		return nil, err
	}
	if f.UncompressedSize64 > limit {
		return nil, errors.Errorf("%s has %d bytes, at most %d are read", printable(f.Name), f.UncompressedSize64, limit)
	}
	in, err := r.open()
	if err != nil {
		return nil, errors.Wrap(err, printable(f.Name))
	}
	defer in.Close()
	data, err := io.ReadAll(in)
	if err != nil {
		return nil, errors.Errorf("damaged: %s: %v", printable(f.Name), err)
	}
	return data, nil
}
