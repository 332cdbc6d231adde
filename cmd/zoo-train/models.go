package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// modelLine is an entry of models --json.
type modelLine struct {
	Name   string `json:"name"`
	Family string `json:"family"`
	Params int    `json:"params"`
	MACs   int64  `json:"macs"`
	Input  []int  `json:"input"` // channels, height, width; tokens; size of the noise
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
			fmt.Fprintln(w, "parameters\tmultiply-adds\tinput\t  model")
			for _, l := range lines {
				fmt.Fprintf(w, "%s\t%s\t%s\t  %s\n", thousands(int64(l.Params)), thousands(l.MACs), sizes(l.Input), l.Name)
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
		return nil, errors.Errorf("no model is called %q; %s", glob, cli.Suggest(glob, all))
	}
	lines := make([]modelLine, len(entries))
	for i, e := range entries {
		m, err := zoo.New(e.Name)
		if err != nil {
			return nil, err
		}
		lines[i] = modelLine{e.Name, m.Family(), e.Params, e.MACs, m.InputShape()}
	}
	return lines, nil
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
