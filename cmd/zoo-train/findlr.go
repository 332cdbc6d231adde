package main

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/pretrained"
	"github.com/gorgonia-zoo/modelzoo/train"
)

func newFindLRCommand(log *slog.Logger) *cobra.Command {
	var (
		s    settingFlags
		from origin
		out  string
		by   = train.DefaultLRSearch
	)
	c := &cobra.Command{
		Use:   "find-lr",
		Short: "Suggest a learning rate",
		Long: "Find-lr trains for some steps while the learning rate rises exponentially, until the\n" +
			"loss diverges, and suggests the rate at which the loss falls most steeply (Smith\n" +
			"2017). It writes " + train.LRFinderTable + " and " + train.LRFinderPlot + " and leaves nothing else.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := s.config(from)
			if err != nil {
				return cli.Usage(err)
			}
			stderr := c.ErrOrStderr()
			console := &train.Console{Err: stderr, Terminal: isTerminal(stderr)}
			defer console.Close()
			curve, err := train.FindLR(c.Context(), config, by, train.Options{Pretrained: pretrained.Archive, Log: log, Report: console})
			if err != nil {
				return err
			}
			console.Close()
			kind, _, _ := strings.Cut(config.Data, ":")
			if err := curve.Write(out, config.Model+" on "+kind); err != nil {
				return err
			}
			fmt.Fprintln(c.OutOrStdout(), suggestion(curve))
			fmt.Fprintln(c.OutOrStdout(), filepath.Join(out, train.LRFinderPlot))
			return nil
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	s.register(flags)
	from.register(flags)
	flags.Float64Var(&by.From, "start-lr", by.From, "the first learning rate")
	flags.Float64Var(&by.To, "end-lr", by.To, "the last learning rate")
	flags.IntVar(&by.Steps, "steps", by.Steps, "the number of steps")
	flags.StringVar(&out, "out", ".", "`DIR` for the two files")
	return c
}

// suggestion says what a search has found.
func suggestion(c *train.LRCurve) string {
	end := "the loss does not diverge"
	if n := len(c.Points); c.Diverged && n > 0 {
		end = fmt.Sprintf("the loss diverges after %.2g", c.Points[n-1].LR)
	}
	p, ok := c.Suggestion()
	if !ok {
		return "no suggestion: the loss does not fall by more than its noise; " + end
	}
	text := fmt.Sprintf("suggestion: --lr %.2g, where the loss falls most steeply; %s", p.LR/c.Scale, end)
	if c.Scale != 1 {
		text += fmt.Sprintf(" (rates of steps are --lr times %g)", c.Scale)
	}
	return text
}
