package zoo

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
)

// GAN is a pair of networks: a generator that makes images of noise, and a
// discriminator that tells them from real ones (Goodfellow et al. 2014,
// "Generative adversarial nets"). The generator starts from a small map and
// doubles it by transposed convolutions, 4x4 with stride 2, with ReLUs between
// them and a tanh after the last: images in [-1, 1]. The discriminator goes the
// way back by convolutions of the same kind, each with a leaky ReLU.
//
// There are two styles. The plain one begins, and the discriminator ends, with a
// linear layer; the parameters are "generator.fc", "generator.conv1", ...,
// "discriminator.conv1", ..., "discriminator.fc", all with biases. AllConv is that
// of Radford et al. 2015 ("Unsupervised representation learning with deep
// convolutional generative adversarial networks"): convolutions only, and batch
// norms but at both ends of the discriminator and the end of the generator; the
// parameters are those of PyTorch's example, "generator.main.0", ....
type GAN struct {
	// Latent is the size of the noise, drawn from a normal distribution.
	Latent int `yaml:"latent" json:"latent"`
	// Channels of the images.
	Channels int `yaml:"channels" json:"channels"`
	// Start is the height and width of the smallest map, and Features are the channels
	// of the generator's maps from the smallest one on. The images are Start pixels
	// high, doubled by every map.
	Start    int   `yaml:"start" json:"start"`
	Features []int `yaml:"features,flow" json:"features"`
	AllConv  bool  `yaml:"all_conv" json:"all_conv"`
	// Part is "generator" or "discriminator" for one of the two alone, "" for both.
	Part string `yaml:"part,omitempty" json:"part,omitempty"`
}

const (
	generatorPart     = "generator"
	discriminatorPart = "discriminator"
)

const (
	goodfellowEtAl = "Goodfellow et al. 2014, arXiv:1406.2661"
	radfordEtAl    = "Radford et al. 2015, arXiv:1511.06434"
)

func init() {
	plain := GAN{Latent: 100, Channels: 1, Start: 7, Features: []int{128, 64}}
	dcgan := GAN{Latent: 100, Channels: 3, Start: 4, Features: []int{512, 256, 128, 64}, AllConv: true}
	part := func(g GAN, name string) *GAN {
		g.Part = name
		return &g
	}
	for _, e := range []Entry{
		{"gan", &plain, 904194, 13879936, goodfellowEtAl},
		{"gan-generator", part(plain, generatorPart), 765633, 7250432, goodfellowEtAl},
		{"gan-discriminator", part(plain, discriminatorPart), 138561, 6629504, goodfellowEtAl},
		{"dcgan", &dcgan, 6342272, 208445440, radfordEtAl},
		{"dcgan-generator", part(dcgan, generatorPart), 3576704, 104628224, radfordEtAl},
		{"dcgan-discriminator", part(dcgan, discriminatorPart), 2765568, 103817216, radfordEtAl},
	} {
		if err := Register(e); err != nil {
			panic(err)
		}
	}
}

// Family is "gan".
func (g *GAN) Family() string { return "gan" }

// Clone returns a deep copy.
func (g *GAN) Clone() Architecture {
	c := *g
	c.Features = slices.Clone(g.Features)
	return &c
}

// Validate reports what is wrong with the configuration.
func (g *GAN) Validate() error {
	if g.Latent < 1 || g.Channels < 1 || g.Start < 1 {
		return errors.Errorf("latent %d, channels %d, start %d, want at least 1 of each", g.Latent, g.Channels, g.Start)
	}
	if len(g.Features) == 0 || len(g.Features) > 16 || slices.Min(g.Features) < 1 {
		return errors.Errorf("features %v, want the channels of 1 to 16 maps", g.Features)
	}
	if g.Part != "" && g.Part != generatorPart && g.Part != discriminatorPart {
		return errors.Errorf("part %q, want %q, %q or none", g.Part, generatorPart, discriminatorPart)
	}
	return nil
}

// Noise returns the size of the noise.
func (g *GAN) Noise() int { return g.Latent }

// Picture returns the shape of an image.
func (g *GAN) Picture() (channels, height, width int) {
	size := g.Start << len(g.Features)
	return g.Channels, size, size
}

// Parts reports which of the two networks the configuration has.
func (g *GAN) Parts() (generator, discriminator bool) {
	return g.Part != discriminatorPart, g.Part != generatorPart
}

// dcganNormal is how Radford et al. begin.
var dcganNormal = graph.Normal(0, 0.02)

// up doubles the image, and down halves it.
func (g *GAN) up(out int) blocks.ConvTranspose {
	return blocks.ConvTranspose{Out: out, Kernel: 4, Stride: 2, Padding: 1, Bias: !g.AllConv, Init: dcganNormal}
}

func (g *GAN) down(out int) blocks.Conv {
	return blocks.Conv{Out: out, Kernel: 4, Stride: 2, Padding: 1, Bias: !g.AllConv, Init: dcganNormal}
}

// norm is that of Radford et al., whose scales begin near 1.
func (g *GAN) norm() blocks.Norm { return blocks.Norm{Init: graph.Normal(1, 0.02)} }

// Generate emits the generator: z (N, Latent) to images (N, Channels, H, W).
func (g *GAN) Generate(s *graph.Scope, z *G.Node) *G.Node {
	if g.AllConv {
		return g.generateAllConv(s.Sub("main"), z)
	}
	x := blocks.Linear(s.Sub("fc"), z, g.Features[0]*g.Start*g.Start)
	x = blocks.Unflatten(s, x, g.Features[0], g.Start, g.Start)
	for i := range g.Features {
		if i > 0 {
			x = blocks.ReLU.Emit(s, x)
		}
		x = blocks.ConvTranspose2d(s.Sub(fmt.Sprint("conv", i+1)), x, g.up(g.after(i)))
	}
	return blocks.Tanh.Emit(s, x)
}

// after returns the number of channels after map i.
func (g *GAN) after(i int) int {
	if i+1 < len(g.Features) {
		return g.Features[i+1]
	}
	return g.Channels
}

func (g *GAN) generateAllConv(s *graph.Scope, z *G.Node) *G.Node {
	x := blocks.Unflatten(s, z, g.Latent, 1, 1)
	c := blocks.ConvTranspose{Out: g.Features[0], Kernel: g.Start, Init: dcganNormal}
	for i := range g.Features {
		x = blocks.ConvTransposeNormAct{
			ConvName: strconv.Itoa(3 * i), NormName: strconv.Itoa(3*i + 1),
			Conv: c, Norm: g.norm(), ReLU: true,
		}.Emit(s, x)
		c = g.up(g.after(i))
	}
	x = blocks.ConvTranspose2d(s.Sub(strconv.Itoa(3*len(g.Features))), x, c)
	return blocks.Tanh.Emit(s, x)
}

// Discriminate emits the discriminator: images x (N, Channels, H, W) to logits
// (N, 1) of their being real.
func (g *GAN) Discriminate(s *graph.Scope, x *G.Node) *G.Node {
	if g.AllConv {
		return g.discriminateAllConv(s.Sub("main"), x)
	}
	for i, out := range slices.Backward(g.Features) {
		x = blocks.Conv2d(s.Sub(fmt.Sprint("conv", len(g.Features)-i)), x, g.down(out))
		x = blocks.LeakyReLU.Emit(s, x)
	}
	return blocks.Linear(s.Sub("fc"), blocks.Flatten(s, x), 1)
}

func (g *GAN) discriminateAllConv(s *graph.Scope, x *G.Node) *G.Node {
	last := len(g.Features) - 1
	x = blocks.Conv2d(s.Sub("0"), x, g.down(g.Features[last]))
	x = blocks.LeakyReLU.Emit(s, x)
	for i, out := range slices.Backward(g.Features[:last]) {
		place := 2 + 3*(last-1-i) // in PyTorch's Sequential, which counts activations too
		x = blocks.ConvNormAct{
			ConvName: strconv.Itoa(place), NormName: strconv.Itoa(place + 1),
			Conv: g.down(out), Norm: g.norm(),
		}.Emit(s, x)
		x = blocks.LeakyReLU.Emit(s, x)
	}
	x = blocks.Conv2d(s.Sub(strconv.Itoa(2+3*last)), x, blocks.Conv{Out: 1, Kernel: g.Start, Init: dcganNormal})
	return blocks.Flatten(s, x)
}
