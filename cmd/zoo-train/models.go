package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
	"github.com/gorgonia-zoo/modelzoo/pretrained"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// modelLine is an entry of models --json.
type modelLine struct {
	Name   string `json:"name"`
	Family string `json:"family"`
	Params int    `json:"params"`
	MACs   int64  `json:"macs"`
	Input  []int  `json:"input"` // channels, height, width; tokens; size of the noise

	Pretrained []pretrainedLine `json:"pretrained,omitempty"`
}

// pretrainedLine is a set of weights that the program has inside.
type pretrainedLine struct {
	Data    string             `json:"data"`
	Bytes   int                `json:"bytes"`
	Metrics map[string]float64 `json:"metrics"`
}

// String names the data and what was measured: top-1 of a classifier, the loss of a
// language model in nats, the losses of a pair.
func (p pretrainedLine) String() string {
	m := p.Metrics
	switch {
	case has(m, "top1"):
		return fmt.Sprintf("%s (top-1 %.2f %%)", p.Data, 100*m["top1"])
	case has(m, "loss"):
		return fmt.Sprintf("%s (loss %.4f)", p.Data, m["loss"])
	case has(m, "d_loss"):
		return fmt.Sprintf("%s (losses %.3f, %.3f)", p.Data, m["d_loss"], m["g_loss"])
	}
	return p.Data
}

func has(metrics map[string]float64, name string) bool {
	_, ok := metrics[name]
	return ok
}

func newModelsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "models [GLOB]",
		Short: "List the models: names, parameters, multiply-adds",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			glob := ""
			if len(args) == 1 {
				glob = args[0]
			}
			lines, err := models(glob)
			if err != nil {
				return cli.Usage(err)
			}
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(lines)
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', tabwriter.AlignRight)
			width := longest(lines)
			fmt.Fprintf(w, "parameters\tmultiply-adds\tinput\t  %-*s  pretrained on\n", width, "model")
			for _, l := range lines {
				name := strings.TrimRight(fmt.Sprintf("%-*s  %s", width, l.Name, l.weights()), " ")
				fmt.Fprintf(w, "%s\t%s\t%s\t  %s\n", thousands(int64(l.Params)), thousands(l.MACs), sizes(l.Input), name)
			}
			return w.Flush()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "a list of JSON objects")
	return c
}

func models(glob string) ([]modelLine, error) {
	entries, err := zoo.List(glob)
	if err != nil {
		return nil, err
	}
	if len(entries) == 0 {
		all, err := zoo.Names("")
		if err != nil {
			return nil, err
		}
		return nil, errors.Errorf("no model is called %q; %s", glob, nearest.Hint(glob, all))
	}
	lines := make([]modelLine, len(entries))
	for i, e := range entries {
		m, err := zoo.New(e.Name)
		if err != nil {
			return nil, err
		}
		lines[i] = modelLine{e.Name, m.Family(), e.Params, e.MACs, m.InputShape(), nil}
		for _, w := range pretrained.List() {
			if w.Model == e.Name {
				lines[i].Pretrained = append(lines[i].Pretrained, pretrainedLine{w.Data, w.Size, w.Meta.Metrics})
			}
		}
	}
	return lines, nil
}

// weights names the data of which there are weights: "cifar10 (top-1 91.64 %)".
func (l modelLine) weights() string {
	var text []string
	for _, p := range l.Pretrained {
		text = append(text, p.String())
	}
	return strings.Join(text, ", ")
}

// longest returns the length of the longest name.
func longest(lines []modelLine) int {
	n := len("model")
	for _, l := range lines {
		n = max(n, len(l.Name))
	}
	return n
}

// sizes writes a shape: 64x56x56.
func sizes(shape []int) string {
	var text []string
	for _, n := range shape {
		text = append(text, fmt.Sprint(n))
	}
	return strings.Join(text, "x")
}

// thousands writes a number with a space after every three digits.
func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s %03d", thousands(n/1000), n%1000)
}
