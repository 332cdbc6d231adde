package parity

import "testing"

// TestSoftTargetOps checks that the cases are complete, and that PyTorch's own
// float32 is inside the tolerance of the tests.
func TestSoftTargetOps(t *testing.T) {
	cases, err := SoftTargetOps()
	if err != nil || len(cases) < 13 {
		t.Fatalf("%d cases (%v), want 13 or more", len(cases), err)
	}
	for _, c := range cases {
		if c.Dy == nil || len(c.Inputs) != 2 || len(c.Outputs) != 1 || len(c.Grads) != 1 {
			t.Errorf("%s: %d inputs, %d outputs, %d gradients, dy %v", c.Name, len(c.Inputs), len(c.Outputs), len(c.Grads), c.Dy)
		}
		if c.Deviation > 1e-5 {
			t.Errorf("%s: PyTorch itself is off by %.2g, too ill conditioned to test with", c.Name, float64(c.Deviation))
		}
	}
}
