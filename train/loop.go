package train

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// ErrInterrupted is the error of Train when its context is done. The run has been
// saved and can be resumed.
var ErrInterrupted = errors.New("interrupted")

// DivergedError is the error of Train when the loss is no longer a finite
// number, or the parameters are not. The checkpoints are those from before.
type DivergedError struct {
	What  string // what is not finite: "the loss is NaN"
	Step  int    // of the run, counted from 1
	Epoch int    // counted from 1
	// Saved is the number of steps after which Checkpoint, the run's last.ckpt, was
	// written.
	Saved      int
	Checkpoint string
}

func (e *DivergedError) Error() string {
	return fmt.Sprintf("%s at step %d (epoch %d): training stops; %s has the state after step %d; a lower learning rate or a warm-up may help",
		e.What, e.Step, e.Epoch, e.Checkpoint, e.Saved)
}

// Train trains until all epochs are completed, or goes on until then.
//
// When ctx is done, it finishes the step that it is in, writes last.ckpt and
// returns ErrInterrupted. A loss or a parameter that is not finite ends it with a
// *DivergedError, and leaves the checkpoints from before.
func (r *Run) Train(ctx context.Context) error {
	err := r.train(ctx)
	switch {
	case err == nil:
		r.log.Info("done", slog.Int("best_epoch", r.Best().Epoch))
		r.hold.release()
	case errors.Is(err, ErrInterrupted):
		r.log.Info("interrupted", slog.Int("epoch", r.progress.Epoch+1), slog.Int("step", r.progress.Step))
	default:
		r.log.Error(err.Error())
	}
	return err
}

func (r *Run) train(ctx context.Context) error {
	s := newSession(r)
	for !r.Done() {
		err := s.epoch(ctx)
		if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			if err := s.save(); err != nil {
				return s.unsaved("interrupted", err)
			}
			return ErrInterrupted
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// session is one call of Train: what it keeps to tell how the run goes on.
type session struct {
	*Run
	saved   int       // the step of the last checkpoint
	savedAt time.Time // when it was written
	owed    owed

	statistics statistics // before a step that may be skipped
	now        Progress
}

func newSession(r *Run) *session {
	left := r.config.Epochs - r.progress.Epoch
	perEpoch := r.stepsPerEpoch * r.task.perStep()
	return &session{
		Run: r, saved: r.steps(), savedAt: time.Now(), owed: make(owed),
		now: Progress{
			Epochs: r.config.Epochs, Unit: r.Unit(),
			Total: left*(perEpoch+r.task.toEvaluate()) - r.progress.Step*r.task.perStep(),
		},
	}
}

func (s *session) report() {
	if s.options.Report != nil {
		s.options.Report.Progress(s.now)
	}
}

// epoch completes the epoch that the run is in: the steps that are left of it,
// and the evaluation.
func (s *session) epoch(ctx context.Context) error {
	if err := s.trainEpoch(ctx); err != nil {
		return err
	}
	return s.complete(ctx)
}

// trainEpoch makes the steps that are left of the epoch.
func (s *session) trainEpoch(ctx context.Context) error {
	p := &s.progress
	s.now.Epoch, s.now.Evaluating = p.Epoch+1, false
	s.now.Batches = s.stepsPerEpoch
	if p.Step == s.stepsPerEpoch {
		return nil
	}
	if err := s.task.seek(p.Epoch, p.Step); err != nil {
		return err
	}
	for p.Step < s.stepsPerEpoch {
		begin := time.Now()
		if err := s.step(ctx); err != nil {
			return err
		}
		p.Seconds += time.Since(begin).Seconds()
		s.now.DataShare = p.dataShare()
		if err := s.saveInTime(); err != nil {
			return err
		}
	}
	return s.task.finish(ctx)
}

// step trains on one batch.
func (s *session) step(ctx context.Context) error {
	p := &s.progress
	lr := s.steer()
	loss := s.now.Loss // of the step before, as long as there is no other
	skipped, err := s.attempt(func() (err error) {
		loss, err = s.batches(ctx, s.check)
		return err
	})
	if err != nil {
		return err
	}
	if !skipped {
		s.follow(s.steps())
	}
	p.Step++
	if skipped {
		if err := s.resync(); err != nil {
			return err
		}
	}
	if err := s.checkCorrupt(); err != nil {
		return err
	}
	s.now.Batch, s.now.Loss, s.now.LR = p.Step, loss, lr
	s.now.Done += s.task.perStep()
	s.now.Step, s.now.Skipped = s.steps(), s.task.skipped()
	s.board.step(s.now)
	s.report()
	return nil
}

// check reports a number of the next step that is not finite.
func (s *session) check(what string, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return s.diverged(fmt.Sprintf("%s is %v", what, v), s.steps()+1)
	}
	return nil
}

// steer gives the solver what the schedule wants for the next step, and returns
// the learning rate.
func (s *session) steer() float64 {
	step := s.steps()
	rates := s.rates()
	lr := rates.LR(step)
	s.solver.SetLR(lr)
	if m, ok := rates.(MomentumSchedule); ok {
		s.solver.SetMomentum(m.Momentum(step))
	}
	return lr
}

// diverged is the error for a step, counted from 1.
func (s *session) diverged(what string, step int) error {
	return &DivergedError{
		What: what, Step: step, Epoch: (step-1)/s.stepsPerEpoch + 1,
		Saved: s.saved, Checkpoint: s.dir.path(LastFile),
	}
}

// complete ends an epoch with an evaluation.
func (s *session) complete(ctx context.Context) error {
	p := &s.progress
	begin := time.Now()
	result := EpochResult{
		Task: s.model.Task(), Epoch: p.Epoch + 1, Epochs: s.config.Epochs, Step: s.steps(),
		LR: s.rates().LR(s.steps() - 1),
	}
	result.trained(&p.tally)
	if err := s.evaluate(ctx, &result); err != nil {
		return err
	}
	if v := result.ValLoss; result.Task == zoo.Language && (math.IsNaN(v) || math.IsInf(v, 0)) {
		return s.diverged(fmt.Sprintf("the loss on the validation text is %v", v), s.steps())
	}
	result.EvalSeconds = time.Since(begin).Seconds()
	result.Seconds = p.Seconds + result.EvalSeconds
	best := p.Best < 0 || s.task.better(result, p.History[p.Best])
	next := progress{
		Epoch: p.Epoch + 1, Best: p.Best, History: append(slices.Clone(p.History), result),
		TrainItems: p.TrainItems, ValItems: p.ValItems,
	}
	if best {
		next.Best = p.Epoch
	}
	*p = next
	s.log.Info("epoch", result.attrs()...)
	if err := s.writeEpoch(best); err != nil {
		return err
	}
	if s.options.Report != nil {
		s.options.Report.Epoch(result)
	}
	return nil
}

func (s *session) evaluate(ctx context.Context, r *EpochResult) error {
	s.now.Evaluating, s.now.Loss = true, 0
	base := s.now.Done
	err := s.task.evaluate(ctx, r, func(done, total int) {
		s.now.Batch, s.now.Batches, s.now.Done = done, total, base+done
		s.report()
	})
	return errors.Wrap(err, "validation")
}
