package train

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
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
		best := r.Best()
		r.log.Info("done", slog.Int("best_epoch", best.Epoch), slog.Float64("val_top1", best.ValTop1))
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
				return err
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
	now     Progress
}

func newSession(r *Run) *session {
	left := r.config.Epochs - r.progress.Epoch
	perEpoch := r.stepsPerEpoch * r.config.BatchSize
	return &session{
		Run: r, saved: r.steps(), savedAt: time.Now(),
		now: Progress{
			Epochs: r.config.Epochs,
			Total:  left*(perEpoch+r.eval.total) - r.progress.Step*r.config.BatchSize,
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
	begin := time.Now()
	m, err := s.evaluate(ctx)
	if err != nil {
		return err
	}
	return s.complete(m, time.Since(begin))
}

// trainEpoch makes the steps that are left of the epoch.
func (s *session) trainEpoch(ctx context.Context) error {
	p := &s.progress
	s.now.Epoch, s.now.Evaluating = p.Epoch+1, false
	s.now.Batches = s.stepsPerEpoch
	if p.Step == s.stepsPerEpoch {
		return nil
	}
	if epoch, batch := s.loader.Position(); epoch != p.Epoch || batch != p.Step {
		if err := s.loader.Seek(p.Epoch, p.Step); err != nil {
			return err
		}
	}
	for p.Step < s.stepsPerEpoch {
		begin := time.Now()
		b, err := s.loader.Next(ctx)
		if err != nil {
			return err
		}
		err = s.step(b)
		b.Release()
		if err != nil {
			return err
		}
		p.Seconds += time.Since(begin).Seconds()
		if err := s.saveInTime(); err != nil {
			return err
		}
	}
	if _, err := s.loader.Next(ctx); err != io.EOF { // the end of the epoch: the loader goes on to the next
		return err
	}
	return nil
}

// step trains on one batch.
func (s *session) step(b *dataset.Batch) error {
	p := &s.progress
	step := s.steps()
	copy(s.labels, b.Labels)
	if err := s.program.Let("x", b.Images); err != nil {
		return err
	}
	s.program.Seek(uint64(step))
	if err := s.program.Run(); err != nil {
		return err
	}
	loss := float64(s.program.Loss())
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return s.diverged(fmt.Sprintf("the loss is %v", loss), step+1)
	}
	lr := s.schedule.LR(step)
	s.solver.SetLR(lr)
	if m, ok := s.schedule.(MomentumSchedule); ok {
		s.solver.SetMomentum(m.Momentum(step))
	}
	if err := s.program.Update(s.solver); err != nil {
		return err
	}
	if err := s.count(loss, b.Labels); err != nil {
		return err
	}
	p.Step++
	s.now.Batch, s.now.Loss, s.now.LR = p.Step, loss, lr
	s.now.Done += len(b.Labels)
	s.report()
	return nil
}

// count adds a batch to what is measured while training.
func (s *session) count(loss float64, labels []int) error {
	logits, err := s.program.Output("logits")
	if err != nil {
		return err
	}
	p := &s.progress
	p.LossSum += loss * float64(len(labels))
	p.Images += len(labels)
	classes := s.model.Classes()
	for i, label := range labels {
		if rank(logits.Float32s()[i*classes:(i+1)*classes], label).above > 0 {
			p.Wrong++
		}
	}
	return nil
}

// diverged is the error for a step, counted from 1.
func (s *session) diverged(what string, step int) error {
	return &DivergedError{
		What: what, Step: step, Epoch: (step-1)/s.stepsPerEpoch + 1,
		Saved: s.saved, Checkpoint: s.dir.path(LastFile),
	}
}

func (s *session) evaluate(ctx context.Context) (*Metrics, error) {
	s.now.Evaluating, s.now.Loss = true, 0
	base := s.now.Done
	m, err := s.eval.run(ctx, func(done, total int) {
		s.now.Batch, s.now.Batches, s.now.Done = done, total, base+done
		s.report()
	})
	return m, errors.Wrap(err, "validation")
}

// complete ends an epoch with what was measured.
func (s *session) complete(m *Metrics, evaluation time.Duration) error {
	p := &s.progress
	result := EpochResult{
		Epoch: p.Epoch + 1, Epochs: s.config.Epochs, Step: s.steps(),
		LR:        s.schedule.LR(s.steps() - 1),
		TrainLoss: p.LossSum / float64(p.Images),
		TrainTop1: part(p.Images-p.Wrong, p.Images),
		ValTop1:   m.Top1(), ValTop5: m.Top5(), ValLoss: m.Loss(), ValImages: m.N,
		Seconds:         p.Seconds + evaluation.Seconds(),
		ImagesPerSecond: float64(p.Images) / p.Seconds,
	}
	if m.NaN > 0 {
		s.log.Warn("logits that are not numbers", slog.Int("images", m.NaN), slog.Int("of", m.N))
	}
	best := p.Best < 0 || result.ValTop1 > p.History[p.Best].ValTop1
	next := progress{
		Epoch: p.Epoch + 1, Best: p.Best, History: append(slices.Clone(p.History), result),
		TrainImages: p.TrainImages, ValImages: p.ValImages,
	}
	if best {
		next.Best = p.Epoch
	}
	*p = next
	s.log.Info("epoch", slog.Int("epoch", result.Epoch), slog.Float64("train_loss", result.TrainLoss), slog.Float64("train_top1", result.TrainTop1),
		slog.Float64("val_loss", result.ValLoss), slog.Float64("val_top1", result.ValTop1), slog.Float64("val_top5", result.ValTop5),
		slog.Float64("seconds", result.Seconds))
	if err := s.writeEpoch(m, best); err != nil {
		return err
	}
	if s.options.Report != nil {
		s.options.Report.Epoch(result)
	}
	return nil
}

// writeEpoch writes the files of the run folder at the end of an epoch.
func (s *session) writeEpoch(m *Metrics, best bool) error {
	if best {
		if err := s.writeBest(m); err != nil {
			return err
		}
	}
	if err := s.save(); err != nil {
		return err
	}
	if err := s.dir.writeMetrics(s.progress.History); err != nil {
		return err
	}
	return writeCurves(s.dir.path(CurvesFile), s.model.Name()+" on "+s.data.Kind, s.progress.History)
}

func (s *session) writeBest(m *Metrics) error {
	a, err := s.checkpoint()
	if err != nil {
		return s.diverged(err.Error(), s.steps())
	}
	if err := a.Save(s.dir.path(BestFile)); err != nil {
		return err
	}
	if err := weightsOnly(a).Save(s.dir.path(WeightsFile)); err != nil {
		return err
	}
	return writeConfusion(s.dir.path(ConfusionFile), s.data.Val.Classes(), m.Confusion)
}

// saveInTime writes last.ckpt if that has not been done for a while.
func (s *session) saveInTime() error {
	every := time.Duration(s.config.CheckpointMinutes * float64(time.Minute))
	if every <= 0 || time.Since(s.savedAt) < every {
		return nil
	}
	return s.save()
}

// save writes last.ckpt, if all parameters are finite.
func (s *session) save() error {
	a, err := s.checkpoint()
	if err != nil {
		return s.diverged(err.Error(), s.steps())
	}
	if err := a.Save(s.dir.path(LastFile)); err != nil {
		return err
	}
	s.saved, s.savedAt = s.steps(), time.Now()
	return nil
}
