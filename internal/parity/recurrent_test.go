package parity

import "testing"

// TestLSTMOps checks that the cases are complete, and that PyTorch's own float32 is
// inside the tolerance of the tests.
func TestLSTMOps(t *testing.T) {
	cases, err := LSTMOps()
	if err != nil || len(cases) < 33 {
		t.Fatalf("%d cases (%v), want 33 or more", len(cases), err)
	}
	uses := map[string]int{}
	for _, c := range cases {
		uses[c.Attrs.Uses]++
		if n := len(c.Inputs); c.Dy == nil || len(c.Outputs) != 1 || len(c.Grads) != n || n != 3+4*c.Attrs.Layers && n != 3+2*c.Attrs.Layers {
			t.Errorf("%s: %d layers, %d inputs, %d outputs, %d gradients, dy %v", c.Name, c.Attrs.Layers, n, len(c.Outputs), len(c.Grads), c.Dy)
		}
		if c.Deviation > 1e-5 {
			t.Errorf("%s: PyTorch itself is off by %.2g, too ill conditioned to test with", c.Name, float64(c.Deviation))
		}
	}
	for _, name := range []string{"output", "hidden", "cell", "all"} {
		if uses[name] < 4 {
			t.Errorf("%d cases of %s, want 4 or more", uses[name], name)
		}
	}
}
