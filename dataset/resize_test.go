package dataset

import (
	"hash/crc32"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Images of many sizes in others are equal to Pillow's, whatever the instructions.
func TestResizes(t *testing.T) {
	var cases []struct {
		In            string
		Interpolation Interpolation
		Results       []struct {
			Size [2]int
			CRC  uint32
		}
	}
	readJSON(t, "resizes.json", &cases)
	if len(cases) != 8 {
		t.Fatalf("%d cases", len(cases))
	}
	defer kernel.SetTier(kernel.CurrentTier())
	for _, tier := range kernel.Tiers() {
		kernel.SetTier(tier)
		for _, c := range cases {
			for _, r := range c.Results {
				m := readFixture(t, c.In)
				if err := m.resize(r.Size[0], r.Size[1], c.Interpolation); err != nil {
					t.Fatal(err)
				}
				if m.H != r.Size[0] || m.W != r.Size[1] || crc32.ChecksumIEEE(m.Pix) != r.CRC {
					t.Errorf("%s: %s to %v, %s: other pixels", tier, c.In, r.Size, c.Interpolation)
				}
			}
		}
	}
}

// A row's end is not written beyond, whatever its length.
func TestResizeNothingElse(t *testing.T) {
	for w := 1; w < 70; w++ {
		m := NewImage(1, 9, 40)
		m.spare = make([]uint8, 7*w+8)
		for i := range m.spare {
			m.spare[i] = 77
		}
		all := m.spare
		if err := m.Resize(7, w); err != nil {
			t.Fatal(err)
		}
		for i, v := range all {
			if want := uint8(77 * min(1, i/(7*w))); v != want {
				t.Fatalf("width %d: byte %d is %d, want %d", w, i, v, want)
			}
		}
	}
}

// What evaluation on ImageNet costs for a photograph after it is decoded.
func BenchmarkResize(b *testing.B) {
	in := NewImage(3, 375, 500)
	for i := range in.Pix {
		in.Pix[i] = uint8(i * i >> 5)
	}
	m := new(Image)
	for b.Loop() {
		m.CopyFrom(in)
		if err := (Resize{Size: 256}).Apply(m, nil); err != nil {
			b.Fatal(err)
		}
	}
}
