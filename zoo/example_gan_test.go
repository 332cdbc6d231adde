package zoo_test

import (
	"fmt"
	"log"
	"slices"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/zoo"
	"gorgonia.org/tensor"
)

// A step of a pair of adversaries by hand: the discriminator on real images and on
// generated ones, then the generator.
func ExampleModel_GeneratorGraph() {
	model, err := zoo.New("gan", func(a zoo.Architecture) error {
		net := a.(*zoo.GAN)
		net.Latent, net.Features = 16, []int{32, 16}
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	params := graph.NewParams(1)
	const batch = 8
	dg, err := model.DiscriminatorGraph(params, batch)
	if err != nil {
		log.Fatal(err)
	}
	discriminator, err := graph.NewProgram(dg)
	if err != nil {
		log.Fatal(err)
	}
	defer discriminator.Close()
	gg, err := model.GeneratorGraph(params, batch)
	if err != nil {
		log.Fatal(err)
	}
	generator, err := graph.NewProgram(gg)
	if err != nil {
		log.Fatal(err)
	}
	defer generator.Close()

	z := tensor.New(tensor.WithShape(batch, 16), tensor.WithBacking(tensor.Random(tensor.Float32, batch*16)))
	real := tensor.New(tensor.WithShape(batch, 1, 28, 28), tensor.Of(tensor.Float32)) // images in [-1, 1]
	yes := tensor.Ones(tensor.Float32, batch, 1)
	no := tensor.New(tensor.WithShape(batch, 1), tensor.Of(tensor.Float32))
	generator.Let("z", z)
	generator.Let("y", yes)
	judge, forge := train.NewAdam(2e-4), train.NewAdam(2e-4)
	judge.Beta1, forge.Beta1 = 0.5, 0.5

	// The discriminator: one update by the sum of the gradients of two runs.
	if err := generator.Run(); err != nil {
		log.Fatal(err)
	}
	made, err := generator.Output("images")
	if err != nil {
		log.Fatal(err)
	}
	var sum [][]float32
	for _, side := range []struct{ images, target tensor.Tensor }{{real, yes}, {made, no}} {
		discriminator.Let("x", side.images)
		discriminator.Let("y", side.target)
		if err := discriminator.Run(); err != nil {
			log.Fatal(err)
		}
		for i, p := range discriminator.Grads() {
			v, err := p.Grad()
			if err != nil {
				log.Fatal(err)
			}
			g := v.Data().([]float32)
			if len(sum) == i { // the first run
				sum = append(sum, slices.Clone(g))
				continue
			}
			for j := range g {
				g[j] += sum[i][j]
			}
		}
	}
	if err := discriminator.Update(judge); err != nil {
		log.Fatal(err)
	}

	// The generator, against what the discriminator has become.
	if err := generator.Step(forge); err != nil {
		log.Fatal(err)
	}
	fmt.Println(made.Shape())
	fmt.Println(len(discriminator.Grads()), "and", len(generator.Grads()), "trained parameters")
	// Output:
	// (8, 1, 28, 28)
	// 6 and 6 trained parameters
}
