package train

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/internal/contactsheet"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// adversary trains a generator and its discriminator in turn, as Radford et al.
// 2015 do: in each step the discriminator on a batch of real images and one of
// generated ones, then the generator, on the same noise, against what the
// discriminator has become.
//
// Gorgonia differentiates a graph once, so there is one for each side, and a third
// that makes the images for the discriminator.
type adversary struct {
	*Run
	data   *dataset.Data
	loader *dataset.Loader

	images, discriminator, generator *graph.Program
	z, targets                       []float32
	real                             [][]float32 // the discriminator's gradients of the real images
	sides                            *sides
	gallery                          *gallery
}

func (t *adversary) open() (err error) {
	c := &t.config
	if t.data, err = dataset.Open(c.Data, dataset.Options{Seed: c.Seed, TrainLen: c.TrainLen, ValLen: c.ValLen, Log: t.log}); err != nil {
		return err
	}
	if t.model, err = c.adversaries(t.data); err != nil {
		return err
	}
	ch, h, w := t.model.Picture()
	c.Augment = c.Augment.resolve(t.data, ch, h, w)
	return c.setArchitecture(t.model, "channels")
}

// adversaries returns the model that the settings name, for the channels of the
// data set.
func (c *Config) adversaries(d *dataset.Data) (*zoo.Model, error) {
	channels, _, _ := d.Train.Shape()
	ofData := func(a zoo.Architecture) error {
		if g, ok := a.(*zoo.GAN); ok && channels > 0 {
			g.Channels = channels
		}
		return nil
	}
	return zoo.New(c.Model, ofData, WithArchitecture(c.Architecture))
}

func (t *adversary) describe(m *weights.Meta) {
	ch, h, w := t.model.Picture()
	n := centred(ch)
	m.Input = weights.Input{Channels: ch, Height: h, Width: w, Mean: n.Mean, Std: n.Std}
}

// centred is the normalisation of pixels to [-1, 1], the range of the generator.
func centred(channels int) dataset.Normalization {
	return dataset.Normalization{Mean: []float32{0.5}, Std: []float32{0.5}}.For(channels)
}

func (t *adversary) compile() error {
	if _, err := t.model.Graph(t.params, graph.Eval, 1); err != nil { // parameters in their order
		return err
	}
	for _, make := range []func() error{t.makeLoader, t.makePrograms, t.bind} {
		if err := make(); err != nil {
			return err
		}
	}
	var err error
	t.gallery, err = newGallery(t.model, t.params, t.config.Seed)
	return err
}

func (t *adversary) makeLoader() (err error) {
	ch, h, w := t.model.Picture()
	p := t.config.Augment.pipeline(t.data, ch, h, w)
	p.Normalize = centred(ch)
	t.loader, err = dataset.NewLoader(t.data.Train, dataset.Config{
		BatchSize: t.config.BatchSize, Shuffle: true, DropLast: true,
		Pipeline: p, Seed: t.config.Seed, Workers: t.options.Workers, Log: t.log,
	})
	return errors.Wrap(err, "training images")
}

func (t *adversary) makePrograms() error {
	n := t.config.BatchSize
	for _, p := range []struct {
		program **graph.Program
		graph   func() (*graph.Graph, error)
	}{
		{&t.images, func() (*graph.Graph, error) {
			return t.model.ImageGraph(t.params, graph.Train, n, graph.WithFixedStatistics())
		}},
		{&t.discriminator, func() (*graph.Graph, error) { return t.model.DiscriminatorGraph(t.params, n) }},
		{&t.generator, func() (*graph.Graph, error) { return t.model.GeneratorGraph(t.params, n) }},
	} {
		g, err := p.graph()
		if err != nil {
			return err
		}
		if *p.program, err = graph.NewProgram(g); err != nil {
			return err
		}
	}
	return nil
}

// bind gives the inputs their tensors, and the gradients of the real images their
// memory.
func (t *adversary) bind() error {
	n, latent := t.config.BatchSize, t.model.InputShape()[0]
	t.z, t.targets = make([]float32, n*latent), make([]float32, n)
	z := tensor.New(tensor.WithShape(n, latent), tensor.WithBacking(t.z))
	y := tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(t.targets))
	for _, g := range t.discriminator.Graph().Trainable() {
		t.real = append(t.real, make([]float32, g.Shape().TotalSize()))
	}
	for _, err := range []error{
		t.images.Let("z", z), t.generator.Let("z", z), t.generator.Let("y", y), t.discriminator.Let("y", y),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (t *adversary) makeSolver() (Solver, error) {
	s, err := newSides(&t.config.Optimizer, t.params)
	t.sides = s
	return s, err
}

func (t *adversary) sizes() (train, val int) { return t.data.Train.Len(), t.data.Val.Len() }
func (t *adversary) epochSteps() int         { return t.loader.Batches() }
func (t *adversary) perStep() int            { return t.config.BatchSize }
func (t *adversary) toEvaluate() int         { return 0 }

// Nothing but the parameters is carried on.
func (t *adversary) state() []weights.Tensor        { return nil }
func (t *adversary) restore(*weights.Archive) error { return nil }

func (t *adversary) seek(epoch, step int) error {
	if e, s := t.loader.Position(); e == epoch && s == step {
		return nil
	}
	return t.loader.Seek(epoch, step)
}

func (t *adversary) step(ctx context.Context, sums *tally, check check) (loss float64, err error) {
	b, err := t.loader.Next(ctx)
	if err != nil {
		return 0, err
	}
	defer b.Release()
	kernel.FillNormal(t.z, 0, 1, rng.New(t.config.Seed, "noise", uint64(t.steps())))
	if err := t.judge(b.Images, sums, check); err != nil {
		return 0, err
	}
	if loss, err = t.deceive(check); err != nil {
		return 0, err
	}
	sums.LossSum += loss * float64(len(b.Labels))
	sums.Items += len(b.Labels)
	return loss, nil
}

// judge makes the step of the discriminator.
func (t *adversary) judge(images tensor.Tensor, sums *tally, check check) error {
	n := float64(t.config.BatchSize)
	loss, opinion, err := t.look(images, 1)
	if err != nil {
		return err
	}
	sums.DLossSum += n * loss
	sums.DRealSum += n * opinion
	grads := t.discriminator.Grads()
	for i, p := range grads {
		g, err := gradOf(i, p)
		if err != nil {
			return err
		}
		copy(t.real[i], g)
	}
	if err := t.images.Run(); err != nil {
		return err
	}
	fake, err := t.images.Output("images")
	if err != nil {
		return err
	}
	fakeLoss, opinion, err := t.look(fake, 0)
	if err != nil {
		return err
	}
	sums.DLossSum += n * fakeLoss
	sums.DFakeSum += n * opinion
	for i, p := range grads {
		g, err := gradOf(i, p)
		if err != nil {
			return err
		}
		kernel.Add(g, g, t.real[i])
	}
	if err := check("the loss of the discriminator", loss+fakeLoss); err != nil {
		return err
	}
	if err := t.config.clipped(grads, check); err != nil {
		return err
	}
	return t.discriminator.Update(t.sides.discriminator)
}

// look runs the discriminator on images that are to be taken for real, target 1, or
// not, 0. It returns the loss, and what the discriminator takes on average for the
// probability of being real.
func (t *adversary) look(images tensor.Tensor, target float32) (loss, opinion float64, err error) {
	kernel.Fill(t.targets, target)
	if err := t.discriminator.Let("x", images); err != nil {
		return 0, 0, err
	}
	if err := t.discriminator.Run(); err != nil {
		return 0, 0, err
	}
	logits, err := t.discriminator.Output("logits")
	if err != nil {
		return 0, 0, err
	}
	for _, v := range logits.Float32s() {
		opinion += 1 / (1 + math.Exp(-float64(v)))
	}
	return float64(t.discriminator.Loss()), opinion / float64(len(logits.Float32s())), nil
}

// deceive makes the step of the generator.
func (t *adversary) deceive(check check) (loss float64, err error) {
	kernel.Fill(t.targets, 1)
	if err := t.generator.Run(); err != nil {
		return 0, err
	}
	loss = float64(t.generator.Loss())
	if err := check("the loss of the generator", loss); err != nil {
		return 0, err
	}
	if err := t.config.clipped(t.generator.Grads(), check); err != nil {
		return 0, err
	}
	return loss, t.generator.Update(t.sides.generator)
}

// finish takes the end of the epoch from the loader, which goes on to the next.
func (t *adversary) finish(ctx context.Context) error {
	if _, err := t.loader.Next(ctx); err != io.EOF {
		return err
	}
	return nil
}

// There is nothing to evaluate, and the last is the best.
func (t *adversary) evaluate(context.Context, *EpochResult, func(done, total int)) error { return nil }
func (t *adversary) better(EpochResult, EpochResult) bool                                { return true }

// artifacts writes a grid of images that the generator makes of the same noise in
// every epoch.
func (t *adversary) artifacts(bool) error {
	dir := t.dir.path(SamplesDir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return plain(dir, err)
	}
	return t.gallery.write(filepath.Join(dir, fmt.Sprintf("epoch-%03d.png", len(t.progress.History))))
}

func (t *adversary) close() {
	if t.loader != nil {
		t.loader.Close()
	}
	for _, p := range []*graph.Program{t.images, t.discriminator, t.generator} {
		if p != nil {
			p.Close()
		}
	}
	if t.gallery != nil {
		t.gallery.program.Close()
	}
}

// sides are the solvers of the two networks, to a checkpoint one solver.
type sides struct {
	generator, discriminator Solver
}

const generatorPrefix = "generator."

func newSides(o *OptimizerConfig, p *graph.Params) (*sides, error) {
	g, err := o.Solver(p)
	if err != nil {
		return nil, err
	}
	d, err := o.Solver(p)
	return &sides{g, d}, err
}

// Step is not how a pair is trained.
func (s *sides) Step([]G.ValueGrad) error {
	return errors.New("a pair of solvers has no step of its own")
}

// SetLR sets the learning rate of both.
func (s *sides) SetLR(lr float64) {
	s.generator.SetLR(lr)
	s.discriminator.SetLR(lr)
}

// SetMomentum sets the momentum of both.
func (s *sides) SetMomentum(m float64) {
	s.generator.SetMomentum(m)
	s.discriminator.SetMomentum(m)
}

// State is that of both.
func (s *sides) State() []ParamState { return append(s.generator.State(), s.discriminator.State()...) }

// Restore gives each its part.
func (s *sides) Restore(state []ParamState) error {
	var g, d []ParamState
	for _, p := range state {
		if strings.HasPrefix(p.Name, generatorPrefix) {
			g = append(g, p)
		} else {
			d = append(d, p)
		}
	}
	if err := s.generator.Restore(g); err != nil {
		return err
	}
	return s.discriminator.Restore(d)
}

// gallery makes images of noise that stays the same.
type gallery struct {
	program *graph.Program
	c, h, w int
}

// galleryRows is the number of rows, and of columns, of the grid.
const galleryRows = 8

func newGallery(m *zoo.Model, p *graph.Params, seed uint64) (*gallery, error) {
	const n = galleryRows * galleryRows
	g, err := m.ImageGraph(p, graph.Infer, n)
	if err != nil {
		return nil, err
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		return nil, err
	}
	z := make([]float32, n*m.InputShape()[0])
	kernel.FillNormal(z, 0, 1, rng.New(seed, "gallery"))
	c, h, w := m.Picture()
	return &gallery{program, c, h, w}, program.Let("z", tensor.New(tensor.WithShape(n, m.InputShape()[0]), tensor.WithBacking(z)))
}

// write draws the images.
func (g *gallery) write(path string) error {
	if err := g.program.Run(); err != nil {
		return err
	}
	v, err := g.program.Output("images")
	if err != nil {
		return err
	}
	sheet, err := contactsheet.Draw(v.Float32s(), g.c, g.h, g.w, galleryRows)
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error { return png.Encode(w, sheet) })
}
