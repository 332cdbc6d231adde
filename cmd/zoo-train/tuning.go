package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/pkg/errors"
	"github.com/spf13/pflag"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// addTuning adds the flags that show what of a model learns.
func (f *describeFlags) addTuning(flags *pflag.FlagSet) {
	flags.BoolVar(&f.params, "params", false, "the parameters and what their learning rate is multiplied by")
	flags.StringSliceVar(&f.tuning.Freeze, "freeze", nil, "--params with these `PATTERN,...` frozen, as in training")
	flags.StringSliceVar(&f.tuning.LRScale, "lr-scale", nil, "--params with `PATTERN=X,...`")
	flags.Float64Var(&f.tuning.LayerDecay, "layer-decay", 0, "--params with the learning rate scaled by `X` from layer to layer")
}

// printParams lists the parameters of a model, and how fast each learns.
func (f *describeFlags) printParams(out io.Writer, name string) error {
	options, err := f.options()
	if err != nil {
		return cli.Usage(err)
	}
	m, err := zoo.New(name, options...)
	if err != nil {
		return cli.Usage(err)
	}
	if f.tuning.Given() && m.Task() == zoo.Generation {
		return cli.Usage(errors.Errorf("--freeze, --lr-scale and --layer-decay are for classifiers and language models, %s is a GAN", name))
	}
	g, err := m.Graph(graph.NewParams(0), graph.Train, 1, append(f.tuning.GraphOptions(), graph.WithoutInit())...)
	if err != nil {
		return cli.Usage(err)
	}
	if err := f.tuning.Check(g); err != nil {
		return cli.Usage(err)
	}
	return writeRates(out, g, f.tuning.Scale(g.Params()))
}

// writeRates writes a line for each parameter: its shape, and what its learning rate is
// multiplied by.
func writeRates(out io.Writer, g *graph.Graph, scale func(name string) float64) error {
	learns := make(map[string]bool)
	for _, n := range g.Trainable() {
		learns[n.Name()] = true
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "parameter\tshape\tlearning rate")
	trained := 0
	for p := range g.Params().All() {
		if p.Buffer {
			continue
		}
		rate := "frozen"
		if learns[p.Name] {
			rate = "1"
			if scale != nil {
				rate = fmt.Sprintf("%.4g", scale(p.Name))
			}
			trained += p.Value.Shape().TotalSize()
		}
		fmt.Fprintf(t, "%s\t%s\t%s\n", p.Name, sizes(p.Value.Shape()), rate)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\n%s of %s parameters learn\n", thousands(int64(trained)), thousands(int64(g.Params().Count())))
	return err
}
