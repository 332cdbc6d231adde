package graph_test

import (
	"fmt"
	"log"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

func ExampleProgram_Profile() {
	model, err := zoo.New("resnet20")
	if err != nil {
		log.Fatal(err)
	}
	g, err := model.Graph(graph.NewParams(1), graph.Infer, 1)
	if err != nil {
		log.Fatal(err)
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		log.Fatal(err)
	}
	if err := program.Let("x", tensor.New(tensor.WithShape(1, 3, 32, 32), tensor.Of(tensor.Float32))); err != nil {
		log.Fatal(err)
	}
	profile, err := program.Profile(5) // medians of five runs
	if err != nil {
		log.Fatal(err)
	}
	for _, o := range profile.Ops {
		// o.Time and o.GFLOPS() tell how long it took and how fast that is.
		if o.Scope == "layer1.0.conv1" || o.Scope == "fc" {
			fmt.Println(o.Scope, o.Op, o.MACs, "multiply-adds")
		}
	}
	// Output:
	// layer1.0.conv1 Conv2dInfer 2359296 multiply-adds
	// fc Linear 640 multiply-adds
}
