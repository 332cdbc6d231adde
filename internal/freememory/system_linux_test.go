package freememory

import (
	"os"
	"path/filepath"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// Each case says what is told beside 1000 kB that are free and 50 kB that the process
// has.
func TestBytes(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
	}{
		{"no group", nil, 1050 << 10},
		{"second version", map[string]string{
			"proc/self/cgroup": "0::/a/b\n", "cgroup/a/b/memory.max": "max\n",
			"cgroup/a/memory.max": "600000\n", "cgroup/a/memory.current": "500000\n",
			"cgroup/a/memory.stat": "anon 1\ninactive_file 40000\nactive_file 60000\n",
		}, 200000 + 50<<10},
		{"first version", map[string]string{
			"proc/self/cgroup":                      "8:pids:/\n4:memory:/a\n0::/\n",
			"cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
			"cgroup/memory/a/memory.usage_in_bytes": "10\n",
			"cgroup/memory/memory.limit_in_bytes":   "3000\n",
			"cgroup/memory/memory.usage_in_bytes":   "1000\n",
		}, 2000 + 50<<10},
		{"more is used than allowed", map[string]string{
			"proc/self/cgroup": "0::/\n", "cgroup/memory.max": "5\n", "cgroup/memory.current": "9\n",
		}, 50 << 10},
		{"another name space", map[string]string{"proc/self/cgroup": "0::/../x\nnonsense\n"}, 1050 << 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "proc", "meminfo"), "MemTotal: 2000 kB\nMemAvailable: 1000 kB\n")
			write(t, filepath.Join(dir, "proc", "self", "status"), "Name: x\nVmRSS:\t50 kB\n")
			for path, text := range c.files {
				write(t, filepath.Join(dir, path), text)
			}
			f := files{filepath.Join(dir, "proc"), filepath.Join(dir, "cgroup")}
			if got, ok := f.bytes(); !ok || got != c.want {
				t.Errorf("%d, %v, want %d", got, ok, c.want)
			}
		})
	}
	if _, ok := (files{t.TempDir(), ""}).bytes(); ok {
		t.Error("memory is known without a file that tells")
	}
	if b, ok := Bytes(); !ok || b < 1<<20 {
		t.Errorf("this machine has %d bytes, %v", b, ok)
	}
}
