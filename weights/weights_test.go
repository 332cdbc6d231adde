package weights

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sample has every type, a scalar and an empty tensor.
func sample() *Archive {
	return &Archive{
		Meta: Meta{
			Model: "lenet", Config: "classes: 2\n",
			Classes:    []string{"cat", "dog"},
			Vocabulary: &Vocabulary{Unit: "character", Tokens: []string{"a", "\n", "é"}},
			Input:      Input{Channels: 1, Height: 28, Width: 28, Resize: 32, Interpolation: "bilinear", Mean: []float32{0.1}, Std: []float32{0.3}},
			Epoch:      3, Step: 1200,
			Metrics: map[string]float64{"top1": 0.5, "loss": math.Inf(1)},
			Source:  "a test", License: "Apache-2.0", Recipe: "epochs: 3\n",
			Notes: map[string]string{"b": "2", "a": "1"},
		},
		Tensors: []Tensor{
			{Name: "conv.weight", Shape: []int{2, 1, 1, 3}, Values: []float32{1, -2, 0.5, math.MaxFloat32, math.SmallestNonzeroFloat32, float32(math.Copysign(0, -1))}},
			{Name: "bn.running_mean", Shape: []int{2}, Values: odd(), Buffer: true, NoDecay: true},
			{Name: "scalar", Values: []float32{7}, NoDecay: true},
			{Name: "empty", Shape: []int{3, 0}, Values: []float32{}},
			{Section: "solver", Name: "conv.weight", Shape: []int{2}, Values: []int64{-1, math.MaxInt64}},
			{Section: "solver", Name: "seed", Values: []uint64{math.MaxUint64}},
			{Section: "loop", Name: "state", Shape: []int{3}, Values: []byte{0, 128, 255}},
		},
	}
}

// odd are a signalling NaN and a quiet one with a payload, which do not survive
// a conversion to float64 and back on every machine.
func odd() []float32 {
	return []float32{math.Float32frombits(0x7f800001), math.Float32frombits(0xffc12345)}
}

// bits compares float32 by their bits.
var bits = cmp.Comparer(func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })

func encode(t testing.TB, a *Archive) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Encode(&b, a); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	for name, a := range map[string]*Archive{"sample": sample(), "empty": {}} {
		data := encode(t, a)
		got, err := Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(a, got, bits); d != "" {
			t.Errorf("%s:\n%s", name, d)
		}
		if again := encode(t, got); !bytes.Equal(data, again) {
			t.Errorf("%s: encoded again it has other bytes", name)
		}
	}
}

// TestLongTensors goes over the borders between chunks.
func TestLongTensors(t *testing.T) {
	const whole = chunkSize / 4
	for _, n := range []int{whole - 1, whole, whole + 1, 2*whole + 3} {
		want := make([]float32, n)
		for i := range want {
			want[i] = float32(i) * 0.25
		}
		data := encode(t, &Archive{Tensors: []Tensor{{Name: "a", Shape: []int{n}, Values: want}}})
		for _, size := range []int64{int64(len(data)), math.MaxInt64} {
			got, err := decode(bytes.NewReader(data), size)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Tensors[0].Values.([]float32), want) {
				t.Errorf("%d values came back otherwise", n)
			}
		}
	}
}
