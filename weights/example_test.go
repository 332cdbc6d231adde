package weights_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

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
