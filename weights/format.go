package weights

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"strings"
	"unicode/utf8"
)

// sniffed is how much of a file describeFormat wants to see.
const sniffed = 512

// start is what every file of weights begins with: the first value of the gob
// stream, a string, whose bytes are the same whoever writes them.
var start = func() []byte {
	var b bytes.Buffer
	gob.NewEncoder(&b).Encode(magic)
	return b.Bytes()
}()

// begins reports whether a file begins as one of weights, or as far as it goes.
func begins(head []byte) bool {
	n := min(len(head), len(start))
	return n > 0 && bytes.Equal(head[:n], start[:n])
}

// signatures are how files begin that somebody may take for weights.
var signatures = []struct{ begin, what string }{
	{"PK\x03\x04", "a zip archive, such as a PyTorch checkpoint (.pth) or a NumPy one (.npz)"},
	{"\x93NUMPY", "a NumPy array (.npy)"},
	{"\x89HDF\r\n", "an HDF5 file, such as a Keras model"},
	{"GGUF", "a GGUF model"},
	{"\x1f\x8b", "a gzip file"},
	{"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19", "a PyTorch checkpoint of the time before 1.6"},
	{"\x80\x02", "a Python pickle"},
	{"\x80\x03", "a Python pickle"},
	{"\x80\x04", "a Python pickle"},
	{"\x80\x05", "a Python pickle"},
	{"\xff\xd8\xff", "a JPEG image"},
	{"\x89PNG", "a PNG image"},
}

// describeFormat says what a file looks like, from how it begins.
func describeFormat(head []byte) string {
	for _, s := range signatures {
		if strings.HasPrefix(string(head), s.begin) {
			return "it looks like " + s.what
		}
	}
	switch {
	case len(head) == 0:
		return "it is empty"
	case safetensors(head):
		return "it looks like safetensors"
	case onnx(head):
		return "it looks like an ONNX model"
	case otherGob(head):
		return "it looks like a gob file of something else"
	case text(head):
		return fmt.Sprintf("it looks like text (%q)", firstLine(head))
	}
	return "it is of an unknown format"
}

// onnx models begin with field 1 of a protocol buffer, the version of the format
// (3 to some dozen), and field 2, the name of the producer, or a field after it.
func onnx(head []byte) bool {
	return len(head) > 3 && head[0] == 0x08 && head[1] < 64 && (head[2] == 0x12 || head[2] == 0x3a || head[2] == 0x42)
}

// otherGob streams mostly begin with the definition of a type.
func otherGob(head []byte) bool {
	c := cursor{data: head}
	length, id, kind := c.uint(), c.int(), c.uint()
	return !c.bad && length > 4 && id <= -64 && kind >= 1 && kind <= 7
}

// text is UTF-8 without control characters; what is cut off at the end may be a
// part of a letter.
func text(head []byte) bool {
	for len(head) > 0 {
		r, n := utf8.DecodeRune(head)
		if r == utf8.RuneError && n == 1 && utf8.FullRune(head) || r < ' ' && !strings.ContainsRune("\t\r\n\f", r) {
			return false
		}
		head = head[n:]
	}
	return true
}

func firstLine(head []byte) string {
	line, _, _ := strings.Cut(string(head), "\n")
	if r := []rune(strings.TrimSpace(line)); len(r) > 30 {
		return string(r[:30]) + "..."
	}
	return strings.TrimSpace(line)
}
