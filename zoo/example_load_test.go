package zoo_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// A model of characters goes on with a text. The file tells the model, its
// configuration and its vocabulary; these weights are untrained.
func ExamplePretrained_Continue() {
	path, remove := untrained("lstm-lm", zoo.WithVocabulary(3))
	defer remove()

	model, err := zoo.Load(path, "")
	if err != nil {
		log.Fatal(err)
	}
	text := ""
	err = model.Continue("ab", 20, zoo.Sampling{Temperature: 0.8, Seed: 1}, func(part string) bool {
		text += part
		return true // false ends it
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(text), "characters")
	// Output: 20 characters
}

// A generator makes images from a seed, here an untrained one.
func ExamplePretrained_Images() {
	path, remove := untrained("gan")
	defer remove()

	model, err := zoo.Load(path, "")
	if err != nil {
		log.Fatal(err)
	}
	images, err := model.Images(16, 1) // seed 1
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(images.Shape())
	// Output: (16, 1, 28, 28)
}

// untrained writes a file of first weights, such as a run leaves of trained ones.
func untrained(name string, opts ...zoo.Option) (path string, remove func()) {
	dir, err := os.MkdirTemp("", "weights")
	if err != nil {
		log.Fatal(err)
	}
	model, err := zoo.New(name, opts...)
	if err != nil {
		log.Fatal(err)
	}
	params, err := model.Init(1)
	if err != nil {
		log.Fatal(err)
	}
	meta := weights.Meta{Model: name}
	if err := meta.SetConfig(model.Config()); err != nil {
		log.Fatal(err)
	}
	if model.Task() == zoo.Language {
		meta.Vocabulary = &weights.Vocabulary{Unit: "character", Tokens: []string{"a", "b", "c"}}
	}
	path = filepath.Join(dir, "weights.gob")
	if err := weights.Save(path, params, meta); err != nil {
		log.Fatal(err)
	}
	return path, func() { os.RemoveAll(dir) }
}
