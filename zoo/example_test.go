package zoo_test

import (
	"fmt"
	"image"
	"log"
	"os"
	"path/filepath"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// A model on a stock tape machine, from its name to the logits.
func Example() {
	model, err := zoo.New("resnet18", zoo.WithClasses(10), zoo.WithInput(3, 64, 64))
	if err != nil {
		log.Fatal(err)
	}
	g, err := model.Graph(graph.NewParams(1), graph.Infer, 1)
	if err != nil {
		log.Fatal(err)
	}
	machine := gorgonia.NewTapeMachine(g.Expr())
	defer machine.Close()
	gorgonia.Let(g.Input("x"), tensor.New(tensor.WithBacking(make([]float32, 3*64*64)), tensor.WithShape(1, 3, 64, 64)))
	if err := machine.RunAll(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Output("logits").Value().Shape())
	// Output: (1, 10)
}

// The five depths of the paper differ in the kind of block and in how many of
// them a stage has.
func ExampleNew() {
	for _, name := range []string{"resnet18", "resnet34", "resnet50", "resnet101", "resnet152"} {
		m, err := zoo.New(name)
		if err != nil {
			log.Fatal(err)
		}
		net := m.Config().(*zoo.ResNet)
		fmt.Println(name, net.Block, net.Blocks)
	}
	// Output:
	// resnet18 basic [2 2 2 2]
	// resnet34 basic [3 4 6 3]
	// resnet50 bottleneck [3 4 6 3]
	// resnet101 bottleneck [3 4 23 3]
	// resnet152 bottleneck [3 8 36 3]
}

// Depth, width, stem and norm are fields of the configuration.
func ExampleWithResNet() {
	m, err := zoo.New("resnet18",
		zoo.WithClasses(10),
		zoo.WithInput(1, 32, 32),
		zoo.WithResNet(func(r *zoo.ResNet) {
			r.Blocks = []int{1, 2, 2, 1} // ResNet-14
			r.Stem = zoo.CIFARStem       // 3x3, stride 1, no pool
			r.Width = 32
			r.Eps, r.Momentum = 1e-3, 0.01
			r.ZeroInit = true
		}))
	if err != nil {
		log.Fatal(err)
	}
	params, err := m.Init(1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(params.Count(), "parameters")
	// Output: 1597802 parameters
}

// Stride becomes dilation: the last two stages keep the image at an eighth of
// its size, as networks for segmentation want.
func ExampleWithResNet_dilation() {
	m, err := zoo.New("resnet50", zoo.WithResNet(func(r *zoo.ResNet) {
		r.StrideToDilation = []bool{false, true, true}
	}))
	if err != nil {
		log.Fatal(err)
	}
	g, err := m.Graph(graph.NewParams(1), graph.Eval, 1)
	if err != nil {
		log.Fatal(err)
	}
	for _, l := range g.Layers() {
		if l.Name == "layer4.2.conv2" {
			fmt.Println(l.Detail, l.Out)
		}
	}
	// Output: 3x3, padding 4, dilation 4 (1, 512, 28, 28)
}

// A variant of one's own, known by name from then on.
func ExampleRegister() {
	net := &zoo.ResNet{
		Size:       zoo.Image{Classes: 10, Channels: 3, Height: 32, Width: 32},
		Block:      "basic",
		Blocks:     []int{2, 2, 2},
		Width:      8,
		Groups:     1,
		GroupWidth: 64,
		Shortcut:   blocks.PadChannels,
		Stem:       zoo.CIFARStem,
		Eps:        1e-5,
		Momentum:   0.1,
		Init:       "fan_in",
	}
	if err := zoo.Register(zoo.Entry{Name: "resnet14_tiny", Architecture: net, Source: "this example"}); err != nil {
		log.Fatal(err)
	}
	names, _ := zoo.Names("*tiny")
	fmt.Println(names)
	// Output: [resnet14_tiny]
}

// One training step by hand: the graph with its loss, and a Gorgonia solver.
func ExampleModel_LossGraph() {
	model, err := zoo.New("resnet20")
	if err != nil {
		log.Fatal(err)
	}
	params := graph.NewParams(1)
	g, err := model.LossGraph(params, graph.Train, 4, zoo.Loss{})
	if err != nil {
		log.Fatal(err)
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()

	images := make([]float32, 4*3*32*32)
	for i := range images {
		images[i] = float32(i%17)/8 - 1
	}
	program.Let("x", tensor.New(tensor.WithShape(4, 3, 32, 32), tensor.WithBacking(images)))
	program.Let("y", tensor.New(tensor.WithShape(4), tensor.WithBacking([]int{3, 1, 4, 1})))

	solver := gorgonia.NewVanillaSolver(gorgonia.WithLearnRate(0.1))
	var losses []float32
	for range 5 {
		if err := program.Step(solver); err != nil {
			log.Fatal(err)
		}
		losses = append(losses, program.Loss())
	}
	fmt.Println("the loss fell:", losses[4] < losses[0])
	// Output: the loss fell: true
}

// Classes of images, and features of them.
func ExamplePretrained_Predictor() {
	file, photo := fineTuned(), image.NewRGBA(image.Rect(0, 0, 64, 48))
	defer os.RemoveAll(filepath.Dir(file))
	pretrained, err := zoo.Load(file, "")
	if err != nil {
		log.Fatal(err)
	}
	predictor, err := pretrained.Predictor()
	if err != nil {
		log.Fatal(err)
	}
	prediction, err := predictor.Predict(photo)
	if err != nil {
		log.Fatal(err)
	}
	for _, class := range prediction.Top(2) {
		fmt.Printf("%s %.2f\n", class.Name, class.Probability)
	}

	x := tensor.New(tensor.WithShape(8, 3, 96, 64), tensor.Of(tensor.Float32))
	features, err := predictor.Features(x, "layer3", "avgpool")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(features[0].Shape(), features[1].Shape())
	// Output:
	// dog 0.98
	// cat 0.02
	// (8, 64, 24, 16) (8, 64)
}

// fineTuned writes weights of a network for two classes that sees dogs everywhere,
// to a folder of their own.
func fineTuned() string {
	m, err := zoo.New("resnet20", zoo.WithClasses(2))
	if err != nil {
		log.Fatal(err)
	}
	params, err := m.Init(1)
	if err != nil {
		log.Fatal(err)
	}
	if err := params.Set("fc.weight", tensor.Shape{2, 64}, make([]float32, 2*64)); err != nil {
		log.Fatal(err)
	}
	if err := params.Set("fc.bias", tensor.Shape{2}, []float32{-2, 2}); err != nil {
		log.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "zoo")
	if err != nil {
		log.Fatal(err)
	}
	file := filepath.Join(dir, "pets.gob")
	meta := weights.Meta{Model: m.Name(), Classes: []string{"cat", "dog"}}
	meta.Input = weights.Input{Height: 32, Width: 32, Mean: []float32{0.5, 0.5, 0.5}, Std: []float32{0.2, 0.2, 0.2}}
	if err := meta.SetConfig(m.Config()); err != nil {
		log.Fatal(err)
	}
	if err := weights.Save(file, params, meta); err != nil {
		log.Fatal(err)
	}
	return file
}
