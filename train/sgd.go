package train

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// SGD is stochastic gradient descent with momentum as torch.optim.SGD has it,
// for the gradient g of a parameter w:
//
//	g = g + WeightDecay*w
//	v = Momentum*v + (1-Dampening)*g    (v = g at the first step)
//	w = w - LR*v,  or with Nesterov     w = w - LR*(g + Momentum*v)
//
// Other texts scale the velocity v by the learning rate; here a change of LR
// takes effect at once.
type SGD struct {
	LR          float64 // learning rate; at least 0
	Momentum    float64 // default 0
	Dampening   float64 // default 0
	WeightDecay float64 // L2 penalty; default 0
	Nesterov    bool    // wants momentum, and no dampening
	SolverOptions

	memory memory
}

// NewSGD returns plain gradient descent; set its fields for more.
func NewSGD(lr float64) *SGD { return &SGD{LR: lr} }

// Step moves the parameters by their gradients.
func (o *SGD) Step(model []G.ValueGrad) error {
	return errors.Wrap(o.memory.step(model, o.SolverOptions, o), "sgd")
}

// SetLR sets LR.
func (o *SGD) SetLR(lr float64) { o.LR = lr }

// SetMomentum sets Momentum.
func (o *SGD) SetMomentum(momentum float64) { o.Momentum = momentum }

// State returns "momentum_buffer" for each parameter, if there is momentum.
func (o *SGD) State() []ParamState { return o.memory.state(o.names()) }

// Restore sets what State returned.
func (o *SGD) Restore(s []ParamState) error {
	return errors.Wrap(o.memory.restore(s, o.SolverOptions, o.names()), "sgd")
}

func (o *SGD) names() []string { return sgdBuffers }

var sgdBuffers = []string{"momentum_buffer"}

func (o *SGD) check() error {
	if o.Nesterov && (o.Momentum == 0 || o.Dampening != 0) {
		return errors.Errorf("nesterov with momentum %g and dampening %g, want momentum above 0 and no dampening", o.Momentum, o.Dampening)
	}
	return atLeast0(option{"lr", o.LR}, option{"momentum", o.Momentum}, option{"weight decay", o.WeightDecay})
}

func (o *SGD) update(w, g []float32, s *slot) {
	var v []float32
	first := false
	if o.Momentum != 0 {
		v, first = s.buffer(0)
	}
	kernel.SGD{
		LR: s.rate(o.LR), Momentum: o.Momentum, Dampening: o.Dampening, Nesterov: o.Nesterov,
		WeightDecay: s.decay(o.WeightDecay),
	}.Step(w, g, v, first)
}
