package weights

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNarrowRounds compares with the definition for all values of 16 bits: each
// stands for itself, and from the middle to the next one, and beside it, numbers go
// where they are nearer.
func TestNarrowRounds(t *testing.T) {
	for name, n := range narrows {
		for b := range 1 << 16 {
			bits := uint16(b)
			v := n.value(bits)
			switch got := n.round(v); {
			case v != v:
				if n.value(got) == n.value(got) || got>>15 != bits>>15 {
					t.Fatalf("%s: the NaN %#04x became %#04x", name, bits, got)
				}
				continue
			case got != bits:
				t.Fatalf("%s: %#04x, %v, became %#04x", name, bits, v, got)
			}
			up := n.value(bits + 1) // away from zero
			if up != up || infinite(up) || infinite(v) {
				continue
			}
			middle := float32((float64(v) + float64(up)) / 2) // exact: float32 has bits to spare
			even := bits + bits&1
			for _, c := range []struct {
				v    float32
				want uint16
			}{
				{middle, even},
				{math.Nextafter32(middle, v), bits},
				{math.Nextafter32(middle, up), bits + 1},
			} {
				if got := n.round(c.v); got != c.want {
					t.Fatalf("%s: %v, between %#04x and the next, became %#04x, want %#04x", name, c.v, bits, got, c.want)
				}
			}
		}
	}
}

// TestNarrowRange looks at the largest values: below the middle to the next power
// of two they stay finite.
func TestNarrowRange(t *testing.T) {
	for _, c := range []struct {
		n    *narrow
		v    float32
		want uint16
	}{
		{narrows[Float16], 65504, 0x7bff},
		{narrows[Float16], math.Nextafter32(65520, 0), 0x7bff},
		{narrows[Float16], 65520, 0x7c00},
		{narrows[Float16], -65536, 0xfc00},
		{narrows[Float16], math.MaxFloat32, 0x7c00},
		{narrows[Float16], math.SmallestNonzeroFloat32, 0},
		{narrows[Float16], 0x1p-25, 0},
		{narrows[Float16], math.Nextafter32(-0x1p-25, -1), 0x8001},
		{narrows[BFloat16], math.MaxFloat32, 0x7f80},
		{narrows[BFloat16], math.SmallestNonzeroFloat32, 0},
	} {
		if got := c.n.round(c.v); got != c.want {
			t.Errorf("%s: %v became %#04x, want %#04x", c.n.name, c.v, got, c.want)
		}
	}
}

// TestFloatsAs wants the nearest values back from a file of half the size, and
// integers as they were.
func TestFloatsAs(t *testing.T) {
	a := unsectioned()
	for i := range a.Tensors { // the sample has the largest float32, which float16 refuses
		if v, ok := a.Tensors[i].Values.([]float32); ok {
			a.Tensors[i].Values = slices.Clone(v)
			for j, x := range v {
				if !infinite(x) && math.Abs(float64(x)) > 65504 {
					a.Tensors[i].Values.([]float32)[j] = 65504
				}
			}
		}
	}
	a.Tensors = append(a.Tensors, Tensor{Name: "large", Shape: []int{chunkSize/2 + 3}, Values: ramp(chunkSize/2 + 3)})
	for dtype, n := range narrows {
		path := filepath.Join(t.TempDir(), "weights")
		if err := a.SaveSafetensors(path, FloatsAs(dtype)); err != nil {
			t.Fatal(err)
		}
		got, err := Load(path)
		if err != nil {
			t.Fatal(err)
		}
		stored := int64(0)
		for i := range a.Tensors {
			want := a.Tensors[i]
			stored += want.Bytes()
			if v, ok := want.Values.([]float32); ok {
				stored -= want.Bytes() / 2
				rounded := slices.Clone(v)
				for i := range rounded {
					rounded[i] = n.value(n.round(v[i]))
				}
				want.Values = rounded
			}
			if back := got.Tensors[i]; back.Name != want.Name || !bytes.Equal(memory(back.Values), memory(want.Values)) {
				t.Errorf("%s: %s came back as %v of %s", dtype, want.Name, back.Values, back.Name)
			}
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if head := info.Size() - stored; head <= 8 || head > 4096 {
			t.Errorf("%s: the file has %d bytes beside its %d of values", dtype, head, stored)
		}
	}
	whole, plain := encoded(t, safetensorsAs(Float32), a), encoded(t, safetensorsAs(), a)
	if !bytes.Equal(whole, plain) {
		t.Error("float32 is not what is written without an option")
	}
}

// safetensorsAs is EncodeSafetensors with a type for floating-point values.
func safetensorsAs(t ...DType) func(io.Writer, *Archive) error {
	return func(w io.Writer, a *Archive) error {
		var opts []SafetensorsOption
		for _, t := range t {
			opts = append(opts, FloatsAs(t))
		}
		return EncodeSafetensors(w, a, opts...)
	}
}

func ramp(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(i-n/2) / 977
	}
	return v
}

func TestFloatsAsRefuses(t *testing.T) {
	a := &Archive{Tensors: []Tensor{{Name: "w", Shape: []int{2}, Values: []float32{1, -70000}}}}
	for _, c := range []struct {
		as   DType
		want string
	}{
		{Float16, "w as float16: -70000 is beyond its range"},
		{BFloat16, ""},
		{"float61", `floating-point values as "float61": want float32, float16 or bfloat16`},
		{Int64, `floating-point values as "int64"`},
	} {
		err := EncodeSafetensors(io.Discard, a, FloatsAs(c.as))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %s", c.as, err, c.want)
		}
	}
}

// TestRead wants of bytes in memory what Load has of a file, for every format.
func TestRead(t *testing.T) {
	for name, data := range map[string][]byte{
		"gob": encode(t, unsectioned()), "safetensors": encoded(t, safetensorsAs(), unsectioned()), "npz": encoded(t, EncodeNPZ, unsectioned()),
	} {
		a, err := Read(bytes.NewReader(data), int64(len(data)))
		if err != nil || len(a.Tensors) != len(unsectioned().Tensors) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Read(bytes.NewReader(data), int64(len(data)-9)); err == nil {
			t.Errorf("%s: nobody noticed that the end is missing", name)
		}
	}
}
