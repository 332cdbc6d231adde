// Judge has a classifier say what a generator's images show, and prints how many of
// them are of which class.
//
//	go run ./examples/judge GENERATOR CLASSIFIER [N]
//
// Both are files of weights that were trained on the same kind of images.
package main

import (
	"fmt"
	"log"
	"os"
	"strconv"

	"github.com/gorgonia-zoo/modelzoo/zoo"
	"gorgonia.org/tensor"
)

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: judge GENERATOR CLASSIFIER [N]")
	}
	n := 1000
	if len(os.Args) > 3 {
		var err error
		n, err = strconv.Atoi(os.Args[3])
		check(err)
	}
	generator, err := zoo.Load(os.Args[1], "")
	check(err)
	classifier, err := zoo.Load(os.Args[2], "")
	check(err)
	images, err := generator.Images(n, 1)
	check(err)
	logits, err := classify(classifier, images)
	check(err)
	counts := make([]int, classifier.Model.Classes())
	for i := range n {
		counts[best(logits[i*len(counts):(i+1)*len(counts)])]++
	}
	for class, name := range classifier.Meta.Classes {
		fmt.Printf("%6.1f %%  %s\n", 100*float64(counts[class])/float64(n), name)
	}
}

// classify normalises images in [-1, 1] as the classifier wants them and returns its
// logits (N, classes).
func classify(p *zoo.Pretrained, images *tensor.Dense) ([]float32, error) {
	in := p.Meta.Input
	s := images.Shape()
	plane := s[2] * s[3]
	x := images.Float32s()
	for i := range x {
		channel := i / plane % s[1]
		x[i] = ((x[i]+1)/2 - in.Mean[channel]) / in.Std[channel]
	}
	predictor, err := p.Predictor()
	if err != nil {
		return nil, err
	}
	logits, err := predictor.Logits(images)
	if err != nil {
		return nil, err
	}
	return logits.Float32s(), nil
}

// best returns the place of the largest logit.
func best(logits []float32) (at int) {
	for i, v := range logits {
		if v > logits[at] {
			at = i
		}
	}
	return at
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
