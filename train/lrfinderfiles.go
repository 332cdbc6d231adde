package train

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
)

// The files of a search for a learning rate.
const (
	LRFinderTable = "lr-finder.csv"
	LRFinderPlot  = "lr-finder.png"
)

// Write writes LRFinderTable and LRFinderPlot into a folder, which it makes if it is
// not there.
func (c *LRCurve) Write(dir, title string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return plain(dir, err)
	}
	table := filepath.Join(dir, LRFinderTable)
	if err := atomicfile.WriteFile(table, c.writeCSV); err != nil {
		return err
	}
	if len(c.Points) < 2 {
		return errors.Errorf("%s has %d steps: nothing to draw; begin with a smaller learning rate", table, len(c.Points))
	}
	return c.draw(filepath.Join(dir, LRFinderPlot), title)
}

func (c *LRCurve) writeCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write([]string{"step", "lr", "loss", "smoothed"})
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for i, p := range c.Points {
		out.Write([]string{strconv.Itoa(i + 1), number(p.LR), number(p.Loss), number(p.Smoothed)})
	}
	out.Flush()
	return out.Error()
}

// draw draws the losses over the learning rate, and the suggestion.
func (c *LRCurve) draw(path, title string) error {
	p := plot.New()
	p.Title.Text = title
	p.X.Label.Text, p.Y.Label.Text = "learning rate", "loss"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, decades{}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	each, means := make(plotter.XYs, len(c.Points)), make(plotter.XYs, len(c.Points))
	for i, point := range c.Points {
		each[i] = plotter.XY{X: point.LR, Y: point.Loss}
		means[i] = plotter.XY{X: point.LR, Y: point.Smoothed}
	}
	dots, err := plotter.NewScatter(each)
	if err != nil {
		return errors.Wrap(err, path)
	}
	dots.Color, dots.Shape, dots.Radius = blue, draw.CircleGlyph{}, vg.Points(1.5)
	line, err := plotter.NewLine(means)
	if err != nil {
		return errors.Wrap(err, path)
	}
	line.Color, line.Width = orange, vg.Points(1.5)
	p.Add(dots, line)
	p.Legend.Add("steps", dots)
	p.Legend.Add("mean", line)
	if s, ok := c.Suggestion(); ok {
		mark, err := plotter.NewScatter(plotter.XYs{{X: s.LR, Y: s.Smoothed}})
		if err != nil {
			return errors.Wrap(err, path)
		}
		mark.Color, mark.Shape, mark.Radius = orange, draw.CircleGlyph{}, vg.Points(4)
		p.Add(mark)
		p.Legend.Add("steepest", mark)
	}
	return writePNG(path, 14*vg.Centimeter, 9*vg.Centimeter, []*plot.Plot{p})
}

// decades are ticks at powers of ten.
type decades struct{}

// Ticks returns the ticks from min to max, both above 0.
func (decades) Ticks(min, max float64) []plot.Tick {
	var ticks []plot.Tick
	for e := math.Ceil(math.Log10(min) - 1e-9); e <= math.Log10(max)+1e-9; e++ {
		ticks = append(ticks, plot.Tick{Value: math.Pow(10, e), Label: fmt.Sprintf("1e%g", e)})
	}
	return ticks
}
