package main

import (
	"fmt"
	"strings"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/machine"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/page"
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
	var b strings.Builder
	fmt.Fprintf(&b, "# Side by side, %s\n\n%v.\nWritten by `go run ./bench/compare`; [bench/README.md](../README.md) says how to read it.\n",
		r.Machine.Date.Format("2006-01-02"), r.Machine)
	for _, s := range sections {
		if rows := r.rowsOf(s); len(rows) > 0 {
			b.WriteString("\n" + s.table(rows))
		}
	}
	return b.String()
}

// section is a table of the page.
type section struct {
	name  string
	rates bool // what is done in a second is told as well
}

// sections are the tables: classifiers, and language models with GANs.
var sections = []section{{"compare", false}, {"compare-generators", true}}

// rowsOf are the rows of a section.
func (r report) rowsOf(s section) (rows []row) {
	for _, row := range r.Rows {
		if row.Generates() == s.rates {
			rows = append(rows, row)
		}
	}
	return rows
}

// replaceIn writes the tables to their sections of a page. A section none of whose
// workloads was run stays as it is.
func (r report) replaceIn(path string) error {
	for _, s := range sections {
		rows := r.rowsOf(s)
		if len(rows) == 0 {
			continue
		}
		if err := page.Replace(path, s.name, fmt.Sprintf("%v.\n\n%s", r.Machine, s.table(rows))); err != nil {
			return err
		}
	}
	return nil
}

func (s section) table(rows []row) string {
	var b strings.Builder
	heading, rule := "", ""
	if s.rates {
		heading, rule = " a second |", "--:|"
	}
	fmt.Fprintf(&b, "| workload | contender | ms | spread |%s ours is faster by | peak memory, MB |\n|---|---|--:|--:|%s--:|--:|\n", heading, rule)
	for _, row := range rows {
		for i, x := range row.Results {
			name, ratio, rate := "", "1", ""
			if i == 0 {
				name = row.Workload.String()
			} else {
				ratio = fmt.Sprintf("%.2f", x.Ratio(row.Results[0]))
			}
			if s.rates {
				n, what := row.Items()
				rate = fmt.Sprintf(" %.0f %s |", float64(n)*1e3/x.Median(), what)
			}
			fmt.Fprintf(&b, "| %s | %s, %s | %.2f | %.1f %% |%s %s | %s |\n", name, x.Contender, x.Variant, x.Median(), 100*x.Spread(), rate, ratio, x.megabytes())
		}
	}
	return b.String()
}
