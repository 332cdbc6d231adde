package train

import (
	"context"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// task is the part of a run that depends on what the model is for. Its methods
// are called in the order in which they stand here.
type task interface {
	// open opens the data set and makes the model for it; settings that were left
	// open are completed.
	open() error
	// describe adds to what weights files say of the model.
	describe(*weights.Meta)
	// compile makes the programs for the run's parameters.
	compile() error
	// makeSolver makes what moves the parameters.
	makeSolver() (Solver, error)

	// sizes are those of the data set: images, or tokens.
	sizes() (train, val int)
	// epochSteps is the number of steps of an epoch, perStep the images or tokens of
	// a step, and toEvaluate those of an evaluation.
	epochSteps() int
	perStep() int
	toEvaluate() int
	// skipped counts the training images that could not be decoded.
	skipped() int

	// restoreState takes what state gave to a checkpoint; without, training begins anew.
	restoreState(*weights.Archive) error
	state() []weights.Tensor

	// seek makes a step of an epoch the next one, and step trains on a batch of it: it
	// computes loss and gradients, asks check whether they will do, and has the run move
	// the parameters. What is measured goes to the tally.
	seek(epoch, step int) error
	step(ctx context.Context, t *tally, check check) (loss float64, err error)
	// finish ends an epoch of steps.
	finish(ctx context.Context) error

	// evaluate measures on the validation split and completes the result of the
	// epoch; better reports whether one result is better than another. artifacts
	// writes to the run folder what an epoch has to show.
	evaluate(ctx context.Context, r *EpochResult, done func(done, total int)) error
	better(a, b EpochResult) bool
	artifacts(best bool) error
	// exhibits are what the epoch has to show, and network is the graph of a step.
	exhibits() ([]exhibit, error)
	network() *graph.Graph
	// illustrate adds to the report what is special about the task.
	illustrate(*page) error
	// programs are all that the run has, and feeds adds to an estimate of memory what
	// they are fed from.
	programs() []*graph.Program
	feeds(*Memory)

	close()
}

// tally sums up the steps of an epoch.
type tally struct {
	LossSum float64 `json:"loss_sum"` // times the items of a step; of a GAN, the generator's
	Items   int     `json:"images"`   // images or tokens
	Wrong   int     `json:"wrong"`
	Seconds float64 `json:"seconds"`
	// SkippedImages could not be decoded, and SkippedSteps were not finite.
	SkippedImages int     `json:"skipped_images,omitempty"`
	SkippedSteps  int     `json:"skipped_steps,omitempty"`
	Wait          float64 `json:"wait,omitempty"` // the part of Seconds that steps waited for data

	// Of a GAN, times the images of a step: the loss of the discriminator, and what
	// it thinks of real and of generated images.
	DLossSum float64 `json:"d_loss_sum,omitempty"`
	DRealSum float64 `json:"d_real_sum,omitempty"`
	DFakeSum float64 `json:"d_fake_sum,omitempty"`
}

// waited adds the time since a step began to wait for its data.
func (t *tally) waited(since time.Time) { t.Wait += time.Since(since).Seconds() }

// dataShare is the part of the time of the steps in which they waited for data.
func (t *tally) dataShare() float64 {
	if t.Seconds <= 0 {
		return 0
	}
	return min(t.Wait/t.Seconds, 1)
}

// addScore adds a step of a GAN with n real images.
func (t *tally) addScore(s Score, n int) {
	t.LossSum += s.GeneratorLoss * float64(n)
	t.DLossSum += s.DiscriminatorLoss * float64(n)
	t.DRealSum += s.Real * float64(n)
	t.DFakeSum += s.Fake * float64(n)
	t.Items += n
}

// newTask returns the task for the model of the run.
func newTask(r *Run) (task, error) {
	t, err := taskOf(r.config.Model)
	if err != nil {
		return nil, err
	}
	switch t {
	case zoo.Classification:
		return &classifier{Run: r}, nil
	case zoo.Language:
		return &writer{Run: r}, nil
	case zoo.Generation:
		return &adversary{Run: r}, nil
	}
	return nil, errors.Errorf("%s: a model for %s cannot be trained", r.config.Model, t)
}

// taskOf returns what the registered model of that name is for.
func taskOf(model string) (zoo.Task, error) {
	m, err := zoo.New(model)
	if err != nil {
		return "", err
	}
	return m.Task(), nil
}
