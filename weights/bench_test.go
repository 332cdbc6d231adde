package weights

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
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

// BenchmarkLoadFormats loads the same weights from files of each format, to an
// archive and into parameters.
func BenchmarkLoadFormats(b *testing.B) {
	a := large()
	var list shapes
	for _, t := range a.Tensors {
		list = append(list, struct {
			name string
			dims []int
		}{t.Name, t.Shape})
	}
	p := model(b, 0, list)
	for _, c := range []struct {
		name string
		save func(string) error
	}{{"gob", a.Save}, {"npz", a.SaveNPZ}, {"pth", a.SavePTH}, {"safetensors", func(path string) error { return a.SaveSafetensors(path) }}} {
		path := filepath.Join(b.TempDir(), "large")
		if err := c.save(path); err != nil {
			b.Fatal(err)
		}
		for what, load := range map[string]func() error{
			"Load":     func() error { _, err := Load(path); return err },
			"LoadInto": func() error { _, err := LoadInto(path, p); return err },
		} {
			b.Run(c.name+"/"+what, func(b *testing.B) {
				b.SetBytes(100 * 512 * 500 * 4)
				for b.Loop() {
					if err := load(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
