package train

import (
	"slices"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// OptimizerConfig chooses a Solver. The settings are named as those of
// torch.optim; those that the optimiser does not have are zero.
type OptimizerConfig struct {
	Name string  `yaml:"name"` // sgd, adam, adamw or rmsprop
	LR   float64 `yaml:"lr"`   // the largest, which the schedule lowers

	Momentum  float64    `yaml:"momentum"`   // sgd, rmsprop
	Dampening float64    `yaml:"dampening"`  // sgd
	Nesterov  bool       `yaml:"nesterov"`   // sgd
	Betas     [2]float64 `yaml:"betas,flow"` // adam, adamw
	AMSGrad   bool       `yaml:"amsgrad"`    // adam, adamw
	Alpha     float64    `yaml:"alpha"`      // rmsprop
	Centered  bool       `yaml:"centered"`   // rmsprop
	Eps       float64    `yaml:"eps"`        // adam, adamw, rmsprop

	WeightDecay float64 `yaml:"weight_decay"`
	// ExemptNormsAndBiases applies weight decay to the weights of convolutions and
	// linear layers only. By default it applies to all parameters, as in PyTorch
	// and in the papers that the recipes follow.
	ExemptNormsAndBiases bool `yaml:"exempt_norms_and_biases"`
}

// optimizers by name.
var optimizers = map[string]func(OptimizerConfig, SolverOptions) Solver{
	"sgd": func(c OptimizerConfig, o SolverOptions) Solver {
		return &SGD{LR: c.LR, Momentum: c.Momentum, Dampening: c.Dampening, WeightDecay: c.WeightDecay,
			Nesterov: c.Nesterov, SolverOptions: o}
	},
	"adam":  func(c OptimizerConfig, o SolverOptions) Solver { return c.adam(o, false) },
	"adamw": func(c OptimizerConfig, o SolverOptions) Solver { return c.adam(o, true) },
	"rmsprop": func(c OptimizerConfig, o SolverOptions) Solver {
		return &RMSProp{LR: c.LR, Alpha: c.Alpha, Eps: c.Eps, WeightDecay: c.WeightDecay, Momentum: c.Momentum,
			Centered: c.Centered, SolverOptions: o}
	},
}

func (c OptimizerConfig) adam(o SolverOptions, decoupled bool) Solver {
	return &Adam{LR: c.LR, Beta1: c.Betas[0], Beta2: c.Betas[1], Eps: c.Eps, WeightDecay: c.WeightDecay,
		Decoupled: decoupled, AMSGrad: c.AMSGrad, SolverOptions: o}
}

// Optimizers returns the names of the optimisers.
func Optimizers() []string { return []string{"sgd", "adam", "adamw", "rmsprop"} }

// DefaultOptimizer returns an optimiser with PyTorch's defaults, and for SGD,
// which has none, a learning rate of 0.1.
func DefaultOptimizer(name string) OptimizerConfig {
	c := OptimizerConfig{Name: name}
	switch name {
	case "sgd":
		c.LR = 0.1
	case "adam", "adamw":
		c.LR, c.Betas, c.Eps = 1e-3, [2]float64{0.9, 0.999}, 1e-8
		if name == "adamw" {
			c.WeightDecay = 0.01
		}
	case "rmsprop":
		c.LR, c.Alpha, c.Eps = 0.01, 0.99, 1e-8
	}
	return c
}

// Solver returns a solver for the parameters of a model that is trained by a
// graph.Program. The learning rate of each is multiplied by its scale; nil for 1.
func (c OptimizerConfig) Solver(p *graph.Params, scale func(name string) float64) (Solver, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	o := SolverOptions{KeepGrads: true, Scale: scale}
	if c.ExemptNormsAndBiases {
		o.Exempt = NormsAndBiases(p)
	}
	return optimizers[c.Name](c, o), nil
}

func (c OptimizerConfig) validate() error {
	if !slices.Contains(Optimizers(), c.Name) {
		return unknown("optimizer", c.Name, Optimizers())
	}
	if !(c.LR > 0) {
		return errors.Errorf("lr %g, want more than 0", c.LR)
	}
	if err := c.foreign(); err != nil {
		return err
	}
	return optimizers[c.Name](c, SolverOptions{}).(rule).check()
}
