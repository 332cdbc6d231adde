package train

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

// at does something at a batch of a run.
type at struct {
	epoch, batch int
	do           func()
}

// atBatches is a Reporter that does things at batches.
type atBatches []at

func (list atBatches) Progress(p Progress) {
	for _, a := range list {
		if !p.Evaluating && p.Epoch == a.epoch && p.Batch == a.batch {
			a.do()
		}
	}
}
func (atBatches) Epoch(EpochResult) {}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Error(err)
	}
}

// readOnly takes the permission to write to a folder away, until the test ends.
func readOnly(t *testing.T, dir string) {
	t.Helper()
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(dir, 0o755) })
	probe := filepath.Join(dir, "probe")
	if os.WriteFile(probe, nil, 0o644) == nil {
		os.Remove(probe)
		t.Skip("this user may write everywhere")
	}
}

// A run that loses the permission goes on, and what its folder holds stays as it is.
func TestPermissionIsLost(t *testing.T) {
	c := small(t)
	c.CheckpointMinutes = 1e-9
	log, user := told()
	dir := filepath.Join(t.TempDir(), "run")
	r := newRun(t, c, Options{Dir: dir, Log: log, Report: atBatches{
		{2, 4, func() { readOnly(t, dir) }},
		{3, 3, func() { os.Chmod(dir, 0o755) }},
	}})
	finish(t, r)
	whole := newRun(t, c, Options{})
	finish(t, whole)
	same(t, "after a while without the permission", outcomeOf(r), outcomeOf(whole))
	sameFolder(t, dir, whole.Dir())
	if !strings.Contains(user.String(), "the run goes on") || !strings.Contains(user.String(), "cannot write "+filepath.Join(dir, LastFile)+": permission denied") {
		t.Errorf("the user is told %q", user)
	}
}

// A folder that cannot be written for a while costs nothing but warnings. That root
// may write everywhere, so the folder is taken away.
func TestSavingFailsForAWhile(t *testing.T) {
	for name, text := range map[string]string{"classifier": "", "lstm": others["lstm"], "gan": others["gan"]} {
		t.Run(name, func(t *testing.T) {
			c := small(t)
			if text != "" {
				c = tiny(t, text)
			}
			c.CheckpointMinutes, c.KeepBest = 1e-9, 2
			whole := newRun(t, c, Options{})
			finish(t, whole)

			log, user := told()
			dir := filepath.Join(t.TempDir(), "run")
			r := newRun(t, c, Options{Dir: dir, Log: log, Report: atBatches{
				{1, 3, func() { rename(t, dir, dir+".away") }}, // the end of epoch 1 too
				{2, 3, func() { rename(t, dir+".away", dir) }},
			}})
			finish(t, r)
			said := user.String()
			if n := strings.Count(said, "the run goes on"); n < 4 || !strings.Contains(said, "there is no folder "+dir) || !strings.Contains(said, "saved_step=2") {
				t.Errorf("%d warnings:\n%s", n, said)
			}
			got, want := outcomeOf(r), outcomeOf(whole)
			got.samples, want.samples = nil, nil
			same(t, "but for the samples", got, want)
			for _, file := range []string{LastFile, BestFile, WeightsFile} {
				sameArchive(t, filepath.Join(dir, file), filepath.Join(whole.Dir(), file))
			}
			if g, w := len(folder(dir).keptFiles()), len(folder(whole.Dir()).keptFiles()); g != w {
				t.Errorf("%d epochs are kept, want %d", g, w)
			}
		})
	}
}

// If it can never be written again, the run says at its end what there is.
func TestSavingFailsToTheEnd(t *testing.T) {
	c := small(t)
	c.CheckpointMinutes = 1e-9
	whole := newRun(t, c, Options{})
	finish(t, whole)
	for name, interrupt := range map[string]bool{"complete": false, "interrupted": true} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			dir := filepath.Join(t.TempDir(), "run")
			r := newRun(t, c, Options{Dir: dir, Report: atBatches{
				{2, 4, func() { rename(t, dir, dir+".away") }},
				{3, 2, func() {
					if interrupt {
						cancel()
					}
				}},
			}})
			err := r.Train(ctx)
			oneClearLine(t, err, name+", but: cannot write ", filepath.Join(dir, LastFile)+" has the state after step 9")
			if errors.Is(err, ErrInterrupted) {
				t.Error("a run that is not saved is no good interruption")
			}
			r.Close()
			rename(t, dir+".away", dir)
			again, err := Resume(dir, Options{Log: quiet})
			if err != nil || again.steps() != 9 {
				t.Fatal(err)
			}
			defer again.Close()
			finish(t, again)
			same(t, "from the last good state", outcomeOf(again), outcomeOf(whole))
		})
	}
}

// TestRecordsThatCannotBeWritten leaves no place for the curves. A run that is complete
// has its weights, and ends well; before that, they are tried again.
func TestRecordsThatCannotBeWritten(t *testing.T) {
	c := small(t)
	last := c.Epochs
	for _, epoch := range []int{1, last} {
		log, user := told()
		dir := filepath.Join(t.TempDir(), "run")
		curves := filepath.Join(dir, CurvesFile)
		r := newRun(t, c, Options{Dir: dir, Log: log, Report: atBatches{
			{epoch, 1, func() {
				os.Remove(curves)
				if err := os.MkdirAll(filepath.Join(curves, "full"), 0o777); err != nil {
					t.Error(err)
				}
			}},
			{epoch + 1, 1, func() { os.RemoveAll(curves) }},
		}})
		finish(t, r)
		want := map[bool]string{true: "the run is complete and its weights are written, but not all of its records", false: "tries again"}[epoch == last]
		if !strings.Contains(user.String(), want) || !strings.Contains(user.String(), CurvesFile) {
			t.Errorf("epoch %d: the user is told %q, want %q", epoch, user, want)
		}
		if info, err := os.Stat(curves); err != nil || info.IsDir() != (epoch == last) {
			t.Errorf("epoch %d: the curves: %v, %v", epoch, info, err)
		}
		if a, err := weights.Load(filepath.Join(dir, LastFile)); err != nil || a.Meta.Epoch != last {
			t.Errorf("epoch %d: the last checkpoint: %v", epoch, err)
		}
	}
}
