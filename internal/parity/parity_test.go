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

// TestNets checks that every network's fixture is complete, and that PyTorch's
// own float32 is well inside the tolerances of the tests: 1e-4 for logits and
// running statistics, 1e-3 for gradients and losses.
func TestNets(t *testing.T) {
	names, err := NetNames()
	if err != nil {
		t.Fatal(err)
	}
	if len(names) < 15 {
		t.Errorf("fixtures of %d networks, want one for each of the 15 registered ones at least", len(names))
	}
	limits := map[string]Number{"logits": 1e-5, "running": 1e-5, "grads": 2e-4, "eval_grads": 2e-4, "loss": 1e-5, "eval_loss": 1e-5}
	for _, name := range names {
		n, err := LoadNet(name)
		if err != nil {
			t.Fatal(err)
		}
		trained, buffers := 0, 0
		for _, p := range n.State {
			if p.Buffer {
				buffers++
			} else {
				trained++
			}
		}
		if len(n.Grads) != trained || len(n.Running) != buffers || trained == 0 || (buffers == 0) != (n.Model == "convnet") {
			t.Errorf("%s: %d gradients for %d parameters, %d running statistics for %d buffers", name, len(n.Grads), trained, len(n.Running), buffers)
		}
		if n.EvalGrads != nil && len(n.EvalGrads) != trained {
			t.Errorf("%s: %d gradients in eval mode for %d parameters", name, len(n.EvalGrads), trained)
		}
		if len(n.Labels) != n.Input.Shape[0] || len(n.Logits.Values) != n.Logits.Size() {
			t.Errorf("%s: %d labels and %d of %v logits for an input %v", name, len(n.Labels), len(n.Logits.Values), n.Logits.Shape, n.Input.Shape)
		}
		for k, limit := range limits {
			if d, ok := n.Deviation[k]; d > limit || !ok && k != "eval_grads" {
				t.Errorf("%s: PyTorch's %s deviate by %.2g, want at most %.2g", name, k, d, limit)
			}
		}
		for _, w := range n.Grads {
			if len(w.Values) == 0 || w.Norm == 0 {
				t.Errorf("%s: the gradient of %s is empty or zero", name, w.Name)
			}
		}
	}
}

func TestRuns(t *testing.T) {
	names, err := RunNames()
	if err != nil {
		t.Fatal(err)
	}
	optimizers := map[string]bool{}
	for _, name := range names {
		r, err := LoadRun(name)
		if err != nil {
			t.Fatal(err)
		}
		optimizers[r.Optimizer.Name] = true
		if len(r.Losses) != 10 || len(r.Batches) == 0 || len(r.After) != len(r.State) {
			t.Errorf("%s: %d losses, %d batches, %d of %d entries at the end", name, len(r.Losses), len(r.Batches), len(r.After), len(r.State))
		}
		for k, d := range r.Deviation {
			if d > 5e-4 {
				t.Errorf("%s: PyTorch's %s deviate by %.2g, too much for a tolerance of 1e-3", name, k, d)
			}
		}
	}
	for _, o := range []string{"SGD", "Adam", "AdamW", "RMSprop"} {
		if !optimizers[o] {
			t.Errorf("no training with %s", o)
		}
	}
}
