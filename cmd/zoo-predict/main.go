// Zoo-predict uses trained models: it finds the classes of images with classifiers,
// continues texts with language models and makes images with generators.
//
//	zoo-predict --model resnet20 --pretrained cifar10 cat.jpg
//	zoo-predict --weights runs/resnet20-cifar10-20060102-150405 cat.jpg folder
//	zoo-predict --weights runs/lstm-lm-text-20060102-150405 --prompt 'ROMEO:' --tokens 500
//	zoo-predict --weights runs/gan-fashion-mnist-20060102-150405 --samples 64 --out grid.png
//
// Its exit status is 0 if all went well, 1 for a failure and 2 for bad usage.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/pretrained"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings given.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return cli.Report(stderr, "zoo-predict", root.ExecuteContext(ctx))
}

// flags are those of the command.
type flags struct {
	weights, model, architecture string
	pretrained                   string
	out                          string
	seed                         uint64
	fitting                      cli.FittingFlags

	prompt      string
	tokens      int
	temperature float64
	topK        int
	topP        float64

	samples int

	imageFlags
}

func newRoot() *cobra.Command {
	var f flags
	root := &cobra.Command{
		Use:   "zoo-predict --weights FILE|--pretrained DATA [IMAGE...]",
		Short: "Classify images, continue texts and make images with trained models",
		Args:  cobra.ArbitraryArgs,
		RunE: func(c *cobra.Command, args []string) error {
			p, err := f.load(c.ErrOrStderr())
			if err != nil {
				return err
			}
			task := p.Model.Task()
			if task != zoo.Classification && len(args) > 0 {
				return cli.Usage(errors.Errorf("images are for image classifiers: %s is for %s", p.Model.Name(), task))
			}
			switch task {
			case zoo.Classification:
				return f.classify(c, p, args)
			case zoo.Language:
				return f.write(c, p)
			default:
				return f.draw(c, p)
			}
		},
	}
	o := root.Flags()
	o.SortFlags = false
	o.StringVar(&f.weights, "weights", "", "`FILE` of weights, or a run folder")
	o.StringVar(&f.pretrained, "pretrained", "", "instead of --weights: those that the program has inside, by the `DATA` they were trained on: cifar10; see zoo-train models")
	o.StringVar(&f.model, "model", "", "`NAME` of the model (default what the file says)")
	o.StringVar(&f.architecture, "architecture", "", "settings of the model in `YAML`, over what the file says: '{width: 32}'")
	o.StringVar(&f.prompt, "prompt", "", "language models: `TEXT` to continue (default the beginning of a line)")
	o.IntVar(&f.tokens, "tokens", 500, "language models: how many tokens to write")
	o.Float64Var(&f.temperature, "temperature", 0.8, "language models: 1 draws as the model says, less is more sober, 0 takes the most probable")
	o.IntVar(&f.topK, "top-k", 0, "language models: draw from the `N` most probable tokens")
	o.Float64Var(&f.topP, "top-p", 0, "language models: draw from the most probable tokens that together have the probability `X`")
	o.IntVar(&f.samples, "samples", 0, "generators: how many images to make")
	o.StringVar(&f.out, "out", "", "`FILE` to write: of generators the images in a grid, PNG; of classifiers what --features, --npy or --cam make")
	o.Uint64Var(&f.seed, "seed", 1, "of what is drawn")
	f.imageFlags.define(o)
	f.fitting.Define(o)
	cli.Prepare(root)
	return root
}

// load reads the weights.
func (f *flags) load(stderr io.Writer) (*zoo.Pretrained, error) {
	switch {
	case f.weights == "" && f.pretrained == "":
		return nil, cli.Usage(errors.New("--weights is missing: want a file of weights or a run folder, or --pretrained"))
	case f.weights != "" && f.pretrained != "":
		return nil, cli.Usage(errors.New("--weights and --pretrained exclude each other"))
	}
	var options []zoo.Option
	if f.architecture != "" {
		n, err := train.ParseArchitecture(f.architecture)
		if err != nil {
			return nil, cli.Usage(errors.Wrap(err, "--architecture"))
		}
		options = append(options, train.WithArchitecture(n))
	}
	fitting, err := f.fitting.Fitting(stderr, "zoo-predict")
	if err != nil {
		return nil, err
	}
	if f.pretrained != "" {
		if _, err := pretrained.Find(f.model, f.pretrained); err != nil {
			return nil, cli.Usage(err)
		}
		return pretrained.LoadFitting(f.model, f.pretrained, fitting, options...)
	}
	return zoo.LoadFitting(train.WeightsOf(f.weights), f.model, fitting, options...)
}
