package weights

import (
	"bufio"
	"encoding/binary"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// A .npy file is
//
//	"\x93NUMPY"    and a version, 1.0, 2.0 or 3.0, in two bytes
//	uint16         the size of the header, little-endian; uint32 from 2.0 on
//	header         a Python dict: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
//	               and spaces up to a new line
//	values
const (
	npyMagic  = "\x93NUMPY"
	npyHeader = 64 << 10 // at most, in bytes
	npyAlign  = 64       // the values of what is written begin at a multiple of it
)

// npyForms are the forms of values by kind and size.
var npyForms = map[string]*form{
	"f2": float16, "f4": float32s, "f8": float64s,
	"i1": int8s, "i2": int16s, "i4": int32s, "i8": int64s,
	"u1": uint8s, "u2": uint16s, "u4": uint32s, "u8": uint64s, "b1": bools,
}

// npyDescrs are the types of what an Archive holds.
var npyDescrs = map[DType]string{Float32: "<f4", Int64: "<i8", Uint64: "<u8", Uint8: "|u1"}

func npy(head []byte) bool { return strings.HasPrefix(string(head), npyMagic) }

// npySingle is the name of an array that has a file of its own: the one that
// numpy.savez gives to the first array without a name.
const npySingle = "arr_0"

func readNPY(file io.ReaderAt, size int64) (*contents, error) {
	l, begin, err := readNPYHeader(npySingle, io.NewSectionReader(file, 0, size), size)
	if err != nil {
		return nil, err
	}
	l.inFile(file, begin)
	c := new(contents)
	return c, c.add(l, make(names))
}

// readNPYHeader reads an array of so many bytes up to its values and returns
// where they begin.
func readNPYHeader(name string, from io.Reader, size int64) (l *located, begin int64, err error) {
	r := bufio.NewReader(from)
	text, begin, err := npyText(r)
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return nil, 0, errors.Errorf("truncated: the file ends in the header of %s", name)
	case err != nil:
		return nil, 0, errors.Wrap(err, name)
	}
	d, err := parseNPY(text)
	if err != nil {
		return nil, 0, errors.Wrapf(err, "damaged: %s", name)
	}
	f, big, err := npyForm(d.descr)
	if err != nil {
		return nil, 0, errors.Wrap(err, name)
	}
	if l, err = newLocated(name, d.shape, f, size-begin); err != nil {
		return nil, 0, errors.Wrapf(err, "damaged or truncated: %s", name)
	}
	l.big, l.fortran = big, d.fortran
	return l, begin, nil
}

// npyText returns the dict and where the values begin.
func npyText(r io.Reader) (text string, begin int64, err error) {
	head := make([]byte, len(npyMagic)+2, len(npyMagic)+6)
	if _, err := io.ReadFull(r, head); err != nil {
		return "", 0, err
	}
	if !npy(head) {
		return "", 0, errors.New("damaged: it is no NumPy array")
	}
	width := 2
	switch major := head[len(npyMagic)]; major {
	case 1:
	case 2, 3:
		width = 4
	default:
		return "", 0, errors.Errorf("version %d of NumPy's format: this program reads 1, 2 and 3", major)
	}
	head = head[:len(head)+width]
	number := head[len(head)-width:]
	if _, err := io.ReadFull(r, number); err != nil {
		return "", 0, err
	}
	n := uint32(binary.LittleEndian.Uint16(number))
	if width == 4 {
		n = binary.LittleEndian.Uint32(number)
	}
	if n > npyHeader {
		return "", 0, errors.Errorf("damaged: a header of %d bytes, at most %d are read", n, npyHeader)
	}
	dict := make([]byte, n)
	_, err = io.ReadFull(r, dict)
	return string(dict), int64(len(head)) + int64(n), err
}

// npyDict is what a header says.
type npyDict struct {
	descr   string
	fortran bool
	shape   []int
}

// The parts of the header: what follows a key, and the sizes of a shape, which
// Python 2 wrote with an L.
var (
	npyEntry = regexp.MustCompile(`^\s*(?:'(\w+)'|"(\w+)")\s*:\s*(?:'([^'\\]*)'|"([^"\\]*)"|(True|False)|\(([0-9L, ]*)\)|(\[.*))\s*,?`)
	npySize  = regexp.MustCompile(`^\s*([0-9]+)L?\s*(,|$)`)
)

// parseNPY reads the dict.
func parseNPY(text string) (d npyDict, err error) {
	rest := strings.TrimSpace(text)
	if !strings.HasPrefix(rest, "{") || !strings.HasSuffix(rest, "}") {
		return d, errors.New("the header is no dict")
	}
	rest = rest[1 : len(rest)-1]
	seen := make(map[string]bool)
	for strings.TrimSpace(rest) != "" {
		m := npyEntry.FindStringSubmatch(rest)
		if m == nil {
			return d, errors.Errorf("the header cannot be read at %.40q", rest)
		}
		rest = rest[len(m[0]):]
		key := m[1] + m[2]
		if seen[key] {
			return d, errors.Errorf("%.20q appears twice in the header", key)
		}
		seen[key] = true
		switch {
		case key == "descr" && m[7] != "":
			return d, errors.New("values of several fields are not read")
		case key == "descr" && m[5] == "" && m[6] == "":
			d.descr = m[3] + m[4]
		case key == "fortran_order" && m[5] != "":
			d.fortran = m[5] == "True"
		case key == "shape" && m[3]+m[4]+m[5]+m[7] == "":
			d.shape, err = npyShape(m[6])
		default:
			err = errors.Errorf("%.20q in the header is not understood", key)
		}
		if err != nil {
			return d, err
		}
	}
	if len(seen) != 3 {
		return d, errors.New("the header wants descr, fortran_order and shape")
	}
	return d, nil
}

// npyShape reads what stands between the brackets of a shape; nil for a scalar.
func npyShape(text string) (dims []int, err error) {
	for rest := strings.TrimSpace(text); rest != ""; {
		m := npySize.FindStringSubmatch(rest)
		if m == nil || len(dims) == rankLimit {
			return nil, errors.Errorf("the shape (%.40s) is none", text)
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return nil, errors.Errorf("the shape (%.40s) is too large", text)
		}
		dims = append(dims, n)
		rest = strings.TrimSpace(rest[len(m[0]):])
	}
	return dims, nil
}

// npyForm understands a type, such as "<f4".
func npyForm(descr string) (f *form, big bool, err error) {
	if strings.HasPrefix(descr, "|O") || descr == "O" {
		return nil, false, errors.New("values are Python objects (|O), which are pickled: only numbers are read")
	}
	if descr == "" {
		return nil, false, errors.New("the type of the values is empty")
	}
	f, ok := npyForms[descr[1:]]
	order := descr[0]
	switch {
	case !ok:
		return nil, false, errors.Errorf("values of type %.20q are not read", descr)
	case !strings.ContainsRune("<>|", rune(order)) || order == '|' && f.size > 1:
		return nil, false, errors.Errorf("the type %q has no known order of bytes, < or >", descr)
	}
	return f, order == '>', nil
}

// appendNPYHeader appends all of an array but its values.
func appendNPYHeader(b []byte, t *Tensor) []byte {
	dims := ""
	for _, d := range t.Shape {
		dims += strconv.Itoa(d) + ", "
	}
	if len(t.Shape) > 1 {
		dims = strings.TrimSuffix(dims, ", ")
	}
	dict := "{'descr': '" + npyDescrs[t.DType()] + "', 'fortran_order': False, 'shape': (" + strings.TrimSuffix(dims, " ") + "), }"
	const before = len(npyMagic) + 4
	size := (before+len(dict)+1+npyAlign-1)/npyAlign*npyAlign - before
	b = append(b, npyMagic...)
	b = append(b, 1, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(size))
	b = append(b, dict...)
	b = append(b, slices.Repeat([]byte(" "), size-len(dict)-1)...)
	return append(b, '\n')
}

// EncodeNPY writes the only tensor of an archive as a NumPy array, which has
// neither a name nor anything else.
func EncodeNPY(w io.Writer, a *Archive) error {
	if len(a.Tensors) != 1 {
		return errors.Errorf("%d tensors: a .npy file has one array; .npz takes several", len(a.Tensors))
	}
	if err := a.check(); err != nil {
		return err
	}
	return writeNPY(w, &a.Tensors[0])
}

// writeNPY writes an array.
func writeNPY(w io.Writer, t *Tensor) error {
	if _, err := w.Write(appendNPYHeader(nil, t)); err != nil {
		return err
	}
	return new(encoder).chunks(t, func(data []byte) error {
		_, err := w.Write(data)
		return err
	})
}
