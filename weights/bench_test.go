package weights

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// large is about the size of ResNet-50: 102 MB.
func large() *Archive {
	a := &Archive{}
	for i := range 100 {
		v := make([]float32, 512*500)
		for j := range v {
			v[j] = float32(i*j) / 7
		}
		a.Tensors = append(a.Tensors, Tensor{Name: fmt.Sprint(i), Shape: []int{512, 500}, Values: v})
	}
	return a
}

func BenchmarkEncode(b *testing.B) {
	a := large()
	b.SetBytes(100 * 512 * 500 * 4)
	b.ReportAllocs()
	for b.Loop() {
		if err := Encode(io.Discard, a); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	data := encode(b, large())
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(bytes.NewReader(data), int64(len(data))); err != nil {
			b.Fatal(err)
		}
	}
}
