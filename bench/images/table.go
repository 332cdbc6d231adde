package main

import (
	"fmt"
	"strings"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/machine"
)

// row is a job and the milliseconds that each contender takes for it.
type row struct {
	job
	ms []float64
}

// String is a line for the terminal.
func (r row) String() string { return fmt.Sprintf("%-50s %8s %.4f ms", r.name, r.size, r.ms) }

// table is what comes of the jobs of one kind.
type table struct {
	name, title string
	machine     machine.Machine
	names       []string
	rows        []row
}

// page is a page of its own.
func (t table) page() string {
	return fmt.Sprintf("# %s, %s\n\nWritten by `go run ./bench/images`; [bench/README.md](../README.md) says how to read it.\n\n%s",
		t.title, t.machine.Date.Format("2006-01-02"), t)
}

// String has the images a second of each contender and, behind them, how much faster
// ours is.
func (t table) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v. Images a second on one core, in brackets by how much ours is faster.\n\n| %s | of |", t.machine, t.name)
	for _, name := range t.names {
		fmt.Fprintf(&b, " %s |", name)
	}
	fmt.Fprintf(&b, "\n|---|--:|%s\n", strings.Repeat("--:|", len(t.names)))
	for _, r := range t.rows {
		fmt.Fprintf(&b, "| %s | %s |", r.name, r.size)
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
