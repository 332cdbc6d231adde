package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// describeFlags are the flags of describe.
type describeFlags struct {
	dot, under, mode, input, architecture string
	classes, batch                        int
	json, taps, params                    bool
	tuning                                train.FineTuning
}

func newDescribeCommand() *cobra.Command {
	var f describeFlags
	c := &cobra.Command{
		Use:   "describe NAME",
		Short: "Print a model layer by layer, or draw its graph",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if f.params || f.tuning.Given() {
				return f.printParams(c.OutOrStdout(), args[0])
			}
			m, g, err := f.build(args[0])
			if err != nil {
				return cli.Usage(err)
			}
			switch {
			case f.dot == "-":
				return g.WriteDot(c.OutOrStdout(), f.under)
			case f.dot != "":
				return atomicfile.WriteFile(f.dot, func(w io.Writer) error { return g.WriteDot(w, f.under) })
			case f.taps:
				return printTaps(c.OutOrStdout(), g)
			case f.json:
				return json.NewEncoder(c.OutOrStdout()).Encode(description(m, g, f.batch))
			}
			return printLayers(c.OutOrStdout(), m, g, f.batch)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.dot, "dot", "", "write the graph to a `FILE` for Graphviz instead, - for standard output")
	flags.StringVar(&f.under, "under", "", "with --dot: only the part of that `NAME`, such as layer1.0")
	flags.StringVar(&f.mode, "mode", "eval", "graph for train, eval or infer")
	flags.StringVar(&f.input, "input", "", "`C,H,W` of the input (default the model's)")
	flags.StringVar(&f.architecture, "architecture", "", "settings of the model in `YAML`: '{width: 32}'")
	flags.IntVar(&f.classes, "classes", 0, "number of classes (default the model's)")
	flags.IntVar(&f.batch, "batch-size", 1, "images at once; numbers are for one")
	flags.BoolVar(&f.taps, "taps", false, "the parts that can be read from outside, as by zoo-predict --features, and their shapes")
	flags.BoolVar(&f.json, "json", false, "the layers as a JSON object, and the parts of --taps")
	f.addTuning(flags)
	for _, other := range []string{"dot", "taps", "json"} {
		for _, name := range []string{"params", "freeze", "lr-scale", "layer-decay"} {
			c.MarkFlagsMutuallyExclusive(other, name)
		}
	}
	c.MarkFlagsMutuallyExclusive("dot", "taps", "json")
	return c
}

func (f *describeFlags) build(name string) (*zoo.Model, *graph.Graph, error) {
	mode, ok := map[string]graph.Mode{"train": graph.Train, "eval": graph.Eval, "infer": graph.Infer}[f.mode]
	if !ok {
		return nil, nil, errors.Errorf("--mode %q, want train, eval or infer", f.mode)
	}
	if f.batch < 1 {
		return nil, nil, errors.Errorf("--batch-size %d, want at least 1", f.batch)
	}
	options, err := f.options()
	if err != nil {
		return nil, nil, err
	}
	m, err := zoo.New(name, options...)
	if err != nil {
		return nil, nil, err
	}
	g, err := m.Graph(graph.NewParams(0), mode, f.batch, graph.WithoutInit())
	return m, g, err
}

func (f *describeFlags) options() ([]zoo.Option, error) {
	var options []zoo.Option
	if f.architecture != "" {
		var node yaml.Node
		if err := parse(f.architecture, &node); err != nil {
			return nil, errors.Wrap(err, "--architecture")
		}
		options = append(options, train.WithArchitecture(node))
	}
	if f.classes != 0 {
		options = append(options, zoo.WithClasses(f.classes))
	}
	if f.input != "" {
		size, err := numbers(f.input)
		if err != nil || len(size) != 3 {
			return nil, errors.Errorf("--input %q, want channels, height and width with commas between them", f.input)
		}
		options = append(options, zoo.WithInput(int(size[0]), int(size[1]), int(size[2])))
	}
	return options, nil
}

// layerLine is a layer of describe --json.
type layerLine struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Detail string `json:"detail"`
	In     []int  `json:"in"`
	Out    []int  `json:"out"`
	Params int    `json:"params"`
	MACs   int64  `json:"macs"`
}

func description(m *zoo.Model, g *graph.Graph, batch int) any {
	items := int64(m.Items(batch))
	var layers []layerLine
	for _, l := range g.Layers() {
		layers = append(layers, layerLine{l.Name, l.Kind, l.Detail, l.In, l.Out, l.Params, l.MACs / items})
	}
	return struct {
		modelLine
		Classes int         `json:"classes,omitempty"`
		Layers  []layerLine `json:"layers"`
		Taps    []tapLine   `json:"taps"`
	}{
		modelLine{Name: m.Name(), Family: m.Family(), Params: g.Params().Count(), MACs: g.MACs() / items, Input: m.InputShape()},
		m.Classes(), layers, taps(g),
	}
}

// tapLine is a part of the model that can be read from outside, and the shape of
// its value but for the first size, which is that of the batch.
type tapLine struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
}

func taps(g *graph.Graph) []tapLine {
	var lines []tapLine
	for _, tap := range g.Taps() {
		if len(tap.Shape) > 0 { // not a loss
			lines = append(lines, tapLine{tap.Name, tap.Shape[1:]})
		}
	}
	return lines
}

func printTaps(out io.Writer, g *graph.Graph) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "part\tshape")
	for _, line := range taps(g) {
		fmt.Fprintf(t, "%s\t%s\n", line.Name, sizes(line.Shape))
	}
	return t.Flush()
}

func printLayers(out io.Writer, m *zoo.Model, g *graph.Graph, batch int) error {
	items := int64(m.Items(batch))
	fmt.Fprintf(out, "%s: %s, %s parameters, %s multiply-adds%s\n\n",
		m.Name(), purpose(m), thousands(int64(g.Params().Count())), thousands(g.MACs()/items), per(m))
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "layer\tkind\t\toutput\tparameters\tmultiply-adds")
	for _, l := range g.Layers() {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Name, l.Kind, l.Detail, sizes(l.Out[1:]), count(int64(l.Params)), count(l.MACs/items))
	}
	return t.Flush()
}

// purpose says what the model makes of what.
func purpose(m *zoo.Model) string {
	switch m.Task() {
	case zoo.Language:
		t := m.Text()
		return fmt.Sprintf("sequences of %d tokens of a vocabulary of %d", t.Context, t.Vocabulary)
	case zoo.Generation:
		return fmt.Sprintf("noise of %s numbers to images", sizes(m.InputShape()))
	}
	return fmt.Sprintf("%s to %d classes", sizes(m.InputShape()), m.Classes())
}

// per says what multiply-adds are counted for where that is not an image.
func per(m *zoo.Model) string {
	if m.Task() == zoo.Language {
		return " a token"
	}
	return ""
}

// count is thousands with nothing for 0.
func count(n int64) string {
	if n == 0 {
		return ""
	}
	return thousands(n)
}
