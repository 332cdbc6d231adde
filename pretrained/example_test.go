package pretrained_test

import (
	"fmt"
	"image"
	"log"

	"github.com/gorgonia-zoo/modelzoo/pretrained"
)

// A photograph of any size will do; this one is all black.
func ExampleLoad() {
	model, err := pretrained.Load("resnet20", "cifar10")
	if err != nil {
		log.Fatal(err)
	}
	predictor, err := model.Predictor()
	if err != nil {
		log.Fatal(err)
	}
	p, err := predictor.Predict(image.NewRGBA(image.Rect(0, 0, 640, 480)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(p.Logits), "classes,", predictor.Classes()[3], "is one")
	// Output: 10 classes, cat is one
}

func ExampleList() {
	for _, e := range pretrained.List() {
		if top1, ok := e.Meta.Metrics["top1"]; ok {
			fmt.Printf("%s of %s: %.2f %%\n", e.Model, e.Data, 100*top1)
		}
	}
	// Output:
	// convnet of fashion-mnist: 92.59 %
	// resnet20 of cifar10: 91.64 %
	// resnet20 of fashion-mnist: 94.73 %
}
