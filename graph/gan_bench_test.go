package graph_test

import (
	"fmt"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// ganNet is a generator of images from noise and a discriminator that tells them
// from real ones, bare of all that is not measured.
type ganNet struct {
	noise, image  []int // without N
	generator     func(s *graph.Scope, z *G.Node) *G.Node
	discriminator func(s *graph.Scope, x *G.Node) *G.Node // to logits (N, 1)
}

// smallGAN is for grey images of 28x28.
var smallGAN = ganNet{
	noise: []int{100}, image: []int{1, 28, 28},
	generator: func(s *graph.Scope, z *G.Node) *G.Node {
		y := ganLinear(s.Sub("0"), z, 6272)
		y = s.Emit(op.Reshape(y, z.Shape()[0], 128, 7, 7))
		y = s.Emit(op.ReLU(ganUp(s.Sub("1"), y, 64, doubling, true)))
		return s.Emit(op.Tanh(ganUp(s.Sub("2"), y, 1, doubling, true)))
	},
	discriminator: func(s *graph.Scope, x *G.Node) *G.Node {
		y := s.Emit(op.LeakyReLU(ganDown(s.Sub("0"), x, 64, halving, true), 0.2))
		y = s.Emit(op.LeakyReLU(ganDown(s.Sub("1"), y, 128, halving, true), 0.2))
		return ganLinear(s.Sub("2"), s.Emit(op.Flatten(planar(s, y), 1)), 1)
	},
}

// dcgan is that of Radford et al. 2015 for colour images of 64x64.
var dcgan = ganNet{
	noise: []int{100, 1, 1}, image: []int{3, 64, 64},
	generator: func(s *graph.Scope, z *G.Node) *G.Node {
		y := ganNorm(s.Sub("0"), ganUp(s.Sub("0"), z, 512, op.ConvTranspose2dOptions{}, false), true)
		for i, channels := range []int{256, 128, 64} {
			part := s.Sub(fmt.Sprint(i + 1))
			y = ganNorm(part, ganUp(part, y, channels, doubling, false), true)
		}
		return s.Emit(op.Tanh(ganUp(s.Sub("4"), y, 3, doubling, false)))
	},
	discriminator: func(s *graph.Scope, x *G.Node) *G.Node {
		y := s.Emit(op.LeakyReLU(ganDown(s.Sub("0"), x, 64, halving, false), 0.2))
		for i, channels := range []int{128, 256, 512} {
			part := s.Sub(fmt.Sprint(i + 1))
			y = s.Emit(op.LeakyReLU(ganNorm(part, ganDown(part, y, channels, halving, false), false), 0.2))
		}
		y = ganDown(s.Sub("4"), y, 1, op.Conv2dOptions{}, false)
		return s.Emit(op.Reshape(y, x.Shape()[0], 1))
	},
}

var (
	doubling = op.ConvTranspose2dOptions{Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}
	halving  = op.Conv2dOptions{Stride: [2]int{2, 2}, Padding: [2]int{1, 1}}
)

func planar(s *graph.Scope, x *G.Node) *G.Node {
	if _, blocked := op.ImageShape(x); blocked {
		return s.Emit(op.ToPlanar(x))
	}
	return x
}

// ganShared is a parameter or buffer that two applications of a network to nodes of
// one graph share.
func ganShared(get func(string, graph.Init, ...int) *G.Node, s *graph.Scope, x *G.Node, name string, init graph.Init, shape ...int) *G.Node {
	if n := x.Graph().ByName(s.Path() + "." + name); len(n) > 0 {
		return n[0]
	}
	return get(name, init, shape...)
}

func ganParam(s *graph.Scope, x *G.Node, name string, init graph.Init, shape ...int) *G.Node {
	return ganShared(s.Param, s, x, name, init, shape...)
}

func ganWeights(s *graph.Scope, x *G.Node, bias bool, channels int, shape ...int) (w, b *G.Node) {
	w = ganParam(s, x, "weight", graph.Normal(0, 0.02), shape...)
	if bias {
		b = ganParam(s, x, "bias", graph.Zeros, channels)
	}
	return w, b
}

func ganLinear(s *graph.Scope, x *G.Node, out int) *G.Node {
	w, b := ganWeights(s, x, true, out, out, x.Shape()[1])
	return s.Emit(op.Linear(x, w, b))
}

func ganDown(s *graph.Scope, x *G.Node, out int, o op.Conv2dOptions, bias bool) *G.Node {
	shape, _ := op.ImageShape(x)
	w, b := ganWeights(s, x, bias, out, out, shape[1], 4, 4)
	o.NoInputGrad = s.IsData(x)
	x, blocked, err := op.ForConv2d(x, out, 1)
	o.Blocked = blocked
	return s.Emit(op.Conv2d(s.Emit(x, err), w, b, o))
}

func ganUp(s *graph.Scope, x *G.Node, out int, o op.ConvTranspose2dOptions, bias bool) *G.Node {
	shape, _ := op.ImageShape(x)
	w, b := ganWeights(s, x, bias, out, shape[1], out, 4, 4)
	o.NoInputGrad = s.IsData(x)
	x = s.Emit(op.ForConvTranspose2d(x, w, o))
	return s.Emit(op.ConvTranspose2d(x, w, b, o))
}

func ganNorm(s *graph.Scope, x *G.Node, relu bool) *G.Node {
	shape, _ := op.ImageShape(x)
	c, s := shape[1], s.Sub("norm")
	w, b := ganParam(s, x, "weight", graph.Ones, c), ganParam(s, x, "bias", graph.Zeros, c)
	mean, variance := ganShared(s.Buffer, s, x, "running_mean", graph.Zeros, c), ganShared(s.Buffer, s, x, "running_var", graph.Ones, c)
	return s.Emit(op.BatchNormTrain(x, w, b, mean, variance, op.BatchNormOptions{ReLU: relu}))
}

func ganLoss(s *graph.Scope, logits *G.Node, target string) *G.Node {
	return s.Emit(op.BCEWithLogits(logits, s.Input(target, logits.Shape()...), op.BCEWithLogitsOptions{}))
}

// program builds and compiles a graph for training with all but the parameters
// under trained frozen, and sets every input to noise.
func (g ganNet) program(b *testing.B, p *graph.Params, trained string, emit func(s *graph.Scope)) *graph.Program {
	b.Helper()
	built, err := graph.Build(p, graph.Train, emit, graph.WithFrozen(func(param string) bool { return !strings.HasPrefix(param, trained) }))
	if err != nil {
		b.Fatal(err)
	}
	program, err := graph.NewProgram(built)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { program.Close() })
	for _, name := range []string{"noise", "real", "ones", "zeros", "both", "targets"} {
		n := built.Input(name)
		if n == nil {
			continue
		}
		v := tensor.New(tensor.WithShape(n.Shape()...), tensor.Of(tensor.Float32))
		for i := range v.Float32s() {
			v.Float32s()[i] = float32(i*7919%1024)/512 - 1
		}
		if err := program.Let(name, v); err != nil {
			b.Fatal(err)
		}
	}
	return program
}

// BenchmarkGANStep measures the two steps of training with 64 images, without the
// solver: the discriminator's, with 64 real and 64 generated images one after the
// other or, with "both", as one batch; and the generator's.
func BenchmarkGANStep(b *testing.B) {
	const n = 64
	for name, net := range map[string]ganNet{"small": smallGAN, "dcgan": dcgan} {
		sized := func(n int, shape []int) []int { return append([]int{n}, shape...) }
		fake := func(s *graph.Scope) *G.Node {
			return net.generator(s.Sub("G"), s.Input("noise", sized(n, net.noise)...))
		}
		for _, step := range []struct {
			name, trained string
			emit          func(s *graph.Scope)
		}{
			{"generate", "none", func(s *graph.Scope) { s.Output("images", fake(s)) }},
			{"discriminator", "D", func(s *graph.Scope) {
				real := ganLoss(s, net.discriminator(s.Sub("D"), s.Input("real", sized(n, net.image)...)), "ones")
				made := ganLoss(s, net.discriminator(s.Sub("D"), fake(s)), "zeros")
				s.Loss(s.Emit(op.Add(real, made)))
			}},
			{"both", "D", func(s *graph.Scope) {
				s.Loss(ganLoss(s, net.discriminator(s.Sub("D"), s.Input("both", sized(2*n, net.image)...)), "targets"))
			}},
			{"generator", "G", func(s *graph.Scope) {
				s.Loss(ganLoss(s, net.discriminator(s.Sub("D"), fake(s)), "ones"))
			}},
		} {
			b.Run(name+"/"+step.name, func(b *testing.B) {
				p := net.program(b, graph.NewParams(1), step.trained, step.emit)
				if err := p.Run(); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if err := p.Run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
