package dataset

import (
	"strings"
	"testing"
)

// Every format and mode against Pillow's convert("RGB").
func TestDecodeFormats(t *testing.T) {
	var cases []struct{ In, Out string }
	readJSON(t, "formats.json", &cases)
	if len(cases) < 20 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.In, func(t *testing.T) {
			limit := 0
			if strings.HasSuffix(c.In, ".jpg") {
				limit = 3 // the inverse transform rounds differently
			}
			wantImage(t, decodeFile(t, fixture(c.In)), decodeFile(t, fixture(c.Out)), limit)
		})
	}
}
