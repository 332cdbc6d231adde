package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"testing"
)

// Every kind of JPEG file that Pillow writes is decoded to the bits that it reads.
func TestDecodeJPEG(t *testing.T) {
	var cases []struct {
		Name, File, Digest string
		Shape              [2]int
	}
	readJSON(t, "jpeg.json", &cases)
	if len(cases) < 58 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		file, err := base64.StdEncoding.DecodeString(c.File)
		if err != nil {
			t.Fatal(err)
		}
		m := new(Image)
		if err := Decode(bytes.NewReader(file), m, 0); err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		if got := fmt.Sprintf("%x", sha256.Sum256(m.Pix)); m.H != c.Shape[0] || m.W != c.Shape[1] || got != c.Digest {
			t.Errorf("%s: %dx%d pixels of another digest", c.Name, m.W, m.H)
		}
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
