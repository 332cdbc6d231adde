package zoo

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

// ConvNet is a plain convolutional network, the pattern of LeNet-5 (LeCun et al.
// 1998, "Gradient-based learning applied to document recognition") in today's
// parts: 3x3 convolutions that keep the size of the image, each with a ReLU and
// a 2x2 max pool, then two linear layers with a ReLU between them.
//
// The parameters are "conv1", "conv2", ..., "fc1" and "fc2", each with a weight
// and a bias.
type ConvNet struct {
	Size Image `yaml:"size" json:"size"`
	// Features are the channels of the convolutions.
	Features []int `yaml:"features,flow" json:"features"`
	// Hidden is the number of features between the linear layers.
	Hidden int `yaml:"hidden" json:"hidden"`
}

const leCunEtAl = "LeCun et al. 1998, doi:10.1109/5.726791"

func init() {
	net := &ConvNet{
		Size:     Image{Classes: 10, Channels: 3, Height: 28, Width: 28},
		Features: []int{32, 64},
		Hidden:   128,
	}
	if err := Register(Entry{"convnet", net, 422218, 4692736, leCunEtAl}); err != nil {
		panic(err)
	}
}

// Family is "convnet".
func (c *ConvNet) Family() string { return "convnet" }

// Image gives the number of classes and the input size.
func (c *ConvNet) Image() *Image { return &c.Size }

// Clone returns a deep copy.
func (c *ConvNet) Clone() Architecture {
	d := *c
	d.Features = slices.Clone(c.Features)
	return &d
}

// Validate reports what is wrong with the configuration.
func (c *ConvNet) Validate() error {
	if err := c.Size.validate(); err != nil {
		return err
	}
	if len(c.Features) == 0 || slices.Min(c.Features) < 1 || c.Hidden < 1 {
		return errors.Errorf("features %v and %d hidden, want at least one convolution, and at least 1 of each", c.Features, c.Hidden)
	}
	if n := len(c.Features); c.Size.Height>>n < 1 || c.Size.Width>>n < 1 {
		return errors.Errorf("images of %dx%d pixels, want at least %dx%[3]d for %d pools", c.Size.Height, c.Size.Width, 1<<n, n)
	}
	return nil
}

// Forward emits the network: x (N, Channels, Height, Width) to (N, Classes).
func (c *ConvNet) Forward(s *graph.Scope, x *G.Node) *G.Node {
	for i, out := range c.Features {
		x = blocks.ConvReLU(s.Sub(fmt.Sprint("conv", i+1)), x, blocks.Conv{Out: out, Kernel: 3, Padding: 1, Bias: true, Init: graph.Default})
		x = blocks.MaxPool2d(s.Sub(fmt.Sprint("pool", i+1)), x, 2, 2, 0)
	}
	x = blocks.Linear(s.Sub("fc1"), blocks.Flatten(s, x), c.Hidden)
	x = blocks.ReLU.Emit(s, x)
	return blocks.Linear(s.Sub("fc2"), x, c.Size.Classes)
}
