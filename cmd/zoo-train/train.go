package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/pretrained"
	"github.com/gorgonia-zoo/modelzoo/train"
)

// runFlags say how a run is done, without influence on its results.
type runFlags struct {
	json    bool
	workers int
	http    string
	ignore  bool // what memory there is
}

func (f *runFlags) register(flags *pflag.FlagSet) {
	flags.BoolVar(&f.json, "json", false, "a line of JSON for each epoch on standard output")
	flags.StringVar(&f.http, "http", "", "show the run in a browser at `ADDR`, such as :8080, while it lasts")
	flags.BoolVar(&f.ignore, "ignore-memory", false, "begin a run that seems to need more memory than is free")
	flags.IntVar(&f.workers, "workers", 0, "goroutines that prepare images (default one a processor)")
}

func newTrainCommand(log *slog.Logger) *cobra.Command {
	var (
		s         settingFlags
		f         runFlags
		from      origin
		out       string
		overwrite bool
		fetch     bool
	)
	c := &cobra.Command{
		Use:   "train",
		Short: "Train a model (the default command)",
		Long: "Train trains a model and leaves a run folder. Settings that are not given are\n" +
			"those of --recipe or --config or, without them, those that work for the model and the data set.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			config, err := s.config(from)
			if err != nil {
				return cli.Usage(err)
			}
			if fetch {
				if err := download(c.Context(), config.Data, c.ErrOrStderr()); err != nil {
					return err
				}
			}
			if out == "" {
				out = train.DefaultDir(config, time.Now())
			}
			return f.run(c, func(o train.Options) (*train.Run, error) {
				o.Dir, o.Overwrite, o.Log = out, overwrite, log
				return train.New(config, o)
			})
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	s.register(flags)
	flags.StringVar(&out, "out", "", "run `DIR` (default runs/MODEL-DATA-TIME)")
	flags.BoolVar(&overwrite, "overwrite", false, "take a folder that holds a run, and remove that run")
	from.register(flags)
	flags.BoolVar(&fetch, "download", false, "fetch the data set into its folder if it is not there")
	f.register(flags)
	return c
}

func newResumeCommand(log *slog.Logger) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "resume RUN_DIR",
		Short: "Go on with a run that was interrupted",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return f.run(c, func(o train.Options) (*train.Run, error) {
				o.Log = log
				return train.Resume(args[0], o)
			})
		},
	}
	f.register(c.Flags())
	return c
}

// run trains what prepare returns, with a bar or lines for whoever watches.
func (f *runFlags) run(c *cobra.Command, prepare func(train.Options) (*train.Run, error)) error {
	if f.workers < 0 {
		return cli.Usage(errors.Errorf("--workers %d, want at least 1, or 0 for one a processor", f.workers))
	}
	stdout, stderr := c.OutOrStdout(), c.ErrOrStderr()
	console := &train.Console{Out: stdout, JSON: f.json, Err: stderr, Terminal: isTerminal(stderr)}
	defer console.Close()
	report, stopServing, err := f.reporter(console, stderr)
	if err != nil {
		return err
	}
	defer stopServing()
	r, err := prepare(train.Options{Pretrained: pretrained.Archive, Workers: f.workers, IgnoreMemory: f.ignore, Report: report})
	if err != nil {
		return err
	}
	defer r.Close()
	people := stdout
	if f.json {
		people = stderr
	}
	config := r.Config()
	fmt.Fprintf(people, "%s (%d parameters) on %s: %d epochs of %d %s in batches of %d, seed %d, on %d cores; run folder %s\n",
		r.Model().Name(), r.Params().Count(), config.Data, config.Epochs, r.TrainItems(), r.Unit(), config.BatchSize, config.Seed, runtime.GOMAXPROCS(0), r.Dir())
	if config.LRBaseBatch > 0 {
		fmt.Fprintf(people, "learning rate %g: %g for %d %s in a step, scaled\n", config.ScaledLR(), config.Optimizer.LR, config.LRBaseBatch, r.Unit())
	}
	fmt.Fprintln(people, "memory:", r.Memory())
	if n := r.Frozen(); n > 0 {
		fmt.Fprintf(people, "%d parameters are frozen, %d learn\n", n, r.Params().Count()-n)
	}
	if r.Done() {
		fmt.Fprintln(people, "the run is complete: nothing is left to do")
		return nil
	}
	stop := context.AfterFunc(c.Context(), func() {
		fmt.Fprintln(stderr, "\nstopping after this step; Ctrl-C again stops at once")
	})
	err = r.Train(c.Context())
	stop()
	console.Close()
	if errors.Is(err, train.ErrInterrupted) {
		return fmt.Errorf("%w; zoo-train resume %s goes on", err, r.Dir())
	}
	if err != nil {
		return err
	}
	if r.StoppedEarly() {
		fmt.Fprintf(people, "stopped after %d of %d epochs: no improvement in %d\n", len(r.History()), config.Epochs, config.Patience)
	}
	best := r.Best()
	fmt.Fprintf(people, "%s: epoch %d, %s\nrun folder: %s\n", best.Distinction(), best.Epoch, best.Summary(), r.Dir())
	return nil
}

// isTerminal reports whether somebody may be watching.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
