package train

import (
	"bytes"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// owed are the contents of files that could not be written, by their names. What
// they hold is from a step that has passed, so they are kept until they can be.
type owed map[string][]byte

// put writes an archive to a file of the run folder, or owes it.
func (s *session) put(file string, a *weights.Archive) error {
	delete(s.owed, file)
	err := a.Save(s.dir.path(file))
	if err != nil {
		var content bytes.Buffer
		if e := weights.Encode(&content, a); e != nil {
			return e
		}
		s.owed[file] = content.Bytes()
	}
	return err
}

// settle writes what is owed.
func (s *session) settle() error {
	for _, file := range slices.Sorted(maps.Keys(s.owed)) {
		err := atomicfile.WriteFile(s.dir.path(file), func(w io.Writer) error {
			_, err := w.Write(s.owed[file])
			return err
		})
		if err != nil {
			return err
		}
		delete(s.owed, file)
	}
	return nil
}

// writeEpoch writes the files of the run folder at the end of an epoch. last.ckpt
// comes last, so that a run that is killed before makes all of them again.
func (s *session) writeEpoch(best bool) error {
	var state, records failure
	if best {
		state.note(s.writeBest())
	}
	state.note(s.keepBest())
	records.note(s.task.artifacts(best))
	records.note(s.writeRecords())
	kind, _, _ := strings.Cut(s.config.Data, ":")
	records.note(writeCurves(s.dir.path(CurvesFile), s.model.Name()+" on "+kind, s.progress.History))
	state.note(s.save())
	if state.err == nil && s.Done() {
		return s.overlook(records.err)
	}
	state.note(records.err)
	return s.tolerate(state.err)
}

// failure is the first error of several, or the one that says that the run diverged.
type failure struct{ err error }

func (f *failure) note(err error) {
	if f.err == nil || diverged(err) {
		f.err = err
	}
}

// overlook warns of records that a run which is complete could not write: its weights
// are what it was for.
func (s *session) overlook(err error) error {
	if err == nil || diverged(err) {
		return err
	}
	s.log.Warn("the run is complete and its weights are written, but not all of its records", slog.String("error", err.Error()))
	return nil
}

func (s *session) writeBest() error {
	a, err := s.checkpoint()
	if err != nil {
		return s.diverged(err.Error(), s.steps())
	}
	err = s.put(BestFile, a)
	if e := s.put(WeightsFile, bestWeights(a)); err == nil {
		err = e
	}
	return err
}

// saveInTime writes last.ckpt if that has not been done for a while.
func (s *session) saveInTime() error {
	every := time.Duration(s.config.CheckpointMinutes * float64(time.Minute))
	if every <= 0 || time.Since(s.savedAt) < every {
		return nil
	}
	return s.tolerate(s.save())
}

// save writes last.ckpt, if all parameters are finite. What an epoch before it owes
// comes first: whoever goes on from the checkpoint makes that epoch no more.
func (s *session) save() error {
	a, err := s.checkpoint()
	if err != nil {
		return s.diverged(err.Error(), s.steps())
	}
	s.savedAt = time.Now() // or, if it fails, when it was tried
	if err := s.settle(); err != nil {
		return err
	}
	if err := s.writeLast(a); err != nil {
		return err
	}
	s.saved = s.steps()
	return nil
}

// writeLast writes last.ckpt and keeps what it was before.
func (r *Run) writeLast(a *weights.Archive) error {
	return atomicfile.WriteFileKeeping(r.dir.path(LastFile), r.dir.path(PreviousFile), func(w io.Writer) error {
		return weights.Encode(w, a)
	})
}

// tolerate is what becomes of an error of writing: a warning as long as there will
// be another time to write. The run is worth more than the file.
func (s *session) tolerate(err error) error {
	if err == nil || diverged(err) {
		return err
	}
	if s.Done() {
		return s.unsaved("the run is complete", err)
	}
	s.log.Warn("the run goes on, and tries again at the time of the next checkpoint",
		slog.String("error", err.Error()), slog.Int("epoch", s.progress.Epoch+1), slog.Int("saved_step", s.saved))
	return nil
}

// unsaved says what is left of a run whose end could not be written.
func (s *session) unsaved(what string, err error) error {
	if diverged(err) {
		return err
	}
	return errors.Errorf("%s, but: %v; %s has the state after step %d", what, err, s.dir.path(LastFile), s.saved)
}

func diverged(err error) bool {
	var d *DivergedError
	return errors.As(err, &d)
}
