package train

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Adam is torch.optim.Adam (Kingma and Ba 2015, "Adam: a method for stochastic
// optimization") or, if Decoupled, torch.optim.AdamW. For the gradient g of a
// parameter w at step t, counted from 1:
//
//	g = g + WeightDecay*w                  Adam
//	w = w - LR*WeightDecay*w               AdamW
//	m = Beta1*m + (1-Beta1)*g
//	v = Beta2*v + (1-Beta2)*g*g
//	w = w - LR * m/(1-Beta1^t) / (sqrt(v/(1-Beta2^t)) + Eps)
type Adam struct {
	LR           float64 // learning rate; at least 0
	Beta1, Beta2 float64 // in [0, 1)
	Eps          float64
	WeightDecay  float64
	// Decoupled decays the weights beside the gradient instead of through it
	// (Loshchilov and Hutter 2019, "Decoupled weight decay regularization").
	Decoupled bool
	// AMSGrad uses the largest v so far (Reddi, Kale and Kumar 2018, "On the
	// convergence of Adam and beyond").
	AMSGrad bool
	SolverOptions

	memory memory
}

// NewAdam returns Adam with PyTorch's defaults: betas 0.9 and 0.999, eps 1e-8, no
// weight decay. PyTorch's learning rate would be 1e-3.
func NewAdam(lr float64) *Adam { return &Adam{LR: lr, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8} }

// NewAdamW returns AdamW with PyTorch's defaults: those of NewAdam, and a weight
// decay of 0.01.
func NewAdamW(lr float64) *Adam {
	o := NewAdam(lr)
	o.WeightDecay, o.Decoupled = 0.01, true
	return o
}

// Step moves the parameters by their gradients.
func (o *Adam) Step(model []G.ValueGrad) error {
	return errors.Wrap(o.memory.step(model, o.SolverOptions, o), o.name())
}

// SetLR sets LR.
func (o *Adam) SetLR(lr float64) { o.LR = lr }

// SetMomentum sets Beta1.
func (o *Adam) SetMomentum(momentum float64) { o.Beta1 = momentum }

// State returns "exp_avg" (m), "exp_avg_sq" (v) and, with AMSGrad,
// "max_exp_avg_sq" for each parameter.
func (o *Adam) State() []ParamState { return o.memory.state(o.names()) }

// Restore sets what State returned.
func (o *Adam) Restore(s []ParamState) error {
	return errors.Wrap(o.memory.restore(s, o.SolverOptions, o.names()), o.name())
}

func (o *Adam) name() string {
	if o.Decoupled {
		return "adamw"
	}
	return "adam"
}

func (o *Adam) names() []string { return adamBuffers }

var adamBuffers = []string{"exp_avg", "exp_avg_sq", "max_exp_avg_sq"}

func (o *Adam) check() error {
	if err := below1(option{"beta1", o.Beta1}, option{"beta2", o.Beta2}); err != nil {
		return err
	}
	return atLeast0(option{"lr", o.LR}, option{"eps", o.Eps}, option{"weight decay", o.WeightDecay})
}

func (o *Adam) update(w, g []float32, s *slot) {
	m, _ := s.buffer(0)
	v, _ := s.buffer(1)
	var vmax []float32
	if o.AMSGrad {
		vmax, _ = s.buffer(2)
	}
	kernel.Adam{
		LR: s.rate(o.LR), Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps, Decoupled: o.Decoupled, AMSGrad: o.AMSGrad,
		WeightDecay: s.decay(o.WeightDecay),
	}.Step(w, g, m, v, vmax, s.step)
}
