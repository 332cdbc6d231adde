package parity

import "testing"

// TestSizes compares the parameters with arithmetic.
func TestSizes(t *testing.T) {
	sizes, err := Sizes()
	if err != nil {
		t.Fatal(err)
	}
	// DCGAN's are those of pytorch/examples.
	want := map[string]int{
		"gan-generator":       101*6272 + 128*64*16 + 64 + 64*16 + 1,
		"gan-discriminator":   64*16 + 64 + 64*128*16 + 128 + 6272 + 1,
		"dcgan-generator":     3576704,
		"dcgan-discriminator": 2765568,
		"lstm-lm":             65*256 + 2*4*256*(256+256+2) + 65*257,
		"transformer-lm":      (65+64)*128 + 4*(4*128*129+512*129+128*513+4*128) + 65*129,
	}
	for _, s := range sizes {
		if s.Params != want[s.Model] || s.MACs <= 0 || (s.Input == nil) != (s.Options.Vocab > 0) {
			t.Errorf("%+v, want %d parameters", s, want[s.Model])
		}
		delete(want, s.Model)
	}
	if len(want) > 0 {
		t.Errorf("no size of %v", want)
	}
}
