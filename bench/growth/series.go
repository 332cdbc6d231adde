package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// part is one question: how does the time change with x?
type part struct {
	name   string // "batch"
	title  string // of the plot
	axis   string // what x is
	x      func(point) float64
	y      func(point) float64 // milliseconds
	builds bool                // the graphs are made and not run
	series []series
	judge  judge
}

// series is a line in the plot.
type series struct {
	label string
	steps []step
}

// step is a workload and how many threads it may use, 0 for all.
type step struct {
	workload.Workload
	procs int
}

const (
	infer = workload.Inference
	train = workload.Training
)

var (
	batches  = []int{1, 2, 4, 8, 16, 32, 64}
	sides    = []int{64, 96, 128, 160, 192, 224, 288, 352, 448}
	threads  = []int{1, 2, 4, 8, 16}
	imagenet = []string{"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"}
	cifar    = []string{"resnet20", "resnet32", "resnet44", "resnet56", "resnet110"}
)

// parts returns everything that can be measured.
func parts() []part {
	return []part{{
		name: "batch", title: "Batch size", axis: "images in a batch",
		x: func(p point) float64 { return float64(p.Batch) }, y: running, judge: exponent,
		series: []series{
			over("resnet18, infer", grid(one("resnet18"), infer, batches, one(224), one(0))),
			over("resnet18, train", grid(one("resnet18"), train, batches, one(224), one(0))),
			over("resnet20, infer", grid(one("resnet20"), infer, append(batches, 128, 256), one(32), one(0))),
			over("resnet20, train", grid(one("resnet20"), train, append(batches, 128, 256), one(32), one(0))),
		},
	}, {
		name: "side", title: "Image size", axis: "pixels of an image",
		x: func(p point) float64 { return float64(p.Size * p.Size) }, y: running, judge: exponent,
		series: []series{
			over("resnet18, infer, batch 1", grid(one("resnet18"), infer, one(1), sides, one(0))),
			over("resnet18, train, batch 4", grid(one("resnet18"), train, one(4), sides, one(0))),
		},
	}, {
		name: "depth", title: "Depth", axis: "10⁹ multiply-adds of a forward pass",
		x: func(p point) float64 { return float64(p.MACs) / 1e9 }, y: running, judge: exponent,
		series: []series{
			over("resnet18 to 152, infer, batch 1", grid(imagenet, infer, one(1), one(224), one(0))),
			over("resnet18 to 152, train, batch 4", grid(imagenet, train, one(4), one(224), one(0))),
			over("resnet20 to 110, infer, batch 64", grid(cifar, infer, one(64), one(32), one(0))),
			over("resnet20 to 110, train, batch 64", grid(cifar, train, one(64), one(32), one(0))),
		},
	}, {
		name: "procs", title: "Threads", axis: "GOMAXPROCS",
		x: func(p point) float64 { return float64(p.Procs) }, y: running, judge: speedup,
		series: []series{
			over("resnet18, infer, batch 1", grid(one("resnet18"), infer, one(1), one(224), threads)),
			over("resnet18, infer, batch 8", grid(one("resnet18"), infer, one(8), one(224), threads)),
			over("resnet18, train, batch 8", grid(one("resnet18"), train, one(8), one(224), threads)),
			over("resnet20, train, batch 128", grid(one("resnet20"), train, one(128), one(32), threads)),
		},
	}, {
		name: "build", title: "Building and compiling graphs", axis: "layers",
		x: layers, y: building, builds: true, judge: exponent,
		series: []series{
			over("resnet18 to 152, infer", grid(imagenet, infer, one(1), one(224), one(0))),
			over("resnet18 to 152, train", grid(imagenet, train, one(1), one(224), one(0))),
			over("resnet20 to 110, infer", grid(cifar, infer, one(1), one(32), one(0))),
			over("resnet20 to 110, train", grid(cifar, train, one(1), one(32), one(0))),
		},
	}}
}

func one[T any](v T) []T { return []T{v} }

func over(label string, steps []step) series { return series{label, steps} }

// grid is every combination.
func grid(models []string, k workload.Kind, batches, sizes, procs []int) (steps []step) {
	for _, m := range models {
		for _, b := range batches {
			for _, s := range sizes {
				for _, p := range procs {
					steps = append(steps, step{workload.Workload{Model: m, Kind: k, Batch: b, Size: s}, p})
				}
			}
		}
	}
	return steps
}

func running(p point) float64  { return p.MS }
func building(p point) float64 { return p.BuildMS + p.CompileMS }

// layers is the number in the model's name.
func layers(p point) float64 {
	n, err := strconv.Atoi(strings.TrimPrefix(p.Model, "resnet"))
	if err != nil {
		panic(fmt.Sprintf("%s: no ResNet", p.Model))
	}
	return float64(n)
}
