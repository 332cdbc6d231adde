package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"text/tabwriter"

	"github.com/pkg/errors"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/pretrained"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// evalSettings are the settings of training that eval has too.
var evalSettings = []string{"model", "pretrained", "data", "mean", "std", "input-size", "seed", "val-len", "architecture", "map", "no-strict", "adapt-input"}

func newEvalCommand(log *slog.Logger) *cobra.Command {
	var (
		s      settingFlags
		asJSON bool
		e      train.EvalConfig
	)
	c := &cobra.Command{
		Use:   "eval --weights FILE|--pretrained DATA --data SPEC",
		Short: "Measure weights on the validation images of a data set",
		Long: "Eval measures weights on the validation images of a data set. The model, its input\n" +
			"and its normalisation are those that the file names, unless they are given.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			switch {
			case e.Weights == "" && s.given["pretrained"] == "":
				return cli.Usage(errors.New("--weights is missing: want a file of weights or a run folder, or --pretrained"))
			case e.Weights != "" && s.given["pretrained"] != "":
				return cli.Usage(errors.New("--weights and --pretrained exclude each other"))
			}
			if s.given["data"] == "" {
				return cli.Usage(errors.New("--data is missing: want the specification of a data set"))
			}
			config, err := s.unchecked(origin{}) // Evaluate knows the model
			if err != nil {
				return cli.Usage(err)
			}
			if config.Pretrained != "" {
				if e.Archive, err = pretrained.Archive(config.Model, config.Pretrained); err != nil {
					return cli.Usage(err)
				}
			}
			e.Model, e.Architecture = s.given["model"], config.Architecture
			e.Data, e.Seed, e.ValLen, e.InputSize = config.Data, config.Seed, config.ValLen, config.InputSize
			e.Map, e.NoStrict, e.AdaptInput = config.Map, config.NoStrict, config.AdaptInput
			e.Mean, e.Std, e.Log = config.Mean, config.Std, log
			e.Progress = evalProgress(c.ErrOrStderr())
			result, err := train.Evaluate(c.Context(), e)
			if err != nil {
				return err
			}
			return show(c.OutOrStdout(), result, asJSON)
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&e.Weights, "weights", "", "`FILE` of weights, or a run folder")
	s.register(flags, evalSettings...)
	flags.IntVar(&e.Workers, "workers", 0, "goroutines that prepare images (default one a processor)")
	flags.BoolVar(&asJSON, "json", false, "the result as a JSON object")
	return c
}

// evalProgress returns a bar for a terminal, and nothing otherwise.
func evalProgress(stderr io.Writer) func(done, total int) {
	if !isTerminal(stderr) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(stderr), progressbar.OptionSetWidth(20),
				progressbar.OptionShowIts(), progressbar.OptionSetItsString("images"),
				progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
		}
		bar.Set(done)
	}
}

func show(w io.Writer, e *train.Evaluation, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(e)
	}
	if e.Task == zoo.Language {
		_, err := fmt.Fprintf(w, "%s: loss %.4f nats a %s, perplexity %.2f, %d %[3]ss, %.1f s\n", e.Model, e.Loss, e.Token, e.Perplexity(), e.N, e.Seconds)
		return err
	}
	fmt.Fprintf(w, "%s: %d of %d images wrong, top-1 %.2f %%, top-5 %.2f %%, loss %.4f, %.1f s (%.0f images/s)\n",
		e.Model, e.Wrong, e.N, 100*e.Top1, 100*e.Top5, e.Loss, e.Seconds, float64(e.N)/e.Seconds)
	if e.Skipped > 0 {
		fmt.Fprintf(w, "%d images could not be decoded and do not count\n", e.Skipped)
	}
	fmt.Fprintf(w, "expected calibration error %.4f\n\n", e.Metrics.Calibration.Error())
	return showClasses(w, e)
}

// showClasses prints a line for each class.
func showClasses(w io.Writer, e *train.Evaluation) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "class\timages\tprecision\trecall\tF1")
	for i, c := range e.Metrics.Classes() {
		fmt.Fprintf(t, "%s\t%d\t%.4f\t%.4f\t%.4f\n", e.Classes[i], c.Images, c.Precision, c.Recall, c.F1)
	}
	return t.Flush()
}
