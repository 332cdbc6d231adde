package train

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// RMSProp is torch.optim.RMSprop (Hinton 2012, lecture 6e of "Neural networks
// for machine learning"), for the gradient g of a parameter w:
//
//	g = g + WeightDecay*w
//	v = Alpha*v + (1-Alpha)*g*g
//	a = Alpha*a + (1-Alpha)*g              (0 unless Centered)
//	d = g / (sqrt(v - a*a) + Eps)
//	b = Momentum*b + d
//	w = w - LR*b
type RMSProp struct {
	LR          float64 // learning rate; at least 0
	Alpha       float64 // smoothing; at least 0
	Eps         float64
	WeightDecay float64
	Momentum    float64
	Centered    bool // divide by the standard deviation of the gradient (Graves 2013)
	SolverOptions

	memory memory
}

// NewRMSProp returns RMSProp with PyTorch's defaults: alpha 0.99, eps 1e-8, no
// weight decay, no momentum. PyTorch's learning rate would be 0.01.
func NewRMSProp(lr float64) *RMSProp { return &RMSProp{LR: lr, Alpha: 0.99, Eps: 1e-8} }

// Step moves the parameters by their gradients.
func (o *RMSProp) Step(model []G.ValueGrad) error {
	return errors.Wrap(o.memory.step(model, o.SolverOptions, o), "rmsprop")
}

// SetLR sets LR.
func (o *RMSProp) SetLR(lr float64) { o.LR = lr }

// SetMomentum sets Momentum.
func (o *RMSProp) SetMomentum(momentum float64) { o.Momentum = momentum }

// State returns "square_avg" (v) and, where they are used, "grad_avg" (a) and
// "momentum_buffer" (b) for each parameter.
func (o *RMSProp) State() []ParamState { return o.memory.state(o.names()) }

// Restore sets what State returned.
func (o *RMSProp) Restore(s []ParamState) error {
	return errors.Wrap(o.memory.restore(s, o.SolverOptions, o.names()), "rmsprop")
}

func (o *RMSProp) names() []string { return rmsPropBuffers }

var rmsPropBuffers = []string{"square_avg", "grad_avg", "momentum_buffer"}

func (o *RMSProp) check() error {
	return atLeast0(option{"lr", o.LR}, option{"alpha", o.Alpha}, option{"eps", o.Eps},
		option{"momentum", o.Momentum}, option{"weight decay", o.WeightDecay})
}

func (o *RMSProp) update(w, g []float32, s *slot) {
	v, _ := s.buffer(0)
	var a, b []float32
	if o.Centered {
		a, _ = s.buffer(1)
	}
	if o.Momentum != 0 {
		b, _ = s.buffer(2)
	}
	kernel.RMSProp{
		LR: s.rate(o.LR), Alpha: o.Alpha, Eps: o.Eps, Momentum: o.Momentum, Centered: o.Centered,
		WeightDecay: s.decay(o.WeightDecay),
	}.Step(w, g, v, a, b)
}
