// Zoo-train trains and measures image classifiers.
//
//	zoo-train                                 trains ResNet-20 on glyphs, about a minute
//	zoo-train --model resnet20 --data cifar10:data --epochs 30
//	zoo-train resume runs/resnet20-cifar10-20060102-150405
//	zoo-train eval --weights FILE --data cifar10:data
//	zoo-train models 'resnet*'
//	zoo-train describe resnet50
//
// Its exit status is 0 if all went well, 1 for a failed run, 2 for bad usage, and
// 130 for a run that was interrupted and saved.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
	"github.com/gorgonia-zoo/modelzoo/train"
)

// Exit statuses.
const (
	failed      = 1
	badUsage    = 2
	interrupted = 130 // as shells have it for Ctrl-C
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings given.
func run(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once

	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn, ReplaceAttr: withoutTime}))
	root := newRoot(log)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, train.ErrInterrupted), errors.Is(err, context.Canceled) && ctx.Err() != nil:
		fmt.Fprintln(stderr, "zoo-train:", err)
		return interrupted
	}
	fmt.Fprintln(stderr, "zoo-train:", err)
	if u := (usageError{}); errors.As(err, &u) {
		return badUsage
	}
	return failed
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

// usageError is an error in how the program was called.
type usageError struct{ error }

// usage marks an error as one of usage; nil remains nil.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

func newRoot(log *slog.Logger) *cobra.Command {
	t := newTrainCommand(log)
	root := &cobra.Command{
		Use:           "zoo-train",
		Short:         "Train and measure image classifiers",
		Long:          "Zoo-train trains and measures image classifiers. Without a command it trains:\nResNet-20 on glyphs, digits drawn from the Go fonts, unless told otherwise.",
		Args:          noCommand,
		RunE:          t.RunE,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.Flags().SortFlags = false
	root.Flags().AddFlagSet(t.Flags())
	var profile string
	root.PersistentFlags().StringVar(&profile, "cpuprofile", "", "write a CPU profile to `FILE`")
	commands := []*cobra.Command{t, newResumeCommand(log), newEvalCommand(log), newModelsCommand(), newDescribeCommand()}
	root.AddCommand(commands...)
	for _, c := range append(commands, root) {
		c.SetFlagErrorFunc(flagError)
		c.RunE = profiled(&profile, c.RunE)
		if c.Args != nil {
			check := c.Args
			c.Args = func(c *cobra.Command, args []string) error { return usage(check(c, args)) }
		}
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

// noCommand refuses what should have been a command.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			names = append(names, sub.Name())
		}
	}
	return errors.Errorf("no command %q; %s", args[0], suggestion(args[0], names))
}

// flagError says what was wrong with a flag, and which flags were perhaps meant.
func flagError(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usage(err)
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	name := unknown.GetSpecifiedName()
	near := nearest.Of(name, names)
	for i := range near {
		near[i] = "--" + near[i]
	}
	if len(near) == 0 {
		return usage(errors.Errorf("no flag --%s; see %s --help", name, c.CommandPath()))
	}
	return usage(errors.Errorf("no flag --%s; did you mean %s?", name, strings.Join(near, " or ")))
}

// suggestion gives the names near to one, or all.
func suggestion(name string, choices []string) string {
	if near := nearest.Of(name, choices); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	return "there are " + strings.Join(choices, ", ")
}
