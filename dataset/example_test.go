package dataset_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// Glyphs need no file: an epoch of them, in batches for a model.
func Example() {
	data, err := dataset.Open("glyphs", dataset.Options{Seed: 1, TrainLen: 500, ValLen: 100})
	if err != nil {
		log.Fatal(err)
	}
	loader, err := dataset.NewLoader(data.Train, dataset.Config{
		BatchSize: 200,
		Shuffle:   true,
		Seed:      1,
		Pipeline:  data.TrainPipeline(1, 28, 28),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer loader.Close()
	for {
		batch, err := loader.Next(context.Background())
		if err == io.EOF {
			break // the epoch is over
		}
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(batch.Epoch, batch.Index, batch.Images.Shape(), len(batch.Labels))
		batch.Release()
	}
	// Output:
	// 0 0 (200, 1, 28, 28) 200
	// 0 1 (200, 1, 28, 28) 200
	// 0 2 (100, 1, 28, 28) 100
}

// The evaluation transforms of torchvision's ImageNet models.
func ExamplePipeline() {
	p := dataset.Pipeline{
		Transforms: []dataset.Transform{
			dataset.Resize{Size: 256},
			dataset.CenterCrop{Height: 224, Width: 224},
		},
		Normalize: dataset.ImageNet,
	}
	c, h, w, err := p.Shape(3, 375, 500)
	if err != nil {
		log.Fatal(err)
	}
	x := make([]float32, c*h*w)
	if err := p.Apply(dataset.NewImage(3, 375, 500), nil, x); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("(%d, %d, %d), black is %.4f\n", c, h, w, x[0])
	// Output: (3, 224, 224), black is -2.1179
}

// A mistyped name.
func ExampleOpen_unknown() {
	_, err := dataset.Open("fashionmnist:data", dataset.Options{})
	fmt.Println(err)
	// Output: unknown data set "fashionmnist": did you mean fashion-mnist? known are glyphs, mnist, fashion-mnist, cifar10, cifar100, imagefolder
}

// Continuing after 3 batches of epoch 2 gives the same batches as never having
// stopped.
func ExampleLoader_Seek() {
	data, err := dataset.Open("glyphs", dataset.Options{TrainLen: 100, ValLen: 10})
	if err != nil {
		log.Fatal(err)
	}
	loader, err := dataset.NewLoader(data.Train, dataset.Config{BatchSize: 25, Shuffle: true})
	if err != nil {
		log.Fatal(err)
	}
	defer loader.Close()
	if err := loader.Seek(2, 3); err != nil {
		log.Fatal(err)
	}
	batch, err := loader.Next(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(batch.Epoch, batch.Index)
	fmt.Println(loader.Position())
	// Output:
	// 2 3
	// 2 4
}

// The same key draws the same box.
func ExampleRandomResizedCrop_Params() {
	crop := dataset.RandomResizedCrop{Height: 224, Width: 224}
	for range 2 {
		fmt.Println(crop.Params(375, 500, rand.New(rng.New(1, "augment", 0, 7))))
	}
	// Output:
	// 65 75 309 231
	// 65 75 309 231
}

// Fetching a data set with its progress.
func ExampleDownload() {
	err := dataset.Download(context.Background(), "cifar10", "data", dataset.DownloadOptions{
		Progress: func(file string, done, total int64) {
			fmt.Printf("\r%s %d%%", file, 100*done/total)
		},
	})
	if err != nil {
		log.Fatal(err)
	}
}

// Sentences need no file: an epoch of them for a recurrent model.
func ExampleOpenText() {
	text, err := dataset.OpenText("sentences", dataset.TextOptions{TrainLen: 1000, ValLen: 100})
	if err != nil {
		log.Fatal(err)
	}
	const batch, steps = 4, 50
	streams, err := dataset.NewStreams(text.Train, batch, steps)
	if err != nil {
		log.Fatal(err)
	}
	x, y, reset := make([]int, batch*steps), make([]int, batch*steps), make([]bool, batch)
	for streams.Next(x, y, reset) {
		fmt.Printf("%q %q %v\n", text.Vocab.Decode(x[:20]), text.Vocab.Decode(y[:20]), reset)
	}
	// Output:
	// "Kate and the sheep\n\n" "ate and the sheep\n\nS" [true true true true]
	// "d the sailor is not " " the sailor is not t" [false false false false]
	// "and sings in the for" "nd sings in the fore" [false false false false]
	// "or painter the key. " "r painter the key. A" [false false false false]
	// "needs two eggs that " "eeds two eggs that t" [false false false false]
}
