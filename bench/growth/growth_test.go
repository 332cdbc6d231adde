package main

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// TestParts wants models that exist, series that differ and steps in order.
func TestParts(t *testing.T) {
	for _, p := range parts() {
		seen := make(map[string]bool)
		for _, s := range p.series {
			if seen[s.label] || len(s.steps) < 5 {
				t.Errorf("%s: series %q with %d steps", p.name, s.label, len(s.steps))
			}
			seen[s.label] = true
			last := 0.0
			for _, st := range s.steps {
				e, err := zoo.Lookup(st.Model)
				if err != nil {
					t.Fatal(err)
				}
				q := point{Workload: st.Workload, Procs: st.procs, MACs: e.MACs}
				if x := p.x(q); x <= last {
					t.Errorf("%s, %s: x is %v after %v", p.name, s.label, x, last)
				} else {
					last = x
				}
			}
		}
	}
}

func TestChoose(t *testing.T) {
	for only, want := range map[string]int{"": 5, "batch": 1, "build, procs": 2} {
		if got, err := choose(parts(), only); err != nil || len(got) != want {
			t.Errorf("%q: %d parts (%v), want %d", only, len(got), err, want)
		}
	}
	if _, err := choose(parts(), "batch,width"); err == nil {
		t.Error("a part that does not exist gives no error")
	}
}

func TestJudge(t *testing.T) {
	x := []float64{1, 2, 4}
	if got := slope(x, []float64{3, 6, 12}); math.Abs(got-1) > 1e-12 {
		t.Errorf("proportional times have slope %v", got)
	}
	if got := exponent.of(x, []float64{1, 4, 16}); got != "2.00" {
		t.Errorf("quadratic times have exponent %s", got)
	}
	if got := exponent.of(x[:1], x[:1]); got != "" {
		t.Errorf("one point has exponent %s", got)
	}
	if got := speedup.of(x, []float64{10, 5, 6}); got != "2.00, at 2" {
		t.Errorf("speed-up %s", got)
	}
}

// TestMeasure measures two small parts twice: the second time what was measured
// first is still in the file.
func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	s := settings{points: 2, out: filepath.Join(dir, "new", "g.csv"), plots: dir, page: filepath.Join(dir, "page.md")}
	marks := "<!-- growth-batch: -->\n<!-- end growth-batch -->\n<!-- growth-build: -->\n<!-- end growth-build -->\n"
	if err := os.WriteFile(s.page, []byte(marks), 0o644); err != nil {
		t.Fatal(err)
	}
	batch := part{
		name: "batch", title: "Batch", axis: "images", x: func(p point) float64 { return float64(p.Batch) }, y: running, judge: exponent,
		series: []series{
			over("resnet20, infer", grid(one("resnet20"), infer, []int{1, 2, 4}, one(32), one(0))),
			over("resnet20, train", grid(one("resnet20"), train, []int{1, 2, 4}, one(32), one(1))),
		},
	}
	build := part{
		name: "build", title: "Build", axis: "layers", x: layers, y: building, builds: true, judge: speedup,
		series: []series{over("CIFAR", grid(cifar, infer, one(1), one(32), one(0)))},
	}
	m := meter{procs: 2, commit: "abc"}
	for _, p := range []part{batch, build} {
		if err := s.measure([]part{p}, m); err != nil {
			t.Fatal(err)
		}
	}
	table, err := openTable(s.out)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(table.points); n != 6 {
		t.Fatalf("%d points in the file, want 6: %v", n, table.points)
	}
	first, last := table.points[0], table.points[5]
	if first.Part != "batch" || first.Kind != infer || first.Batch != 1 || first.Procs != 2 || first.Runs < 3 || first.MS < first.FastMS || first.FastMS <= 0 || first.MACs < 1e7 || first.Nodes < 50 || first.Bytes < 1e6 || first.Commit != "abc" {
		t.Errorf("the first point is %+v", first)
	}
	if last.Part != "build" || last.Model != "resnet32" || last.MS != 0 || last.BuildMS <= 0 || last.CompileMS <= 0 {
		t.Errorf("the last point is %+v", last)
	}
	if train := table.series("batch", "resnet20, train"); len(train) != 2 || train[0].Procs != 1 || train[0].MACs != first.MACs {
		t.Errorf("the training series is %+v", train)
	}
	for name, wants := range map[string][]string{
		"page.md":          {"![Batch](growth-batch.svg)", "| resnet20, train | 1: ", "| CIFAR | 20: "},
		"growth-batch.svg": {"resnet20, infer", "images"},
		"growth-build.svg": {"CIFAR", "layers"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s has no %q", name, want)
			}
		}
	}
	if err := s.measure([]part{{name: "batch", series: []series{over("none", grid(one("resnet21"), infer, one(1), one(32), one(0)))}}}, m); err == nil {
		t.Error("a model that does not exist was measured")
	}
}

// TestTable reads back what it has written, and nothing else.
func TestTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "g.csv")
	want := []point{{Part: "a", Series: "s, t", Workload: workload.Workload{Model: "m", Kind: train, Batch: 1, Size: 2}, Procs: 3, MACs: 4, Nodes: 5, Bytes: 6, BuildMS: 6.5, CompileMS: 7.125, MS: 8, FastMS: 9, Runs: 10, Commit: "c"}}
	table, err := openTable(path)
	if err != nil || len(table.points) != 0 {
		t.Fatalf("a file that is not there has %v (%v)", table, err)
	}
	if err := table.replace("a", want); err != nil {
		t.Fatal(err)
	}
	if table, err = openTable(path); err != nil || !slices.Equal(table.points, want) {
		t.Errorf("read %+v (%v), want %+v", table, err, want)
	}
	for _, text := range []string{"a,b\n1,2\n", strings.Join(columns, ",") + "\n" + strings.Repeat("x,", 15) + "x\n"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := openTable(path); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
