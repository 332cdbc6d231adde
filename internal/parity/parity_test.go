package parity

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFormula compares the formula with what Python computed.
func TestFormula(t *testing.T) {
	var tensors []struct {
		Tensor
		CRC32     uint32   `json:"crc32"`
		First     []Number `json:"first"`
		Positions []int    `json:"positions"`
	}
	if err := load("formula.json", &tensors); err != nil {
		t.Fatal(err)
	}
	if len(tensors) == 0 {
		t.Fatal("formula.json is empty")
	}
	for _, c := range tensors {
		t.Run(c.Name, func(t *testing.T) {
			data := c.Data()
			for i, want := range c.First {
				if deviation(float64(data[i]), float64(float32(want)), 0) != 0 {
					t.Errorf("element %d is %.9g, Python has %.9g", i, data[i], want)
				}
			}
			// NaN has many bit patterns, so tensors with one carry no checksum.
			if got := checksum(data); c.Set == nil && got != c.CRC32 {
				t.Errorf("CRC-32 is %08x, Python has %08x", got, c.CRC32)
			}
			if diff := cmp.Diff(c.Positions, Positions(c.Name, c.Size(), len(c.Positions))); diff != "" {
				t.Errorf("positions (-Python +Go):\n%s", diff)
			}
		})
	}
}

// checksum is the CRC-32 (IEEE) of the little-endian bytes of data.
func checksum(data []float32) uint32 {
	var b []byte
	for _, v := range data {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return crc32.ChecksumIEEE(b)
}

func TestWantError(t *testing.T) {
	nan, inf := Number(math.NaN()), Number(math.Inf(1))
	for name, c := range map[string]struct {
		want Want
		got  []float32
		is   float64
	}{
		"equal":              {Want{Shape: []int{2}, Norm: 5, Values: []Number{3, 4}}, []float32{3, 4}, 0},
		"element":            {Want{Shape: []int{2}, Norm: 5, Values: []Number{3, 4}}, []float32{3, 5}, 0.25},
		"small one":          {Want{Shape: []int{4}, Norm: 2, Values: []Number{2, 0, 0, 0}}, []float32{2, 0.25, 0, 0}, 0.25},
		"norm alone":         {Want{Name: "n", Shape: []int{1000}, Norm: 2}, make([]float32, 1000), 1},
		"all zero":           {Want{Shape: []int{2}, Values: []Number{0, 0}}, []float32{0, 0.5}, 0.5},
		"NaN and infinities": {Want{Shape: []int{3}, Values: []Number{nan, inf, -inf}}, []float32{float32(nan), float32(inf), -float32(inf)}, 0},
		"NaN for a number":   {Want{Shape: []int{1}, Norm: 1, Values: []Number{1}}, []float32{float32(nan)}, math.Inf(1)},
		"number for NaN":     {Want{Shape: []int{1}, Values: []Number{nan}}, []float32{1}, math.Inf(1)},
		"wrong infinity":     {Want{Shape: []int{1}, Values: []Number{inf}}, []float32{-float32(inf)}, math.Inf(1)},
		"too few":            {Want{Shape: []int{2}, Norm: 5, Values: []Number{3, 4}}, []float32{3}, math.Inf(1)},
		"scalar":             {Want{Norm: 2, Values: []Number{2}}, []float32{3}, 0.5},
	} {
		t.Run(name, func(t *testing.T) {
			d, where := c.want.Error(c.got)
			if d != c.is {
				t.Errorf("deviation %v at %q, want %v", d, where, c.is)
			}
			if err := c.want.Check(c.got, c.is); err != nil {
				t.Errorf("Check at its own deviation: %v", err)
			}
			if err := c.want.Check(c.got, c.is*0.99); c.is > 0 && !math.IsInf(c.is, 1) && err == nil {
				t.Error("Check let a larger deviation pass")
			}
		})
	}
	if err := (Want{Shape: []int{1}, Values: []Number{nan}}).Check([]float32{1}, 1e9); err == nil {
		t.Error("Check took a number for NaN")
	}
}

// TestOps checks that every case is complete: a table that lost its inputs
// would let any implementation pass.
func TestOps(t *testing.T) {
	cases, err := Ops()
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, c := range cases {
		count[c.Op]++
		if len(c.Inputs) == 0 || len(c.Outputs) == 0 || len(c.Grads) > 0 != (c.Dy != nil) {
			t.Errorf("%s: %d inputs, %d outputs, %d gradients, dy %v", c.Name, len(c.Inputs), len(c.Outputs), len(c.Grads), c.Dy)
		}
		for k, w := range c.Grads {
			if diff := cmp.Diff(c.Inputs[k].Shape, w.Shape); diff != "" {
				t.Errorf("%s: gradient of %s (-input +gradient):\n%s", c.Name, k, diff)
			}
			if len(w.Values) == 0 {
				t.Errorf("%s: gradient of %s has no values", c.Name, k)
			}
		}
		if c.Deviation > 1e-5 {
			t.Errorf("%s: PyTorch itself is off by %.2g, too ill conditioned to test with", c.Name, float64(c.Deviation))
		}
	}
	for _, op := range []string{
		"Conv2d", "ConvTranspose2d", "BatchNorm2d", "MaxPool2d", "AvgPool2d", "AdaptiveAvgPool2d", "Linear", "Add", "ReLU",
		"LeakyReLU", "Sigmoid", "Tanh", "GELU", "Softmax", "LogSoftmax", "CrossEntropyLoss", "BCEWithLogitsLoss", "MSELoss",
	} {
		if count[op] == 0 {
			t.Errorf("no case of %s", op)
		}
		some, err := Ops(op)
		if err != nil || len(some) != count[op] {
			t.Errorf("Ops(%q) has %d cases (%v), want %d", op, len(some), err, count[op])
		}
	}
}
