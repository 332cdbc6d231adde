package kernel

import (
	"os"
	"regexp"
	"strconv"
	"testing"
)

var outsideSize = regexp.MustCompile(`GLOBL outside<>\(SB\), RODATA\|NOPTR, \$(\d+)`)

// The zeros that stand for a row of pixels outside an image are as long as the
// longest row of a tile that a kernel reads: what comes after them is anything.
func TestRowsOutsideAreWhole(t *testing.T) {
	longest := 0
	for _, k := range append(genericWino[:2:2], genericHalves.up, genericHalves.down) {
		longest = max(longest, (k.size()-1)*k.stride+1)
	}
	for _, file := range []string{"wino_amd64.s", "wino_arm64.s"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := outsideSize.FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s: no zeros", file)
		}
		if n, err := strconv.Atoi(string(m[1])); err != nil || n < 4*Block*longest {
			t.Errorf("%s: %d bytes of zeros, want %d", file, n, 4*Block*longest)
		}
	}
}
