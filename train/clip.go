package train

import (
	"math"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// ClipGradNorm scales the gradients so that their norm, over all of them together,
// is at most maxNorm, and returns what it was: torch.nn.utils.clip_grad_norm_
// (Pascanu et al. 2013, "On the difficulty of training recurrent neural networks").
func ClipGradNorm(model []G.ValueGrad, maxNorm float64) (norm float64, err error) {
	squares := 0.0
	for i, p := range model {
		g, err := gradOf(i, p)
		if err != nil {
			return 0, err
		}
		squares += kernel.SumSquares(g)
	}
	norm = math.Sqrt(squares)
	factor := maxNorm / (norm + 1e-6)
	if !(factor < 1) {
		return norm, nil
	}
	for i, p := range model {
		g, err := gradOf(i, p)
		if err != nil {
			return 0, err
		}
		kernel.Scale(g, g, float32(factor))
	}
	return norm, nil
}

// ClipGradValue brings every number of the gradients into [-limit, limit]:
// torch.nn.utils.clip_grad_value_.
func ClipGradValue(model []G.ValueGrad, limit float64) error {
	for i, p := range model {
		g, err := gradOf(i, p)
		if err != nil {
			return err
		}
		kernel.Clamp(g, g, float32(limit))
	}
	return nil
}

func gradOf(i int, p G.ValueGrad) ([]float32, error) {
	v, err := p.Grad()
	if err != nil {
		return nil, errors.Wrapf(err, "gradient of %s", nameOf(i, p))
	}
	g, err := float32s(v)
	return g, errors.Wrapf(err, "gradient of %s", nameOf(i, p))
}

// check reports a number of a training step that is not finite.
type check func(what string, v float64) error

// clipped clips the gradients if the settings say so.
func (c *Config) clipped(model []G.ValueGrad, check check) error {
	if c.ClipValue > 0 {
		return ClipGradValue(model, c.ClipValue)
	}
	if c.ClipNorm == 0 {
		return nil
	}
	norm, err := ClipGradNorm(model, c.ClipNorm)
	if err != nil {
		return err
	}
	return check("the norm of the gradient", norm)
}

// move clips the gradients of a program's last run and has the solver move the
// parameters by them.
func (c *Config) move(p *graph.Program, s Solver, check check) error {
	if err := c.finiteGrads(p.Grads(), check); err != nil {
		return err
	}
	if err := c.clipped(p.Grads(), check); err != nil {
		return err
	}
	return p.Update(s)
}
