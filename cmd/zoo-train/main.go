// Zoo-train trains and measures image classifiers, language models and generators
// of images.
//
//	zoo-train                                 trains ResNet-20 on glyphs, about a minute
//	zoo-train --model lstm-lm                 trains a language model on sentences
//	zoo-train --model gan --data fashion-mnist:data --download
//	zoo-train --model resnet20 --data cifar10:data --epochs 30
//	zoo-train resume runs/resnet20-cifar10-20060102-150405
//	zoo-train eval --weights FILE --data cifar10:data
//	zoo-train --recipe he2015 --data cifar10:data
//	zoo-train find-lr --data cifar10:data
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
	"syscall"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/train"
)

// interrupted is the exit status that shells have for Ctrl-C.
const interrupted = 130

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
	if errors.Is(err, train.ErrInterrupted) || errors.Is(err, context.Canceled) && ctx.Err() != nil {
		fmt.Fprintln(stderr, "zoo-train:", err)
		return interrupted
	}
	return cli.Report(stderr, "zoo-train", err)
}

func withoutTime(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}

func newRoot(log *slog.Logger) *cobra.Command {
	t := newTrainCommand(log)
	root := &cobra.Command{
		Use:   "zoo-train",
		Short: "Train and measure image classifiers, language models and generators of images",
		Long: "Zoo-train trains and measures image classifiers, language models and generators\n" +
			"of images. Without a command it trains: ResNet-20 on glyphs, digits drawn from the\n" +
			"Go fonts, unless told otherwise.",
		RunE: t.RunE,
	}
	root.Flags().SortFlags = false
	root.Flags().AddFlagSet(t.Flags())
	var profile string
	root.PersistentFlags().StringVar(&profile, "cpuprofile", "", "write a CPU profile to `FILE`")
	commands := []*cobra.Command{t, newResumeCommand(log), newEvalCommand(log), newModelsCommand(), newDescribeCommand(), newRecipesCommand(), newFindLRCommand(log)}
	root.AddCommand(commands...)
	for _, c := range append(commands, root) {
		c.RunE = profiled(&profile, c.RunE)
	}
	cli.Prepare(root)
	return root
}
