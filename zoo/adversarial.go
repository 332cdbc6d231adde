package zoo

import (
	"strings"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// Adversarial is the configuration of a generator of images and the discriminator
// that it is trained against.
type Adversarial interface {
	Architecture
	// Noise is the size of the noise, and Picture the shape of an image.
	Noise() int
	Picture() (channels, height, width int)
	// Parts reports which of the two networks the configuration has.
	Parts() (generator, discriminator bool)
	// Generate emits the generator: z (N, Noise) to images (N, C, H, W) in [-1, 1].
	Generate(s *graph.Scope, z *G.Node) *G.Node
	// Discriminate emits the discriminator: images (N, C, H, W) to logits (N, 1) of
	// their being real.
	Discriminate(s *graph.Scope, x *G.Node) *G.Node
}

// generation is the task of a pair of adversaries, or one of them.
type generation struct{ Adversarial }

func (g generation) name() Task { return Generation }

func (g generation) input() []int {
	if generator, _ := g.Parts(); generator {
		return []int{g.Noise()}
	}
	c, h, w := g.Picture()
	return []int{c, h, w}
}

func (g generation) items(batch int) int { return batch }

func (g generation) forward(s *graph.Scope, batch int) {
	generator, discriminator := g.Parts()
	var x *G.Node
	if generator {
		x = g.images(s, batch)
		s.Output("images", x)
	} else {
		x = g.real(s, batch)
	}
	if discriminator {
		s.Output("logits", g.judge(s, x))
	}
}

// images emits the generator with its input.
func (g generation) images(s *graph.Scope, batch int) *G.Node {
	return g.Generate(s.Sub(generatorPart), s.Input("z", batch, g.Noise()))
}

// real is the input of the discriminator alone.
func (g generation) real(s *graph.Scope, batch int) *G.Node {
	c, h, w := g.Picture()
	return s.Input("x", batch, c, h, w)
}

// judge emits the discriminator.
func (g generation) judge(s *graph.Scope, x *G.Node) *G.Node {
	return g.Discriminate(s.Sub(discriminatorPart), x)
}

func (g generation) loss(s *graph.Scope, _ int, _ Loss) {
	s.Fail(errors.New("a generator and its discriminator are trained by two graphs in turn, see GeneratorGraph and DiscriminatorGraph"))
}

// against adds the loss of logits: the binary cross-entropy with the targets "y".
func (g generation) against(s *graph.Scope, logits *G.Node, batch int) {
	s.Output("logits", logits)
	s.Loss(s.Emit(op.BCEWithLogits(logits, s.Input("y", batch, 1), op.BCEWithLogitsOptions{})))
}

// ImageGraph builds the generator: input "z" (N, noise), output "images" (N, C, H,
// W).
func (m *Model) ImageGraph(p *graph.Params, mode graph.Mode, batch int, opts ...graph.Option) (*graph.Graph, error) {
	g, err := m.adversaries(true, false)
	if err != nil {
		return nil, err
	}
	return m.build(p, mode, opts, func(s *graph.Scope) { s.Output("images", g.images(s, batch)) })
}

// DiscriminatorGraph builds the step of the discriminator: inputs "x" (N, C, H, W)
// and "y" (N, 1), 1 for real images and 0 for generated ones, output "logits"
// (N, 1), and the loss, the mean binary cross-entropy. A step is one run on real
// and one on generated images, and one update by the sum of the gradients.
func (m *Model) DiscriminatorGraph(p *graph.Params, batch int, opts ...graph.Option) (*graph.Graph, error) {
	g, err := m.adversaries(false, true)
	if err != nil {
		return nil, err
	}
	return m.build(p, graph.Train, opts, func(s *graph.Scope) { g.against(s, g.judge(s, g.real(s, batch)), batch) })
}

// GeneratorGraph builds the step of the generator: inputs "z" (N, noise) and "y"
// (N, 1), to be 1, outputs "images" and "logits", and the loss, the mean binary
// cross-entropy of what the discriminator thinks of the images. The parameters of
// the discriminator are frozen.
func (m *Model) GeneratorGraph(p *graph.Params, batch int, opts ...graph.Option) (*graph.Graph, error) {
	g, err := m.adversaries(true, true)
	if err != nil {
		return nil, err
	}
	frozen := graph.WithFrozen(func(param string) bool { return strings.HasPrefix(param, discriminatorPart+".") })
	return m.build(p, graph.Train, append(opts[:len(opts):len(opts)], frozen), func(s *graph.Scope) {
		images := g.images(s, batch)
		s.Output("images", images)
		g.against(s, g.judge(s, images), batch)
	})
}

// adversaries returns the pair, which must have what is asked for.
func (m *Model) adversaries(generator, discriminator bool) (generation, error) {
	g, ok := m.task.(generation)
	if !ok {
		return g, errors.Errorf("%s is no generator of images", m.name)
	}
	hasGenerator, hasDiscriminator := g.Parts()
	if generator && !hasGenerator {
		return g, errors.Errorf("%s has no generator", m.name)
	}
	if discriminator && !hasDiscriminator {
		return g, errors.Errorf("%s has no discriminator", m.name)
	}
	return g, nil
}

// Picture returns the shape of the images that a generator makes, zeros for other
// models.
func (m *Model) Picture() (channels, height, width int) {
	if g, ok := m.arch.(Adversarial); ok {
		return g.Picture()
	}
	return 0, 0, 0
}
