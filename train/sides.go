package train

import (
	"strings"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// sides are the solvers of the two networks, to a checkpoint one solver.
type sides struct {
	generator, discriminator Solver
}

const generatorPrefix = "generator."

func newSides(o *OptimizerConfig, p *graph.Params) (*sides, error) {
	g, err := o.Solver(p, nil)
	if err != nil {
		return nil, err
	}
	d, err := o.Solver(p, nil)
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
