package main

import (
	"io"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// write continues the prompt, as it is drawn.
func (f *flags) write(c *cobra.Command, p *zoo.Pretrained) error {
	if f.samples != 0 {
		return cli.Usage(errors.Errorf("--samples is for generators of images: %s is a language model", p.Model.Name()))
	}
	if f.tokens < 1 {
		return cli.Usage(errors.Errorf("--tokens %d, want at least 1", f.tokens))
	}
	out := c.OutOrStdout()
	before := f.prompt // not written if there is nothing to follow
	var failed error
	err := p.Continue(f.prompt, f.tokens, zoo.Sampling{Temperature: f.temperature, TopK: f.topK, TopP: f.topP, Seed: f.seed}, func(text string) bool {
		_, failed = io.WriteString(out, before+text)
		before = ""
		return failed == nil && c.Context().Err() == nil
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		_, err = io.WriteString(out, "\n")
	}
	return err
}
