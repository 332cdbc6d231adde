package zoo_test

import (
	"fmt"
	"log"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// A network for grey images of 28 by 28 pixels with a third convolution.
func ExampleNew_convNet() {
	model, err := zoo.New("convnet", zoo.WithInput(1, 28, 28), func(a zoo.Architecture) error {
		net := a.(*zoo.ConvNet)
		net.Features, net.Hidden = []int{16, 32, 64}, 64
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	params := graph.NewParams(1)
	g, err := model.LossGraph(params, graph.Train, 32, zoo.Loss{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Input("x").Shape(), "to", g.Output("logits").Shape())
	fmt.Println(params.Count(), "parameters")
	for _, l := range g.Layers() {
		fmt.Println(l.Name, l.Out)
	}
	// Output:
	// (32, 1, 28, 28) to (32, 10)
	// 60874 parameters
	// conv1 (32, 16, 28, 28)
	// pool1 (32, 16, 14, 14)
	// conv2 (32, 32, 14, 14)
	// pool2 (32, 32, 7, 7)
	// conv3 (32, 64, 7, 7)
	// pool3 (32, 64, 3, 3)
	// fc1 (32, 64)
	// fc2 (32, 10)
}
