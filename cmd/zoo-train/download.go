package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/pkg/errors"
	"github.com/schollz/progressbar/v3"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/internal/cli"
)

// download fetches a data set into the folder of its specification.
func download(ctx context.Context, spec string, stderr io.Writer) error {
	kind, dir, _ := strings.Cut(spec, ":")
	var bar *progressbar.ProgressBar
	var name string
	o := dataset.DownloadOptions{Progress: func(file string, done, total int64) {
		if file != name {
			name, bar = file, nil
			fmt.Fprintln(stderr, "download", file)
		}
		if !isTerminal(stderr) {
			return
		}
		if bar == nil {
			bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(stderr), progressbar.OptionShowBytes(true),
				progressbar.OptionSetWidth(20), progressbar.OptionSetPredictTime(true), progressbar.OptionClearOnFinish())
		}
		bar.Set64(done)
	}}
	if kind == "glyphs" {
		return cli.Usage(errors.New("--download: glyphs are drawn, there is nothing to fetch"))
	}
	return errors.Wrap(dataset.Download(ctx, kind, dir, o), "download")
}
