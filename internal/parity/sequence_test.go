package parity

import "testing"

// TestSequenceOps checks that the cases are complete, and that PyTorch's own
// float32 is inside the tolerance of the tests.
func TestSequenceOps(t *testing.T) {
	for name, least := range map[string]int{"LayerNorm": 30, "Embedding": 5} {
		cases, err := SequenceOps(name)
		if err != nil || len(cases) < least {
			t.Fatalf("%s: %d cases (%v), want %d or more", name, len(cases), err, least)
		}
		for _, c := range cases {
			// Rows of one value have no gradient but that of bias.
			if last := c.Inputs["x"].Shape; len(last) > 0 && last[len(last)-1] == 1 {
				continue
			}
			if c.Dy == nil || len(c.Outputs) != 1 || len(c.Grads) != len(c.Inputs) {
				t.Errorf("%s: %d inputs, %d outputs, %d gradients, dy %v", c.Name, len(c.Inputs), len(c.Outputs), len(c.Grads), c.Dy)
			}
			if c.Deviation > 1e-5 {
				t.Errorf("%s: PyTorch itself is off by %.2g, too ill conditioned to test with", c.Name, float64(c.Deviation))
			}
		}
	}
}
