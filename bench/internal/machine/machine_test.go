package machine

import (
	"strings"
	"testing"
	"time"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel/peak"
)

func TestMachine(t *testing.T) {
	m := Machine{Date: time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC), CPU: "Some CPU @ 3 GHz", Threads: 2, Go: "go", Commit: "abc"}
	if want := "some-cpu-3-ghz"; m.Slug() != want {
		t.Errorf("slug %q, want %q", m.Slug(), want)
	}
	if want := "Some CPU @ 3 GHz, 2 threads, go, commit abc"; m.String() != want {
		t.Errorf("%q, want %q", m, want)
	}
	if this := This(".", 2); this.CPU == "" || !strings.HasPrefix(this.Go, "go") {
		t.Errorf("this machine is %v", this)
	}
}

func TestRates(t *testing.T) {
	if p := Peak(1); p <= 0 && len(peak.Loops()) > 0 {
		t.Errorf("a peak of %v GFLOP/s", p)
	}
	if r := CopyRate(1); r <= 0 {
		t.Errorf("copying at %v GB/s", r)
	}
}
