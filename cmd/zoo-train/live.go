package main

import (
	"fmt"
	"io"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/train"
)

// reporter returns the console and, with --http, a live view beside it, and what
// ends that.
func (f *runFlags) reporter(console *train.Console, stderr io.Writer) (train.Reporter, func() error, error) {
	if f.http == "" {
		return console, func() error { return nil }, nil
	}
	live, err := train.Listen(f.http)
	if errors.Is(err, train.ErrAddress) {
		return nil, nil, cli.Usage(errors.Wrap(err, "--http"))
	}
	if err != nil {
		return nil, nil, errors.Wrap(err, "--http")
	}
	fmt.Fprintln(stderr, "live view at", live.URL())
	if live.Exposed() {
		fmt.Fprintln(stderr, "warning: other machines can look at it too")
	}
	return train.Reporters{console, live}, live.Close, nil
}
