package main

import (
	"fmt"
	"strings"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/machine"
)

// row is a file and the milliseconds that each contender takes for it.
type row struct {
	name  string
	bytes int64
	ms    []float64
}

// String is a line for the terminal.
func (r row) String() string { return fmt.Sprintf("%-40s %7d bytes %.3f ms", r.name, r.bytes, r.ms) }

// table is the whole result.
type table struct {
	machine machine.Machine
	names   []string
	rows    []row
}

// page is a page of its own.
func (t table) page() string {
	return fmt.Sprintf("# Decoding JPEG files, %s\n\nWritten by `go run ./bench/decode`; [bench/README.md](../README.md) says how to read it.\n\n%s",
		t.machine.Date.Format("2006-01-02"), t)
}

// String has the images a second of each contender and, behind them, how much faster
// ours is.
func (t table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v. Images a second on one core, in brackets by how much ours is faster.\n\n| file | kB |", t.machine)
	for _, name := range t.names {
		fmt.Fprintf(&b, " %s |", name)
	}
	fmt.Fprintf(&b, "\n|---|--:|%s\n", strings.Repeat("--:|", len(t.names)))
	for _, r := range t.rows {
		fmt.Fprintf(&b, "| %s | %.1f |", strings.TrimSuffix(r.name, ".jpg"), float64(r.bytes)/1e3)
		for i, ms := range r.ms {
			fmt.Fprintf(&b, " %.0f", 1e3/ms)
			if i > 0 {
				fmt.Fprintf(&b, " (%.2f)", ms/r.ms[0])
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	return b.String()
}
