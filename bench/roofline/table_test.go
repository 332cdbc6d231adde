package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

// TestTable takes like layers together and leaves out what does not apply.
func TestTable(t *testing.T) {
	conv := graph.OpTime{Scope: "layer1.0.conv1", Op: "Conv2dInfer", Shape: tensor.Shape{1, 64, 56, 56}, Time: time.Millisecond, MACs: 50e6, Algorithm: "direct", Bytes: 2e6}
	same := conv
	same.Scope = "layer1.0.conv2"
	other := conv
	other.Scope, other.Algorithm = "layer1.1.conv1", "winograd 4x4"
	pool := graph.OpTime{Scope: "maxpool", Op: "MaxPool2d", Shape: tensor.Shape{1, 64, 56, 56}, Time: time.Millisecond, Bytes: 4e6}
	p := &graph.Profile{Run: 5 * time.Millisecond, Rest: time.Millisecond, Ops: []graph.OpTime{conv, pool, same, other}}
	table := newTable(p, roof{flops: 200, bytes: 20})
	want := `| layer1.0.conv1 and 1 more | Conv2dInfer | (1, 64, 56, 56) | direct | 2.000 | 40.0 % | 100.0 | 50 % | 2.0 |
| layer1.1.conv1 | Conv2dInfer | (1, 64, 56, 56) | winograd 4x4 | 1.000 | 20.0 % | 100.0 | 50 % | 2.0 |
| 1 × | MaxPool2d | | | 1.000 | 20.0 % |  |  | 4.0 |
| **convolutions and linear layers** | 3 × | | | 3.000 | 60.0 % | 100.0 | 50 % | 2.0 |
| **other operations** | 1 × | | | 1.000 | 20.0 % |  |  | 4.0 |
| **the machine, sums of gradients** | | | | 1.000 | 20.0 % |  |  |  |
| **all** | | | | 5.000 | 100.0 % | 60.0 | 30 % |  |
`
	if got := table.String(); !strings.HasSuffix(got, want) {
		t.Errorf("table\n%s\nwant at its end\n%s", got, want)
	}
}

// TestInspect writes the tables of small workloads.
func TestInspect(t *testing.T) {
	dir := t.TempDir()
	out, into := filepath.Join(dir, "new", "out.md"), filepath.Join(dir, "page.md")
	page := "<!-- roofline-resnet20-train-b2: here -->\n<!-- end roofline-resnet20-train-b2 -->\n"
	if err := os.WriteFile(into, []byte(page), 0o644); err != nil {
		t.Fatal(err)
	}
	w := workload.Workload{Model: "resnet20", Kind: workload.Training, Batch: 2, Size: 32}
	if err := inspectAll([]workload.Workload{w}, 2, roof{bytes: 1}, "# Heading\n", out, into); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{out, into} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"| layer1.2.conv2 and 5 more | Conv2dWeightGrad |", "| fc | Linear |", "**solver**"} {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s has no line with %q:\n%s", filepath.Base(path), want, text)
			}
		}
	}
	w.Model = "resnet21"
	if err := inspectAll([]workload.Workload{w}, 2, roof{}, "", out, ""); err == nil {
		t.Error("a model that does not exist was inspected")
	}
}
