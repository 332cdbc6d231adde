package main

import (
	"fmt"
	"strings"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/machine"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// row is a workload and its results, ours first.
type row struct {
	workload.Workload
	Results []result
}

// String is a line for the terminal.
func (r row) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s", r.Name())
	for i, x := range r.Results {
		fmt.Fprintf(&b, "  %s %.1f ms ±%.0f%%, %s MB", x.Variant, x.Median(), 50*x.Spread(), x.megabytes())
		if i > 0 {
			fmt.Fprintf(&b, " (x%.2f)", x.Ratio(r.Results[0]))
		}
	}
	return b.String()
}

// megabytes is the memory in 10⁶ bytes, "?" if unknown.
func (r result) megabytes() string {
	if r.Memory == 0 {
		return "?"
	}
	return fmt.Sprintf("%.0f", float64(r.Memory)/1e6)
}

// report is the whole table.
type report struct {
	Machine machine.Machine
	Rows    []row
}

// file is the name of the report, DATE-CPU.md.
func (r report) file() string {
	return r.Machine.Date.Format("2006-01-02") + "-" + r.Machine.Slug() + ".md"
}

// String is the report in markdown.
func (r report) String() string {
	return fmt.Sprintf("# Side by side, %s\n\n%v.\nWritten by `go run ./bench/compare`; [bench/README.md](../README.md) says how to read it.\n\n%s",
		r.Machine.Date.Format("2006-01-02"), r.Machine, r.table())
}

func (r report) table() string {
	var b strings.Builder
	b.WriteString("| workload | contender | ms | spread | ours is faster by | peak memory, MB |\n|---|---|--:|--:|--:|--:|\n")
	for _, row := range r.Rows {
		for i, x := range row.Results {
			name, ratio := "", "1"
			if i == 0 {
				name = row.Workload.String()
			} else {
				ratio = fmt.Sprintf("%.2f", x.Ratio(row.Results[0]))
			}
			fmt.Fprintf(&b, "| %s | %s, %s | %.2f | %.1f %% | %s | %s |\n", name, x.Contender, x.Variant, x.Median(), 100*x.Spread(), ratio, x.megabytes())
		}
	}
	return b.String()
}
