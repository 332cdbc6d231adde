package weights_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A model is saved, and loaded into another that has the same structure.
func Example() {
	dir, err := os.MkdirTemp("", "weights")
	check(err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "resnet20.gob")

	model, err := zoo.New("resnet20", zoo.WithClasses(10))
	check(err)
	params, err := model.Init(1)
	check(err)
	meta := weights.Meta{Model: model.Name(), License: "Apache-2.0"}
	check(meta.SetConfig(model.Config()))
	check(weights.Save(path, params, meta))

	archive, err := weights.Load(path)
	check(err)
	again, err := zoo.New(archive.Meta.Model, zoo.WithConfig(archive.Meta.DecodeConfig))
	check(err)
	loaded := graph.NewParams(0)
	_, err = again.Graph(loaded, graph.Infer, 1)
	check(err)
	check(archive.Into(loaded))
	fmt.Println(loaded.Count(), "parameters for", again.Classes(), "classes")
	// Output: 269722 parameters for 10 classes
}

// Weights of a model for other classes are a start for all but the head.
func ExampleSkip() {
	model, err := zoo.New("resnet20", zoo.WithClasses(100))
	check(err)
	pretrained, err := model.Init(1)
	check(err)
	archive := weights.FromParams(pretrained)

	tuned, err := zoo.New("resnet20", zoo.WithClasses(10))
	check(err)
	params, err := tuned.Init(2)
	check(err)
	fmt.Println(archive.Into(params))
	fmt.Println(archive.Into(params, weights.Skip("fc.*")))
	// Output:
	// fc.weight: checkpoint has 100 classes, model wants 10
	// <nil>
}

// A program for inference takes its weights from the file as it needs them.
func ExampleDeferred() {
	dir, err := os.MkdirTemp("", "weights")
	check(err)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "resnet20.gob")
	model, err := zoo.New("resnet20")
	check(err)
	trained, err := model.Init(1)
	check(err)
	check(weights.Save(path, trained, weights.Meta{Model: model.Name()}))

	params := graph.NewParams(0)
	g, err := model.Graph(params, graph.Infer, 1, graph.WithoutValues())
	check(err)
	meta, err := weights.LoadInto(path, params, weights.Deferred())
	check(err)
	program, err := graph.NewProgram(g)
	check(err)
	defer program.Close()
	c, h, w := model.Input()
	check(program.Let("x", tensor.New(tensor.WithShape(1, c, h, w), tensor.Of(tensor.Float32))))
	check(program.Run())
	kept, _ := params.Get("layer3.2.conv2.weight")
	fmt.Println(meta.Model, kept.InMemory())
	// Output: resnet20 false
}
