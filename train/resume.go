package train

import (
	"io/fs"
	"log/slog"
	"os"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

// PreviousFile is what last.ckpt was before it was written last, and DamagedFile a
// last.ckpt that could not be read when the run was resumed.
const (
	PreviousFile = "previous.ckpt"
	DamagedFile  = "damaged.ckpt"
)

// found is a checkpoint to go on from.
type found struct {
	*weights.Archive
	path string
	// instead is why it is not last.ckpt, nil if it is.
	instead error
}

// newest returns last.ckpt or, if that cannot be read, the newest checkpoint of the
// folder that can.
func (f folder) newest() (*found, error) {
	last := f.path(LastFile)
	a, err := weights.Load(last)
	if err == nil {
		return &found{a, last, nil}, nil
	}
	var n *found
	for _, path := range append([]string{f.path(PreviousFile), f.path(BestFile)}, f.keptFiles()...) {
		a, e := weights.Load(path)
		if e != nil {
			continue
		}
		if _, ok := a.Get(runSection, stateName); ok && (n == nil || a.Meta.Step > n.Meta.Step) {
			n = &found{a, path, err}
		}
	}
	if n == nil {
		return nil, errors.Errorf("cannot resume: %v; there is no other checkpoint that can be read", err)
	}
	return n, nil
}

// Resume prepares a run to go on where its last.ckpt was written. If that cannot be
// read, it goes on from the newest other checkpoint of the folder, with a warning,
// and comes to the same results. Options.Dir and Options.Overwrite do not count. The
// run must be closed.
func Resume(dir string, o Options) (*Run, error) {
	o.Dir = dir
	c, err := folder(dir).readConfig()
	if err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, err
	}
	h, err := folder(dir).hold()
	if err != nil {
		return nil, err
	}
	r, err := resume(c, o)
	if err != nil {
		h.release()
		return nil, err
	}
	r.own(h)
	return r, nil
}

// resume is Resume in a folder that is locked.
func resume(c Config, o Options) (*Run, error) {
	n, err := folder(o.Dir).newest()
	if err != nil {
		return nil, err
	}
	r, err := prepare(c, o, n.Archive)
	if err != nil {
		return nil, err
	}
	if err := r.goOn(n); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// goOn brings a run to where a checkpoint was made.
func (r *Run) goOn(n *found) error {
	r.warnOfChanges(n.Meta.Recipe)
	if err := r.restore(n.Archive); err != nil {
		return errors.Wrap(err, n.path)
	}
	if err := r.attachLog(); err != nil {
		return err
	}
	r.log.Info("resume", append(r.describe(), slog.Int("epoch", r.progress.Epoch+1), slog.Int("step", r.progress.Step))...)
	if err := r.putAside(n); err != nil {
		return err
	}
	n.Tensors = nil // no longer needed
	if err := r.catchUp(); err != nil {
		r.log.Warn("the records of the epochs so far cannot be written", slog.String("error", err.Error()))
	}
	return r.openBoard()
}

// putAside warns of a last.ckpt that could not be read and moves it out of the way:
// it would take the place of a good one when the next is written.
func (r *Run) putAside(n *found) error {
	if n.instead == nil {
		return nil
	}
	r.log.Warn("the last checkpoint cannot be read: the run goes on from an older one, and makes again what came after it",
		slog.String("error", n.instead.Error()), slog.String("from", n.path),
		slog.Int("epoch", r.progress.Epoch+1), slog.Int("step", r.progress.Step))
	err := os.Rename(r.dir.path(LastFile), r.dir.path(DamagedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Wrap(err, "putting the damaged checkpoint aside")
}

// own makes the run the one that holds its folder.
func (r *Run) own(h *hold) {
	r.hold = h
	if h.doubt != nil {
		r.log.Warn("the run folder cannot be locked: see to it that no other run writes to it", slog.String("error", h.doubt.Error()))
	}
}
