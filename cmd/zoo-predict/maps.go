package main

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/internal/heatmap"
)

// maps draws the activation map of the most probable class over every image.
func (s *session) maps(ctx context.Context) error {
	single := len(s.files) == 1 && strings.EqualFold(filepath.Ext(s.flags.out), ".png")
	if !single {
		if err := os.MkdirAll(s.flags.out, 0o777); err != nil {
			return err
		}
	}
	taken := make(map[string]bool)
	for p := range s.pictures(ctx) {
		m, prediction, err := s.predictor.ActivationMap(s.tensor([]picture{p}), -1)
		if err != nil {
			return err
		}
		drawn, err := heatmap.Draw(p.seen.Image(), m.Values, m.Height, m.Width)
		if err != nil {
			return errors.Wrap(err, p.name)
		}
		path := s.flags.out
		if !single {
			path = mapFile(s.flags.out, p.name, taken)
		}
		if err := atomicfile.WriteFile(path, func(w io.Writer) error { return png.Encode(w, drawn) }); err != nil {
			return err
		}
		if err := s.report(p.name, prediction, path); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return s.end()
}

// mapFile returns the file in dir for the map of an image, one that is not taken by
// an image of the same name from another folder.
func mapFile(dir, image string, taken map[string]bool) string {
	base := strings.TrimSuffix(filepath.Base(image), filepath.Ext(image))
	if image == stdinName {
		base = "stdin"
	}
	name := base + ".png"
	for i := 2; taken[name]; i++ {
		name = fmt.Sprintf("%s-%d.png", base, i)
	}
	taken[name] = true
	return filepath.Join(dir, name)
}
