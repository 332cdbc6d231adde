package train_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/pretrained"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// A run from Go, small enough for a second.
func Example() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	c, err := train.ParseConfig([]byte(`
model: resnet20
architecture: {blocks: [1], width: 4}
data: glyphs
train_len: 1000
val_len: 100
input_size: 8
epochs: 2
`), train.Names{})
	if err != nil {
		log.Fatal(err)
	}
	run, err := train.New(c, train.Options{Dir: filepath.Join(dir, "first")})
	if err != nil {
		log.Fatal(err)
	}
	defer run.Close()
	if err := run.Train(context.Background()); err != nil {
		log.Fatal(err) // train.ErrInterrupted, *train.DivergedError, ...
	}
	history := run.History()
	fmt.Println("epochs:", len(history))
	fmt.Println("the loss fell:", history[1].TrainLoss < history[0].TrainLoss)

	// The weights of the best epoch, in a model of their own.
	archive, err := weights.Load(filepath.Join(run.Dir(), train.WeightsFile))
	if err != nil {
		log.Fatal(err)
	}
	model, err := zoo.New(archive.Meta.Model, zoo.WithConfig(archive.Meta.DecodeConfig))
	if err != nil {
		log.Fatal(err)
	}
	params, err := model.Init(1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("weights fit:", archive.Into(params) == nil)
	// Output:
	// epochs: 2
	// the loss fell: true
	// weights fit: true
}

// Settings are those of the recipe for the data set until they are changed.
func ExampleDefaultConfig() {
	c := train.DefaultConfig("resnet20", "cifar10:data")
	c.Epochs = 164
	c.Optimizer.LR, c.Optimizer.WeightDecay, c.Optimizer.Nesterov = 0.1, 1e-4, false
	c.Schedule = train.DefaultSchedule("step")
	c.Schedule.Milestones = []float64{82, 123}
	fmt.Println(c.Optimizer.Name, c.BatchSize, c.Augment.Usual)
	// Output: sgd 128 true
}

// A network that has seen CIFAR-10 learns something else: its weights are inside package
// pretrained, and its last layer begins anew.
func ExampleOptions_pretrained() {
	dir, err := os.MkdirTemp("", "run")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	c := train.DefaultConfig("resnet20", "glyphs")
	c.Pretrained, c.NewHead, c.AdaptInput = "cifar10", true, true
	c.Freeze = []string{"conv1.*", "bn1.*", "layer1.*", "layer2.*"}
	c.TrainLen, c.ValLen, c.Epochs = 200, 50, 1
	run, err := train.New(c, train.Options{
		Dir: filepath.Join(dir, "run"), Pretrained: pretrained.Archive,
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer run.Close()
	if err := run.Train(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(run.Frozen(), "of", run.Params().Count(), "parameters stay as they are")
	// Output: 65264 of 269434 parameters stay as they are
}

// The solvers move the parameters of any Gorgonia graph.
func ExampleSGD() {
	g := gorgonia.NewGraph()
	x := gorgonia.NewScalar(g, tensor.Float32, gorgonia.WithName("x"), gorgonia.WithValue(float32(0)))
	three := gorgonia.NewConstant(float32(3), gorgonia.WithName("three"))
	loss := gorgonia.Must(gorgonia.Square(gorgonia.Must(gorgonia.Sub(x, three))))
	if _, err := gorgonia.Grad(loss, x); err != nil {
		log.Fatal(err)
	}
	machine := gorgonia.NewTapeMachine(g)
	defer machine.Close()

	solver := train.NewSGD(0.1)
	solver.Momentum, solver.Nesterov = 0.5, true
	for range 50 {
		if err := machine.RunAll(); err != nil {
			log.Fatal(err)
		}
		if err := solver.Step(gorgonia.NodesToValueGrads(gorgonia.Nodes{x})); err != nil {
			log.Fatal(err)
		}
		machine.Reset()
	}
	fmt.Printf("%.3f\n", x.Value().Data())
	// Output: 3.000
}

// A training loop of one's own, with a solver and a schedule of this package.
func ExampleSchedule() {
	model, err := zoo.New("resnet20", zoo.WithInput(1, 8, 8), zoo.WithResNet(func(r *zoo.ResNet) {
		r.Blocks, r.Width = []int{1}, 4
	}))
	if err != nil {
		log.Fatal(err)
	}
	params := graph.NewParams(1)
	g, err := model.LossGraph(params, graph.Train, 10, zoo.Loss{})
	if err != nil {
		log.Fatal(err)
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()
	images := make([]float32, 10*8*8)
	for i := range images {
		images[i] = float32(i * i % 17)
	}
	program.Let("x", tensor.New(tensor.WithShape(10, 1, 8, 8), tensor.WithBacking(images)))
	program.Let("y", tensor.New(tensor.WithShape(10), tensor.WithBacking([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9})))

	const steps = 30
	solver := train.NewAdamW(0)
	solver.Exempt = train.NormsAndBiases(params)
	schedule := train.Warmup{Next: train.Cosine{Base: 0.01, Steps: steps - 3}, Steps: 3, Factor: 0.01}
	var first float32
	for step := range steps {
		solver.SetLR(schedule.LR(step))
		if err := program.Step(solver); err != nil {
			log.Fatal(err)
		}
		if step == 0 {
			first = program.Loss()
		}
	}
	fmt.Println("the loss fell:", program.Loss() < first)
	// Output: the loss fell: true
}

// What has been counted, from the logits of two images of three classes.
func ExampleMetrics() {
	var m train.Metrics
	if err := m.Add([]float32{0, 3, 1, 2, 1, 0}, []int{1, 2}); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("top-1 %.0f %%, loss %.3f, confusion %v\n", 100*m.Top1(), m.Loss(), m.Confusion)
	// Output: top-1 50 %, loss 1.289, confusion [[0 0 0] [0 1 0] [1 0 0]]
}
