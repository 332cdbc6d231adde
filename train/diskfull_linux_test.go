package train

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk mounts a file system of a megabyte, if the process may.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skip("no file system can be mounted: ", err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
	return dir
}

// fill takes what is left of a disk.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := io.CopyN(f, zeros{}, 1<<21); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestDiskFull(t *testing.T) {
	c := small(t)
	c.CheckpointMinutes = 1e-9
	whole := newRun(t, c, Options{})
	finish(t, whole)
	for name, emptied := range map[string]bool{"for a while": true, "to the end": false} {
		t.Run(name, func(t *testing.T) {
			disk := smallDisk(t)
			filler := filepath.Join(disk, "filler")
			log, user := told()
			r := newRun(t, c, Options{Dir: filepath.Join(disk, "run"), Log: log, Report: atBatches{
				{1, 3, func() { fill(t, filler) }},
				{3, 2, func() {
					if emptied {
						os.Remove(filler)
					}
				}},
			}})
			err := r.Train(t.Context())
			if !strings.Contains(user.String(), "no space left on device") {
				t.Errorf("the user is told %q", user)
			}
			if emptied {
				if err != nil {
					t.Fatal(err)
				}
				same(t, name, outcomeOf(r), outcomeOf(whole))
				sameFolder(t, r.Dir(), whole.Dir())
				return
			}
			oneClearLine(t, err, "the run is complete, but: cannot write ", "no space left on device", "has the state after step 2")
			r.Close()
			os.Remove(filler)
			again, err := Resume(r.Dir(), Options{Log: quiet})
			if err != nil || again.steps() != 2 {
				t.Fatal(err)
			}
			defer again.Close()
			finish(t, again)
			same(t, "from the last good state", outcomeOf(again), outcomeOf(whole))
		})
	}
}
