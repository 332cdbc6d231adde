package train

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

// told returns a logger and what it told the user.
func told() (*slog.Logger, *strings.Builder) {
	var user strings.Builder
	return slog.New(slog.NewTextHandler(&user, nil)), &user
}

// stopped returns the folder of a run that was interrupted in its third epoch and
// has written a checkpoint after each step.
func stopped(t *testing.T, c Config) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := newRun(t, c, Options{Report: &stopAt{func(p Progress) bool { return p.Epoch == 3 && p.Batch == 2 }, cancel}})
	if err := r.Train(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	r.Close()
	return r.Dir()
}

var damages = map[string]func(t *testing.T, path string){
	"truncated": func(t *testing.T, path string) { os.Truncate(path, 2000) },
	"empty":     func(t *testing.T, path string) { os.Truncate(path, 0) },
	"missing":   func(t *testing.T, path string) { os.Remove(path) },
	"a bit": func(t *testing.T, path string) {
		data := []byte(content(t, path))
		data[len(data)/2] ^= 16
		write(t, path, data)
	},
	"a page of zeros": func(t *testing.T, path string) {
		data := []byte(content(t, path))
		clear(data[4096:8192])
		write(t, path, data)
	},
	"another file": func(t *testing.T, path string) { write(t, path, []byte("epochs: 3\n")) },
}

func TestDamagedCheckpoints(t *testing.T) {
	c := small(t)
	c.CheckpointMinutes, c.KeepBest = 1e-9, 2
	whole := newRun(t, c, Options{})
	finish(t, whole)
	want := outcomeOf(whole)
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "a bit" {
				t.Skip("one kind of damage is enough for -short")
			}
			dir := stopped(t, c)
			damage(t, filepath.Join(dir, LastFile))
			resumed(t, dir, PreviousFile, want)
			// What is put aside has not taken the place of the previous one.
			if _, err := (folder(dir)).newest(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("both", func(t *testing.T) {
		dir := stopped(t, c)
		damages["truncated"](t, filepath.Join(dir, LastFile))
		damages["a bit"](t, filepath.Join(dir, PreviousFile))
		resumed(t, dir, "from="+dir, want) // best.ckpt, or an epoch that is kept
	})
	t.Run("all", func(t *testing.T) {
		dir := stopped(t, c)
		files, _ := filepath.Glob(filepath.Join(dir, "*.ckpt"))
		if len(files) < 5 { // last, previous, best, two kept
			t.Errorf("checkpoints %q", files)
		}
		for _, f := range files {
			damages["truncated"](t, f)
		}
		_, err := Resume(dir, Options{Log: quiet})
		oneClearLine(t, err, "cannot resume: ", "last.ckpt: truncated")
	})
}

// resumed finishes a run that must say where it goes on from.
func resumed(t *testing.T, dir, from string, want outcome) {
	t.Helper()
	log, user := told()
	r, err := Resume(dir, Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n := strings.Count(user.String(), "\n"); n != 1 || !strings.Contains(user.String(), from) || !strings.Contains(user.String(), LastFile) {
		t.Errorf("the user is told %q, want a line with %s", user, from)
	}
	finish(t, r)
	same(t, "after damage", outcomeOf(r), want)
}

func TestFolderIsLocked(t *testing.T) {
	c := small(t)
	r := newRun(t, c, Options{})
	_, err := Resume(r.Dir(), Options{Log: quiet})
	oneClearLine(t, err, r.Dir()+" is in use: process ", ", since 2")
	_, err = New(c, Options{Dir: r.Dir(), Overwrite: true, Log: quiet})
	oneClearLine(t, err, r.Dir()+" is in use: process ")
	finish(t, r) // nothing of it was removed
	again, err := Resume(r.Dir(), Options{Log: quiet})
	if err != nil {
		t.Fatalf("a run that is complete keeps its folder: %v", err)
	}
	again.Close()
	over := newRun(t, c, Options{Dir: r.Dir(), Overwrite: true})
	over.Close()

	// Whatever the lock file holds, it is only the lock that counts.
	write(t, filepath.Join(r.Dir(), LockFile), []byte("x"))
	newRun(t, c, Options{Dir: r.Dir(), Overwrite: true})
	write(t, filepath.Join(r.Dir(), LockFile), []byte("x"))
	_, err = Resume(r.Dir(), Options{Log: quiet})
	oneClearLine(t, err, r.Dir()+" is in use: another process trains in it")
}

// What a killed process has left half written goes away.
func TestResumeSweeps(t *testing.T) {
	dir := begun(t, small(t))
	half := filepath.Join(dir, ".0123456789abcdef.tmp")
	write(t, half, []byte("half"))
	r, err := Resume(dir, Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if _, err := os.Stat(half); err == nil {
		t.Error("a file that is half written is left")
	}
}

// What a killed process has left cannot be removed from a folder that is not to be
// written any more, which is what the user is told.
func TestResumeInReadOnlyFolder(t *testing.T) {
	dir := begun(t, small(t))
	write(t, filepath.Join(dir, ".0123456789abcdef.tmp"), []byte("half"))
	readOnly(t, dir)
	_, err := Resume(dir, Options{Log: quiet})
	oneClearLine(t, err, "cannot write: "+dir+": permission denied")
}

func TestKeepBest(t *testing.T) {
	c := small(t)
	c.Epochs, c.KeepBest = 5, 3
	r := newRun(t, c, Options{})
	finish(t, r)
	want := (&session{Run: r}).bestEpochs(3)
	slices.Sort(want)
	for i, path := range folder(r.Dir()).keptFiles() {
		a, err := weights.Load(path)
		if err != nil || a.Meta.Epoch != want[i] || filepath.Base(path) != keptFile(want[i]) {
			t.Errorf("%s: %v, want epoch %d", path, err, want[i])
		}
	}
	if n := len(folder(r.Dir()).keptFiles()); n != 3 {
		t.Errorf("%d checkpoints are kept, want 3", n)
	}
	// They go with the run.
	again := newRun(t, small(t), Options{Dir: r.Dir(), Overwrite: true})
	if left := folder(again.Dir()).keptFiles(); len(left) != 0 {
		t.Errorf("%q are left of the old run", left)
	}
}

// The best epochs of a GAN are the last ones, and those of equal worth the first.
func TestBestEpochs(t *testing.T) {
	for _, c := range []struct {
		task task
		want []int
	}{{&classifier{}, []int{2, 3, 1}}, {&adversary{}, []int{4, 3, 2}}} {
		s := &session{Run: &Run{task: c.task}}
		for _, top1 := range []float64{0.5, 0.7, 0.7, 0.1} {
			s.progress.History = append(s.progress.History, EpochResult{ValTop1: top1})
		}
		if got := s.bestEpochs(3); len(got) != 3 || got[0] != c.want[0] || got[1] != c.want[1] || got[2] != c.want[2] {
			t.Errorf("%T: %v, want %v", c.task, got, c.want)
		}
	}
}
