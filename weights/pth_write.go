package weights

import (
	"archive/zip"
	"bytes"
	"hash/crc32"
	"io"
	"strconv"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
)

// SavePTH writes the archive to a file that torch.load reads. An existing file is
// replaced only when the new one is complete.
func (a *Archive) SavePTH(path string) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return EncodePTH(w, a) })
}

// EncodePTH writes the tensors as a state dict, a collections.OrderedDict, in the
// form of torch.save since 1.6; torch.load takes it with weights_only=True, too.
// The same archive gives the same bytes.
//
// What is known of the model is left out: in a state dict there is no place for
// it that load_state_dict would not take for a parameter. The format has no
// sections: all tensors must be of the section "".
func EncodePTH(w io.Writer, a *Archive) error {
	if err := a.checkPlain(""); err != nil {
		return err
	}
	pickle, err := pickleStateDict(a)
	if err != nil {
		return err
	}
	z := newTorchWriter(w)
	for _, r := range []struct{ name, content string }{
		{"data.pkl", string(pickle)}, {"byteorder", "little"}, {"version", "3\n"},
	} {
		write := func(w io.Writer) error {
			_, err := io.WriteString(w, r.content)
			return err
		}
		if err := z.add(r.name, write); err != nil {
			return err
		}
	}
	var e encoder
	for i := range a.Tensors {
		write := func(w io.Writer) error {
			return e.chunks(&a.Tensors[i], func(data []byte) error {
				_, err := w.Write(data)
				return err
			})
		}
		if err := z.add("data/"+strconv.Itoa(i), write); err != nil {
			return err
		}
	}
	return z.zip.Close()
}

// torchWriter writes a zip archive as PyTorch does: nothing is compressed, and
// each file begins at a multiple of torchAlignment, so that it can be mapped.
type torchWriter struct {
	zip     *zip.Writer
	written *counter
}

const (
	torchFolder    = "archive/"
	torchAlignment = 64
)

func newTorchWriter(w io.Writer) *torchWriter {
	n := new(counter)
	return &torchWriter{zip.NewWriter(io.MultiWriter(w, n)), n}
}

// add stores a file. Its size and checksum stand before it, so that it is written
// twice, once to nowhere.
func (t *torchWriter) add(name string, write func(io.Writer) error) error {
	var size counter
	sum := crc32.NewIEEE()
	if err := write(io.MultiWriter(&size, sum)); err != nil {
		return err
	}
	if err := t.zip.Flush(); err != nil {
		return err
	}
	name = torchFolder + name
	w, err := t.zip.CreateRaw(&zip.FileHeader{
		Name: name, Method: zip.Store, Extra: padding(int64(*t.written) + int64(len(name))),
		CRC32: sum.Sum32(), CompressedSize64: uint64(size), UncompressedSize64: uint64(size),
	})
	if err != nil {
		return err
	}
	return write(w)
}

// padding is the extra field, under PyTorch's number for that, with which a file
// is aligned that without it would begin at an offset, plus its header.
func padding(offset int64) []byte {
	const header, field = 30, 4 // bytes before the name; before what an extra field holds
	n := -(offset + header + field) & (torchAlignment - 1)
	return append([]byte{'F', 'B', byte(n), 0}, bytes.Repeat([]byte{'Z'}, int(n))...)
}

// pickleBatch is how many entries of a dict are written at once, as by Python.
const pickleBatch = 1000

// pickleStateDict writes the pickle that says what there is.
func pickleStateDict(a *Archive) ([]byte, error) {
	var p pickler
	p.op(0x80, 2)
	p.orderedDict()
	for i := range a.Tensors {
		if i%pickleBatch == 0 {
			p.op('(')
		}
		t := &a.Tensors[i]
		class := storageOf(t.DType())
		if class == "" {
			return nil, errors.Errorf("%s: values are %s, which torch.load does not read", t.Name, t.DType())
		}
		p.text(t.Name)
		p.tensor(strconv.Itoa(i), class, t.Shape, t.Len())
		if i%pickleBatch == pickleBatch-1 || i == len(a.Tensors)-1 {
			p.op('u')
		}
	}
	p.op('.')
	if len(p.data) > pickleLimit {
		return nil, errors.Errorf("the names and shapes take %d bytes, at most %d can be kept", len(p.data), pickleLimit)
	}
	return p.data, nil
}

// storageOf returns PyTorch's class for values of a type, "" if it has none.
func storageOf(d DType) string {
	for _, e := range torchElements {
		if e.dtype == string(d) && e.storage != "" {
			return e.storage
		}
	}
	return ""
}

// tensor writes a tensor that is the whole of the storage of that key and class.
func (p *pickler) tensor(key, class string, dims []int, count int) {
	p.global("torch._utils", "_rebuild_tensor_v2")
	p.op('(', '(')
	p.text("storage")
	p.global("torch", class)
	p.text(key)
	p.text("cpu")
	p.int(count)
	p.op('t', 'Q')
	p.int(0)
	p.ints(dims)
	p.ints(contiguous(dims))
	p.op(0x89) // it wants no gradient
	p.orderedDict()
	p.op('t', 'R')
}

// contiguous returns the strides of a shape in row-major order. As in PyTorch, no
// size counts as 0.
func contiguous(dims []int) []int {
	strides := make([]int, len(dims))
	next := 1
	for i := len(dims) - 1; i >= 0; i-- {
		strides[i] = next
		next *= max(dims[i], 1)
	}
	return strides
}
