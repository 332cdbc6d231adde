// Logits builds a ResNet-18, runs it on a stock Gorgonia tape machine and prints
// the logits of an empty image.
package main

import (
	"fmt"
	"log"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/zoo"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func main() {
	model, err := zoo.New("resnet18", zoo.WithClasses(10))
	check(err)
	g, err := model.Graph(graph.NewParams(1), graph.Infer, 1) // seed 1, batch 1
	check(err)
	x := tensor.New(tensor.WithShape(1, 3, 224, 224), tensor.Of(tensor.Float32))
	check(gorgonia.Let(g.Input("x"), x))
	machine := gorgonia.NewTapeMachine(g.Expr())
	check(machine.RunAll())
	fmt.Println(g.Output("logits").Value().Data())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
