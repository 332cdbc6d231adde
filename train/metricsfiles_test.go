package train

import (
	"bufio"
	"encoding/json"
	"os"
	"testing"
)

// metrics.jsonl has every epoch once, as zoo-train --json prints it, and a resumed
// run brings it up to date.
func TestMetricsLines(t *testing.T) {
	r := newRun(t, small(t), Options{})
	finish(t, r)
	path := folder(r.Dir()).path(LinesFile)
	wantLines(t, path, r.History())

	if err := os.WriteFile(path, []byte("{}\n{}\n{}\n{}\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	again, err := Resume(r.Dir(), Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	wantLines(t, path, r.History())
}

func wantLines(t *testing.T, path string, want []EpochResult) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); n++ {
		var got EpochResult
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil || n >= len(want) || got != want[n] {
			t.Fatalf("line %d: %s, %v", n+1, lines.Bytes(), err)
		}
	}
	if n != len(want) {
		t.Errorf("%d lines, want %d", n, len(want))
	}
}
