package main

import (
	"fmt"
	"image/png"
	"io"
	"math"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/internal/contactsheet"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// draw makes images and lays them out in a grid.
func (f *flags) draw(c *cobra.Command, p *zoo.Pretrained) error {
	switch {
	case f.prompt != "":
		return cli.Usage(errors.Errorf("--prompt is for language models: %s makes images", p.Model.Name()))
	case f.samples < 1:
		return cli.Usage(errors.Errorf("--samples %d, want at least 1: %s makes images", f.samples, p.Model.Name()))
	case f.out == "":
		return cli.Usage(errors.New("--out is missing: want the PNG file to write"))
	}
	images, err := p.Images(f.samples, f.seed)
	if err != nil {
		return err
	}
	s := images.Shape()
	sheet, err := contactsheet.Draw(images.Float32s(), s[1], s[2], s[3], int(math.Ceil(math.Sqrt(float64(s[0])))))
	if err != nil {
		return err
	}
	if err := atomicfile.WriteFile(f.out, func(w io.Writer) error { return png.Encode(w, sheet) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.OutOrStdout(), "%s: %d images of %dx%d pixels -> %s\n", p.Model.Name(), s[0], s[2], s[3], f.out)
	return err
}
