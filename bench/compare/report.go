package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// machine is where and when the measurement was made.
type machine struct {
	Date    time.Time
	CPU     string
	Threads int
	Go      string
	Commit  string
	Load    string // the load average of the last minute before the start
}

func thisMachine(root string, threads int) machine {
	m := machine{Date: time.Now(), CPU: cpuModel(), Threads: threads, Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	if out, err := exec.Command("git", "-C", root, "rev-parse", "--short", "HEAD").Output(); err == nil {
		m.Commit = strings.TrimSpace(string(out))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(load), " ")
	}
	return m
}

// cpuModel is the processor's name where Linux tells it, else the architecture.
func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if key, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9]+`)

// file is the name of the report, DATE-CPU.md.
func (m machine) file() string {
	cpu := strings.Trim(notInNames.ReplaceAllString(m.CPU, "-"), "-")
	return m.Date.Format("2006-01-02") + "-" + strings.ToLower(cpu) + ".md"
}

// row is a workload and its results, ours first.
type row struct {
	workload
	Results []result
}

// String is a line for the terminal.
func (r row) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-20s", r.Name())
	for i, x := range r.Results {
		fmt.Fprintf(&b, "  %s %.1f ms ±%.0f%%", x.Variant, x.Median(), 50*x.Spread())
		if i > 0 {
			fmt.Fprintf(&b, " (x%.2f)", x.Ratio(r.Results[0]))
		}
	}
	return b.String()
}

// report is the whole table.
type report struct {
	Machine    machine
	Contenders []contender
	Rows       []row
}

// String is the report in markdown.
func (r report) String() string {
	var b strings.Builder
	m := r.Machine
	fmt.Fprintf(&b, "# Side by side, %s\n\n", m.Date.Format("2006-01-02"))
	fmt.Fprintf(&b, "%s, %d threads, %s", m.CPU, m.Threads, m.Go)
	if m.Commit != "" {
		fmt.Fprintf(&b, ", commit %s", m.Commit)
	}
	if m.Load != "" {
		fmt.Fprintf(&b, ", load average before %s", m.Load)
	}
	fmt.Fprintf(&b, ".\nWritten by `go run ./bench/compare`; [bench/README.md](../README.md) says how to read it.\n\n")
	b.WriteString("| workload | contender | ms | spread | ours is faster by |\n|---|---|--:|--:|--:|\n")
	for _, row := range r.Rows {
		for i, x := range row.Results {
			name, ratio := "", "1"
			if i == 0 {
				name = fmt.Sprintf("%s, %s, batch %d, 3x%dx%d", row.Model, row.Kind, row.Batch, row.Size, row.Size)
			} else {
				ratio = fmt.Sprintf("%.2f", x.Ratio(row.Results[0]))
			}
			fmt.Fprintf(&b, "| %s | %s, %s | %.2f | %.1f %% | %s |\n", name, x.Contender, x.Variant, x.Median(), 100*x.Spread(), ratio)
		}
	}
	return b.String()
}

// write stores the report.
func (r report) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return errors.Wrap(err, "report")
	}
	return errors.Wrap(os.WriteFile(path, []byte(r.String()), 0o644), "report")
}
