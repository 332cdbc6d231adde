package freememory

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// files are where Linux tells about memory.
type files struct{ proc, cgroup string }

var system = files{"/proc", "/sys/fs/cgroup"}

// bytes is what the machine has and what the control groups of the process allow,
// whichever is less.
func (f files) bytes() (int64, bool) {
	free, ok := valueIn(filepath.Join(f.proc, "meminfo"), "MemAvailable:")
	if !ok {
		return 0, false
	}
	own, _ := valueIn(filepath.Join(f.proc, "self", "status"), "VmRSS:")
	free = (free + own) << 10 // both are in kB
	for _, g := range f.groups() {
		if left, ok := g.left(); ok {
			free = min(free, max(0, left)+own<<10)
		}
	}
	return free, true
}

// group is a control group, of the first or second version of them.
type group struct {
	dir, limit, usage string
}

// groups are those of the process and those above them.
func (f files) groups() (list []group) {
	text, err := os.ReadFile(filepath.Join(f.proc, "self", "cgroup"))
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(text)) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3) // number, controllers, path
		if len(parts) != 3 {
			continue
		}
		root := group{f.cgroup, "memory.max", "memory.current"}
		if parts[1] == "memory" {
			root = group{filepath.Join(f.cgroup, "memory"), "memory.limit_in_bytes", "memory.usage_in_bytes"}
		} else if parts[1] != "" {
			continue
		}
		for path := filepath.Clean("/" + parts[2]); ; path = filepath.Dir(path) {
			g := root
			g.dir = filepath.Join(root.dir, path)
			list = append(list, g)
			if path == "/" {
				break
			}
		}
	}
	return list
}

// left is what the group may take more. The files that it has cached count as free.
func (g group) left() (int64, bool) {
	limit, ok := number(filepath.Join(g.dir, g.limit))
	if !ok || limit >= 1<<60 {
		return 0, false // no limit, or no such group in this name space
	}
	used, ok := number(filepath.Join(g.dir, g.usage))
	if !ok {
		return 0, false
	}
	for _, name := range []string{"inactive_file", "active_file"} {
		cached, _ := valueIn(filepath.Join(g.dir, "memory.stat"), name)
		used -= cached
	}
	return limit - used, true
}

func number(path string) (int64, bool) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, false
	}
	v, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return v, err == nil
}

// valueIn returns the number behind a name in a file of lines.
func valueIn(path, name string) (int64, bool) {
	f, err := os.Open(path)
	if err != nil {
		return 0, false
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) > 1 && fields[0] == name {
			v, err := strconv.ParseInt(fields[1], 10, 64)
			return v, err == nil
		}
	}
	return 0, false
}
