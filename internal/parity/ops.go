package parity

import "slices"

// Op is one case of a differentiable operation, computed by PyTorch.
type Op struct {
	// Op is the name in torch.nn: Conv2d, ConvTranspose2d, BatchNorm2d,
	// MaxPool2d, AvgPool2d, AdaptiveAvgPool2d, Linear, ReLU, LeakyReLU,
	// Sigmoid, Tanh, GELU, Softmax, LogSoftmax, CrossEntropyLoss,
	// BCEWithLogitsLoss, MSELoss; and Add, of a and b, which broadcasts.
	Op string `json:"op"`
	// Name is unique, and fit for t.Run.
	Name  string  `json:"name"`
	Attrs OpAttrs `json:"attrs"`
	// Inputs by PyTorch's name: x, weight, bias, running_mean, running_var,
	// target, pos_weight; a and b for Add. What a case lacks (bias, say) is
	// absent.
	Inputs map[string]Tensor `json:"inputs"`
	// Labels are the classes of CrossEntropyLoss: one a row of x (N, C), or
	// N*H*W of them for x (N, C, H, W).
	Labels []int `json:"labels"`
	// Dy is the gradient of the first output, which has its shape (the losses
	// with reduction mean and sum have the scalar shape); nil if Grads is empty.
	Dy *Tensor `json:"dy"`
	// Outputs: y, and running_mean and running_var after the run.
	Outputs map[string]Want `json:"outputs"`
	// Grads are the gradients of the inputs of those names.
	Grads map[string]Want `json:"grads"`
	// Deviation is by how much PyTorch's own float32 strays from these
	// results, in the terms of Want.Error.
	Deviation Number `json:"deviation"`
}

// OpAttrs are the attributes of a case under PyTorch's names; pairs are
// (height, width). An operation's cases set all that the operation has.
type OpAttrs struct {
	KernelSize    [2]int `json:"kernel_size"`
	Stride        [2]int `json:"stride"`
	Padding       [2]int `json:"padding"`
	OutputPadding [2]int `json:"output_padding"`
	Dilation      [2]int `json:"dilation"`
	Groups        int    `json:"groups"`

	CeilMode        bool   `json:"ceil_mode"`
	CountIncludePad bool   `json:"count_include_pad"`
	OutputSize      [2]int `json:"output_size"`

	Training bool    `json:"training"`
	Eps      float64 `json:"eps"`
	Momentum float64 `json:"momentum"`

	NegativeSlope float64 `json:"negative_slope"`
	Approximate   string  `json:"approximate"` // "none" or "tanh"
	Dim           int     `json:"dim"`         // may be negative: from the last

	IgnoreIndex    int     `json:"ignore_index"`
	LabelSmoothing float64 `json:"label_smoothing"`
	Reduction      string  `json:"reduction"` // "mean", "sum" or "none"
}

// Ops are the cases of the operations of the given names, of all if none is
// given.
func Ops(names ...string) ([]Op, error) {
	var all []Op
	if err := load("ops.json.gz", &all); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(c Op) bool {
		return len(names) > 0 && !slices.Contains(names, c.Op)
	}), nil
}

// ConvTransposeOps are cases of ConvTranspose2d with channels that make whole
// blocks of 16, and of the layers that generators are made of.
func ConvTransposeOps() (cases []Op, err error) {
	err = load("ops_convtranspose.json.gz", &cases)
	return cases, err
}
