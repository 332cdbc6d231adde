package zoo

import (
	"slices"
	"strconv"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

// ResNet is a residual network: a stem, stages of residual blocks that halve
// the image and double the channels from one to the next, and a linear head
// after a global average pool (He et al. 2015, "Deep residual learning for image
// recognition"). ResNeXt (Xie et al. 2016) and wide ResNets (Zagoruyko and
// Komodakis 2016) are settings of it.
//
// Parameter names are torchvision's: "conv1", "bn1", "layer1.0.conv1",
// "layer2.0.downsample.0", "fc".
type ResNet struct {
	Size Image `yaml:"size" json:"size"`

	// Block is the kind of residual block: "basic" or "bottleneck".
	Block string `yaml:"block" json:"block"`
	// Blocks is the number of blocks in each stage.
	Blocks []int `yaml:"blocks,flow" json:"blocks"`
	// Width is the number of channels of the stem and of the first stage; each
	// further stage has twice as many.
	Width int `yaml:"width" json:"width"`
	// Groups is the cardinality of ResNeXt, and GroupWidth the number of channels
	// of a group in a stage 64 wide (torchvision's width_per_group): the 3x3
	// convolution of a bottleneck has width * GroupWidth/64 * Groups channels.
	Groups     int `yaml:"groups" json:"groups"`
	GroupWidth int `yaml:"group_width" json:"group_width"`
	// Shortcut is how a block changes its shape: "projection" or "pad".
	Shortcut blocks.Shortcut `yaml:"shortcut" json:"shortcut"`

	Stem Stem `yaml:"stem" json:"stem"`

	// Eps and Momentum are those of every batch norm.
	Eps      float64 `yaml:"eps" json:"eps"`
	Momentum float64 `yaml:"momentum" json:"momentum"`
	// StrideToDilation says for each stage but the first whether its stride is
	// replaced by dilation (torchvision's replace_stride_with_dilation): the image
	// keeps its size and the field of view grows all the same. Bottlenecks only.
	StrideToDilation []bool `yaml:"stride_to_dilation,flow,omitempty" json:"stride_to_dilation,omitempty"`
	// ZeroInit begins the last norm of every block at zero.
	ZeroInit bool `yaml:"zero_init" json:"zero_init"`
	// DropPath is the probability with which the last block is left out in training,
	// for each image by itself: stochastic depth (Huang et al. 2016). It rises in a line
	// from block to block. 0 for none.
	DropPath float64 `yaml:"drop_path,omitempty" json:"drop_path,omitempty"`
	// Init is how convolutions begin: "fan_out", torchvision's, or "fan_in", which
	// the CIFAR nets use.
	Init string `yaml:"init" json:"init"`
}

// Stem is the first convolution of a network and the max pool after it.
type Stem struct {
	Kernel  int `yaml:"kernel" json:"kernel"`
	Stride  int `yaml:"stride" json:"stride"`
	Padding int `yaml:"padding" json:"padding"`
	// Pool is the window of the max pool, 0 for none.
	Pool        int `yaml:"pool" json:"pool"`
	PoolStride  int `yaml:"pool_stride,omitempty" json:"pool_stride,omitempty"`
	PoolPadding int `yaml:"pool_padding,omitempty" json:"pool_padding,omitempty"`
}

// ImageNetStem is the stem for large images: 7x7 with stride 2, and a 3x3 max
// pool with stride 2. CIFARStem, for images of some 32 pixels, is a 3x3
// convolution that keeps the size.
var (
	ImageNetStem = Stem{Kernel: 7, Stride: 2, Padding: 3, Pool: 3, PoolStride: 2, PoolPadding: 1}
	CIFARStem    = Stem{Kernel: 3, Stride: 1, Padding: 1}
)

// residualBlocks are the kinds of block by name.
var residualBlocks = map[string]blocks.Block{
	"basic":      blocks.Basic{},
	"bottleneck": blocks.Bottleneck{},
}

// initializers of convolutions by name.
var initializers = map[string]graph.Init{
	"fan_out": graph.KaimingNormalFanOut,
	"fan_in":  graph.KaimingNormalFanIn,
}

// imageNet is the common part of the networks for ImageNet.
func imageNet(block string, n ...int) ResNet {
	return ResNet{
		Size:       Image{Classes: 1000, Channels: 3, Height: 224, Width: 224},
		Block:      block,
		Blocks:     n,
		Width:      64,
		Groups:     1,
		GroupWidth: 64,
		Shortcut:   blocks.Projection,
		Stem:       ImageNetStem,
		Eps:        1e-5,
		Momentum:   0.1,
		Init:       "fan_out",
	}
}

// grouped is a ResNeXt or a wide ResNet.
func grouped(groups, groupWidth int, n ...int) ResNet {
	r := imageNet("bottleneck", n...)
	r.Groups, r.GroupWidth = groups, groupWidth
	return r
}

// cifar is the network of section 4.2 of the paper, with 6n+2 layers.
func cifar(n int) ResNet {
	r := imageNet("basic", n, n, n)
	r.Size = Image{Classes: 10, Channels: 3, Height: 32, Width: 32}
	r.Width = 16
	r.Shortcut = blocks.PadChannels
	r.Stem = CIFARStem
	r.Init = "fan_in"
	return r
}

const (
	heEtAl    = "He et al. 2015, arXiv:1512.03385"
	xieEtAl   = "Xie et al. 2016, arXiv:1611.05431"
	zagoruyko = "Zagoruyko and Komodakis 2016, arXiv:1605.07146"
)

func init() {
	for _, v := range []struct {
		name   string
		net    ResNet
		params int
		macs   int64
		source string
	}{
		{"resnet18", imageNet("basic", 2, 2, 2, 2), 11689512, 1814073344, heEtAl},
		{"resnet34", imageNet("basic", 3, 4, 6, 3), 21797672, 3663761408, heEtAl},
		{"resnet50", imageNet("bottleneck", 3, 4, 6, 3), 25557032, 4089184256, heEtAl},
		{"resnet101", imageNet("bottleneck", 3, 4, 23, 3), 44549160, 7801405440, heEtAl},
		{"resnet152", imageNet("bottleneck", 3, 8, 36, 3), 60192808, 11513626624, heEtAl},
		{"resnext50_32x4d", grouped(32, 4, 3, 4, 6, 3), 25028904, 4230479872, xieEtAl},
		{"resnext101_32x8d", grouped(32, 8, 3, 4, 23, 3), 88791336, 16414015488, xieEtAl},
		{"resnext101_64x4d", grouped(64, 4, 3, 4, 23, 3), 83455272, 15460270080, xieEtAl},
		{"wide_resnet50_2", grouped(1, 128, 3, 4, 6, 3), 68883240, 11398021120, zagoruyko},
		{"wide_resnet101_2", grouped(1, 128, 3, 4, 23, 3), 126886696, 22753050624, zagoruyko},
		{"resnet20", cifar(3), 269722, 40551040, heEtAl},
		{"resnet32", cifar(5), 464154, 68862592, heEtAl},
		{"resnet44", cifar(7), 658586, 97174144, heEtAl},
		{"resnet56", cifar(9), 853018, 125485696, heEtAl},
		{"resnet110", cifar(18), 1727962, 252887680, heEtAl},
	} {
		if err := Register(Entry{v.name, &v.net, v.params, v.macs, v.source}); err != nil {
			panic(err) // a mistake in the table above
		}
	}
}

// Family is "resnet".
func (r *ResNet) Family() string { return "resnet" }

// Image gives the number of classes and the input size.
func (r *ResNet) Image() *Image { return &r.Size }

// Clone returns a deep copy.
func (r *ResNet) Clone() Architecture {
	c := *r
	c.Blocks = slices.Clone(r.Blocks)
	c.StrideToDilation = slices.Clone(r.StrideToDilation)
	return &c
}

// WithResNet changes the configuration of a network of this family.
func WithResNet(change func(*ResNet)) Option {
	return func(a Architecture) error {
		r, ok := a.(*ResNet)
		if !ok {
			return errors.Errorf("a model of family %q, want a resnet", a.Family())
		}
		change(r)
		return nil
	}
}

// Validate reports what is wrong with the configuration.
func (r *ResNet) Validate() error {
	if err := r.Size.validate(); err != nil {
		return err
	}
	if _, ok := residualBlocks[r.Block]; !ok {
		return errors.Errorf(`block %q, want "basic" or "bottleneck"`, r.Block)
	}
	if len(r.Blocks) == 0 || slices.Min(r.Blocks) < 1 {
		return errors.Errorf("blocks %v, want at least one in each stage", r.Blocks)
	}
	if r.Block == "basic" && (r.Groups != 1 || r.GroupWidth != 64 || slices.Contains(r.StrideToDilation, true)) {
		return errors.New("groups, group width and dilation need bottleneck blocks")
	}
	if _, ok := initializers[r.Init]; !ok {
		return errors.Errorf(`init %q, want "fan_out" or "fan_in"`, r.Init)
	}
	if r.Shortcut != blocks.Projection && r.Shortcut != blocks.PadChannels {
		return errors.Errorf("shortcut %q, want %q or %q", r.Shortcut, blocks.Projection, blocks.PadChannels)
	}
	if r.Width < 1 || r.Groups < 1 || r.GroupWidth < 1 {
		return errors.Errorf("width %d, groups %d, group width %d, want at least 1", r.Width, r.Groups, r.GroupWidth)
	}
	if n := len(r.StrideToDilation); n != 0 && n != len(r.Blocks)-1 {
		return errors.Errorf("stride to dilation for %d stages, want %d: every stage but the first", n, len(r.Blocks)-1)
	}
	if r.Eps <= 0 || r.Momentum <= 0 || r.Momentum > 1 {
		return errors.Errorf("batch norm with eps %g and momentum %g, want eps > 0 and momentum in (0, 1]", r.Eps, r.Momentum)
	}
	if !(r.DropPath >= 0 && r.DropPath <= 1) {
		return errors.Errorf("drop path %v, want 0 to 1", r.DropPath)
	}
	return r.Stem.validate()
}

func (t Stem) validate() error {
	if t.Kernel < 1 || t.Stride < 1 || t.Padding < 0 {
		return errors.Errorf("stem of kernel %d, stride %d, padding %d, want kernel and stride of at least 1", t.Kernel, t.Stride, t.Padding)
	}
	if t.Pool < 0 || t.Pool > 0 && (t.PoolStride < 1 || t.PoolPadding < 0 || 2*t.PoolPadding > t.Pool) {
		return errors.Errorf("stem pool of kernel %d, stride %d, padding %d, want a stride of at least 1 and padding of at most half the kernel", t.Pool, t.PoolStride, t.PoolPadding)
	}
	return nil
}

// Forward emits the network: x (N, Channels, Height, Width) to (N, Classes).
func (r *ResNet) Forward(s *graph.Scope, x *G.Node) *G.Node {
	norm := blocks.Norm{Eps: r.Eps, Momentum: r.Momentum}
	x = blocks.Stem{
		Out: r.Width, Kernel: r.Stem.Kernel, Stride: r.Stem.Stride, Padding: r.Stem.Padding,
		Pool: r.Stem.Pool, PoolStride: r.Stem.PoolStride, PoolPadding: r.Stem.PoolPadding,
		Norm: norm, Init: initializers[r.Init],
	}.Emit(s, x)

	dilation := 1
	drop := blocks.StochasticDepth{P: r.DropPath, Blocks: r.depth()}
	for i, n := range r.Blocks {
		stride, firstDilation := 2, dilation
		switch {
		case i == 0:
			stride = 1
		case len(r.StrideToDilation) > 0 && r.StrideToDilation[i-1]:
			stride = 1
			dilation *= 2
		}
		x = blocks.Stage(s.Sub("layer"+strconv.Itoa(i+1)), x, residualBlocks[r.Block], n, firstDilation, blocks.Residual{
			Width:     r.Width << i,
			Stride:    stride,
			Dilation:  dilation,
			Groups:    r.Groups,
			BaseWidth: r.GroupWidth,
			Shortcut:  r.Shortcut,
			Norm:      norm,
			ZeroInit:  r.ZeroInit,
			Drop:      drop,
			Init:      initializers[r.Init],
		})
		drop.Block += n
	}
	return blocks.Head(s, x, r.Size.Classes)
}

// depth is the number of blocks.
func (r *ResNet) depth() (n int) {
	for _, stage := range r.Blocks {
		n += stage
	}
	return n
}
