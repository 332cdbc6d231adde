package parity

import "testing"

// TestAttentionOps checks that the cases are complete, and that PyTorch's own
// float32 is inside the tolerance of the tests.
func TestAttentionOps(t *testing.T) {
	for name, least := range map[string]int{"SelfAttention": 26, "Attention": 24, "MultiheadAttention": 4, "TransformerEncoderLayer": 9} {
		cases, err := AttentionOps(name)
		if err != nil || len(cases) < least {
			t.Fatalf("%s: %d cases (%v), want %d or more", name, len(cases), err, least)
		}
		for _, c := range cases {
			inputs := len(c.Inputs)
			if _, masked := c.Inputs["mask"]; masked {
				inputs--
			}
			if c.Attrs.Heads < 1 || c.Dy == nil || len(c.Outputs) != 1 || len(c.Grads) != inputs {
				t.Errorf("%s: %d inputs, %d outputs, %d gradients, dy %v", c.Name, inputs, len(c.Outputs), len(c.Grads), c.Dy)
			}
			if c.Deviation > 1e-5 {
				t.Errorf("%s: PyTorch itself is off by %.2g, too ill conditioned to test with", c.Name, float64(c.Deviation))
			}
		}
	}
}
