package kernel

import (
	"bufio"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Registers 16 to 31 need AVX-512: the assembler takes them in any vector
// instruction, but a CPU that has only AVX2 stops at it.
func TestAVX2UsesItsRegistersOnly(t *testing.T) {
	wide := regexp.MustCompile(`\b([XY](1[6-9]|2[0-9]|3[01])|Z[0-9]+|K[0-7])\b`)
	files, err := filepath.Glob("../*/*_amd64.s") // of this package and its neighbours
	if err != nil || len(files) == 0 {
		t.Fatalf("no assembly: %v", err)
	}
	functions := 0
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		function := ""
		for lines := bufio.NewScanner(f); lines.Scan(); {
			line := lines.Text()
			if strings.HasPrefix(line, "TEXT") {
				function = strings.Fields(line)[1]
				if strings.Contains(function, "AVX2") {
					functions++
				}
			}
			if strings.Contains(function, "AVX2") && !strings.HasPrefix(line, "//") && wide.MatchString(line) {
				t.Errorf("%s: %s uses a register of AVX-512: %s", name, function, strings.TrimSpace(line))
				break
			}
		}
	}
	if functions == 0 {
		t.Error("no function for AVX2 found")
	}
}
