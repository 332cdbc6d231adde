// Package machine tells on what measurements are made: the heading of every
// table under bench/results.
package machine

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel/peak"
)

// Machine is where and when a measurement is made.
type Machine struct {
	Date    time.Time
	CPU     string
	Threads int
	Go      string
	Commit  string
	Load    string // the load average of the last minute before the start
}

// This is the machine of this process; root is the module's folder.
func This(root string, threads int) Machine {
	m := Machine{Date: time.Now(), CPU: cpuModel(), Threads: threads, Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH}
	if out, err := exec.Command("git", "-C", root, "rev-parse", "--short", "HEAD").Output(); err == nil {
		m.Commit = strings.TrimSpace(string(out))
	}
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(load), " ")
	}
	return m
}

// String describes the machine in one line.
func (m Machine) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d threads, %s", m.CPU, m.Threads, m.Go)
	if m.Commit != "" {
		fmt.Fprintf(&b, ", commit %s", m.Commit)
	}
	if m.Load != "" {
		fmt.Fprintf(&b, ", load average before %s", m.Load)
	}
	return b.String()
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9]+`)

// Slug is the processor's name fit for a file name.
func (m Machine) Slug() string {
	return strings.ToLower(strings.Trim(notInNames.ReplaceAllString(m.CPU, "-"), "-"))
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

// Peak measures the most multiply-adds that the instructions of the kernels'
// tier can do on so many threads, in 10⁹ operations a second, two to a
// multiply-add; 0 where that is not known. It takes half a second, so that a
// neighbour that is busy for a moment does not lower it.
func Peak(threads int) float64 {
	best := 0.0
	for _, l := range peak.Loops() {
		if l.Name != kernel.CurrentTier().String() {
			continue
		}
		for range 5 {
			best = max(best, l.GFLOPS(threads))
			time.Sleep(50 * time.Millisecond)
		}
	}
	return best
}

// CopyRate measures how fast so many threads together copy memory that no cache
// holds, in 10⁹ bytes a second, read and written; the best of several tries.
func CopyRate(threads int) float64 {
	const tries, each = 10, 64 << 20
	src, dst := make([][]byte, threads), make([][]byte, threads)
	for i := range threads {
		src[i], dst[i] = make([]byte, each), make([]byte, each)
		for j := range src[i] {
			src[i][j] = byte(j)
		}
	}
	best := 0.0
	for range tries {
		var group sync.WaitGroup
		start := time.Now()
		for i := range threads {
			group.Go(func() { copy(dst[i], src[i]) })
		}
		group.Wait()
		best = max(best, float64(2*each*threads)/float64(time.Since(start).Nanoseconds()))
	}
	return best
}
