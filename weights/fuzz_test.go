package weights

import (
	"bytes"
	"io"
	"strings"
	"testing"
)

// whole reads what a reader finds in a file that is data.
func whole(read func(io.ReaderAt, int64) (*contents, error), data []byte) (*Archive, error) {
	c, err := read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	return c.load()
}

// fuzz wants of any file an error of one line, or an archive that is whole, that
// takes memory in proportion to the file, and that comes back from another format
// as it is.
func fuzz(f *testing.F, read func(io.ReaderAt, int64) (*contents, error), seeds ...[]byte) {
	for _, data := range seeds {
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := whole(read, data)
		if err != nil {
			if s := err.Error(); strings.Contains(s, "runtime error") || strings.Contains(s, "\n") {
				t.Fatal(s)
			}
			return
		}
		size := int64(0)
		for i := range a.Tensors {
			size += a.Tensors[i].Bytes()
			if err := a.Tensors[i].check(); err != nil {
				t.Fatal(err)
			}
		}
		if limit := int64(npzFree + 8*npzRatio*len(data)); size > limit {
			t.Fatalf("%d bytes of values from a file of %d", size, len(data))
		}
		var b bytes.Buffer
		if err := EncodeSafetensors(&b, a); err != nil {
			return // names and metadata that this format does not have
		}
		again, err := whole(readSafetensors, b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Tensors {
			got, want := &again.Tensors[i], &a.Tensors[i]
			if got.Name != want.Name || !bytes.Equal(memory(got.Values), memory(want.Values)) {
				t.Fatalf("%s came back otherwise", want.Name)
			}
		}
	})
}

func FuzzSafetensors(f *testing.F) {
	seeds := [][]byte{encoded(f, safetensorsAs(), unsectioned()), encoded(f, safetensorsAs(Float16), &Archive{})}
	for _, c := range safetensorsCases {
		seeds = append(seeds, c.file())
	}
	fuzz(f, readSafetensors, seeds...)
}

func FuzzNPZ(f *testing.F) {
	seeds := [][]byte{encoded(f, EncodeNPZ, unsectioned()), encoded(f, EncodeNPZ, &Archive{}), deflated(f)}
	fuzz(f, readNPZ, seeds...)
}

func FuzzNPY(f *testing.F) {
	var seeds [][]byte
	for _, c := range npyCases {
		seeds = append(seeds, npyFile(1, c.dict, c.values))
	}
	fuzz(f, readNPY, seeds...)
}

func FuzzONNX(f *testing.F) {
	var seeds [][]byte
	for _, c := range onnxCases {
		seeds = append(seeds, c.model())
	}
	fuzz(f, readONNX, seeds...)
}
