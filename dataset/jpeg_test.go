package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Every kind of JPEG file, damaged ones too, is decoded to the bits that Pillow reads.
func TestDecodeJPEG(t *testing.T) {
	var cases []struct {
		Name, File, Digest string
		Shape              [2]int
	}
	readJSON(t, "jpeg.json", &cases)
	if len(cases) < 105 {
		t.Fatalf("%d cases", len(cases))
	}
	defer kernel.SetTier(kernel.CurrentTier())
	for _, tier := range kernel.Tiers() {
		kernel.SetTier(tier)
		for _, c := range cases {
			file, err := base64.StdEncoding.DecodeString(c.File)
			if err != nil {
				t.Fatal(err)
			}
			m := new(Image)
			if err := Decode(bytes.NewReader(file), m, 0); err != nil {
				t.Errorf("%s: %s: %v", tier, c.Name, err)
				continue
			}
			if got := fmt.Sprintf("%x", sha256.Sum256(m.Pix)); m.H != c.Shape[0] || m.W != c.Shape[1] || got != c.Digest {
				t.Errorf("%s: %s: %dx%d pixels of another digest", tier, c.Name, m.W, m.H)
			}
		}
	}
}

// An image is decoded into the memory of the image before. The race detector throws
// away some of what is kept in pools, so the best of several images counts.
func TestDecodeJPEGAllocations(t *testing.T) {
	file, err := os.ReadFile(fixture("photographs/small.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	m, in := new(Image), bytes.NewReader(file)
	least := math.Inf(1)
	for range 20 {
		least = min(least, testing.AllocsPerRun(1, func() {
			in.Reset(file)
			if err := Decode(in, m, 0); err != nil {
				t.Fatal(err)
			}
		}))
	}
	if least > 10 {
		t.Errorf("%v allocations for an image", least)
	}
}

// A file that ends early, wherever that is, has an error of one line and no image.
func TestDecodeTruncatedJPEG(t *testing.T) {
	var cases []struct{ Name, File string }
	readJSON(t, "jpeg.json", &cases)
	for _, c := range cases[4:7] {
		file, err := base64.StdEncoding.DecodeString(c.File)
		if err != nil {
			t.Fatal(err)
		}
		for n := range file {
			if err := Decode(bytes.NewReader(file[:n]), new(Image), 0); err == nil {
				t.Errorf("%s: the first %d of %d bytes were decoded", c.Name, n, len(file))
			}
		}
	}
}
