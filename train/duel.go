package train

import (
	"math"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// Duel trains a generator and its discriminator in turn, as Radford et al. 2015
// do: in each step the discriminator on a batch of real images and one of
// generated ones, then the generator, on the same noise, against what the
// discriminator has become.
//
// Gorgonia differentiates a graph once, so there is one for each side, and a third
// that makes the images for the discriminator.
type Duel struct {
	config *Config

	images, discriminator, generator *graph.Program
	z, targets                       []float32
	real                             [][]float32 // the discriminator's gradients of the real images
	sides                            *sides
}

// Score is what a step of a Duel measures before the networks change.
type Score struct {
	GeneratorLoss, DiscriminatorLoss float64
	// Real and Fake are what the discriminator takes on average for the probability
	// that real and generated images are real.
	Real, Fake float64
}

// NewDuel compiles the step for a pair of networks with the parameters p. Of the
// settings, BatchSize, Optimizer, ClipNorm, ClipValue and Seed count. The duel must be
// closed.
func NewDuel(m *zoo.Model, p *graph.Params, c *Config) (*Duel, error) {
	d := &Duel{config: c}
	err := d.compile(m, p)
	if err == nil {
		err = d.bind(m.InputShape()[0])
	}
	if err == nil {
		d.sides, err = newSides(&c.Optimizer, p)
	}
	if err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

func (d *Duel) compile(m *zoo.Model, params *graph.Params) error {
	n := d.config.BatchSize
	for _, p := range []struct {
		program **graph.Program
		graph   func() (*graph.Graph, error)
	}{
		{&d.images, func() (*graph.Graph, error) {
			return m.ImageGraph(params, graph.Train, n, graph.WithFixedStatistics())
		}},
		{&d.discriminator, func() (*graph.Graph, error) { return m.DiscriminatorGraph(params, n) }},
		{&d.generator, func() (*graph.Graph, error) { return m.GeneratorGraph(params, n) }},
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
func (d *Duel) bind(latent int) error {
	n := d.config.BatchSize
	d.z, d.targets = make([]float32, n*latent), make([]float32, n)
	z := tensor.New(tensor.WithShape(n, latent), tensor.WithBacking(d.z))
	y := tensor.New(tensor.WithShape(n, 1), tensor.WithBacking(d.targets))
	for _, g := range d.discriminator.Graph().Trainable() {
		d.real = append(d.real, make([]float32, g.Shape().TotalSize()))
	}
	for _, err := range []error{
		d.images.Let("z", z), d.generator.Let("z", z), d.generator.Let("y", y), d.discriminator.Let("y", y),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// Step makes a step on real images, (N, C, H, W), with the noise of that number.
// Losses, and norms of gradients that are clipped, are given to check, by whose
// error the step ends before it moves the network.
func (d *Duel) Step(step uint64, images tensor.Tensor, check func(what string, v float64) error) (s Score, err error) {
	kernel.FillNormal(d.z, 0, 1, rng.New(d.config.Seed, "noise", step))
	if err := d.judge(images, &s, check); err != nil {
		return s, err
	}
	return s, d.deceive(&s, check)
}

// judge makes the step of the discriminator.
func (d *Duel) judge(images tensor.Tensor, s *Score, check check) (err error) {
	var loss, fakeLoss float64
	if loss, s.Real, err = d.look(images, 1); err != nil {
		return err
	}
	if err := d.eachGrad(func(g, real []float32) { copy(real, g) }); err != nil {
		return err
	}
	if err := d.images.Run(); err != nil {
		return err
	}
	fake, err := d.images.Output("images")
	if err != nil {
		return err
	}
	if fakeLoss, s.Fake, err = d.look(fake, 0); err != nil {
		return err
	}
	if err := d.eachGrad(func(g, real []float32) { kernel.Add(g, g, real) }); err != nil {
		return err
	}
	s.DiscriminatorLoss = loss + fakeLoss
	if err := check("the loss of the discriminator", s.DiscriminatorLoss); err != nil {
		return err
	}
	return d.config.move(d.discriminator, d.sides.discriminator, check)
}

// eachGrad visits the discriminator's gradients, with the memory for those of the
// real images.
func (d *Duel) eachGrad(visit func(g, real []float32)) error {
	for i, p := range d.discriminator.Grads() {
		g, err := gradOf(i, p)
		if err != nil {
			return err
		}
		visit(g, d.real[i])
	}
	return nil
}

// look runs the discriminator on images that are to be taken for real, target 1, or
// not, 0. It returns the loss, and what the discriminator takes on average for the
// probability of being real.
func (d *Duel) look(images tensor.Tensor, target float32) (loss, opinion float64, err error) {
	kernel.Fill(d.targets, target)
	if err := d.discriminator.Let("x", images); err != nil {
		return 0, 0, err
	}
	if err := d.discriminator.Run(); err != nil {
		return 0, 0, err
	}
	logits, err := d.discriminator.Output("logits")
	if err != nil {
		return 0, 0, err
	}
	for _, v := range logits.Float32s() {
		opinion += 1 / (1 + math.Exp(-float64(v)))
	}
	return float64(d.discriminator.Loss()), opinion / float64(len(logits.Float32s())), nil
}

// deceive makes the step of the generator.
func (d *Duel) deceive(s *Score, check check) error {
	kernel.Fill(d.targets, 1)
	if err := d.generator.Run(); err != nil {
		return err
	}
	s.GeneratorLoss = float64(d.generator.Loss())
	if err := check("the loss of the generator", s.GeneratorLoss); err != nil {
		return err
	}
	return d.config.move(d.generator, d.sides.generator, check)
}

// Runs returns the programs in the order in which a step runs them: the
// discriminator on real images, the generator, the discriminator on its images,
// and both for the generator's gradients.
func (d *Duel) Runs() []*graph.Program {
	return []*graph.Program{d.discriminator, d.images, d.discriminator, d.generator}
}

// Update lets the solvers move both networks by the gradients of the last step.
func (d *Duel) Update() error {
	if err := d.discriminator.Update(d.sides.discriminator); err != nil {
		return err
	}
	return d.generator.Update(d.sides.generator)
}

// Close frees the programs.
func (d *Duel) Close() error {
	var first error
	for _, p := range []*graph.Program{d.images, d.discriminator, d.generator} {
		if p == nil {
			continue
		}
		if err := p.Close(); err != nil && first == nil {
			first = err
		}
	}
	return first
}
