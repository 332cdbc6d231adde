package train

import (
	"image/color"
	"image/png"
	"io"
	"math"
	"strconv"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// curve is a line of a plot: a value for each epoch.
type curve struct {
	label string
	color color.Color
	value func(EpochResult) float64
}

var (
	blue   = color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}
	orange = color.RGBA{R: 0xff, G: 0x7f, B: 0x0e, A: 0xff}
)

// panel is a plot of some curves.
type panel struct {
	y      string
	curves []curve
}

var (
	losses = panel{"loss", []curve{
		{"training", blue, func(r EpochResult) float64 { return r.TrainLoss }},
		{"validation", orange, func(r EpochResult) float64 { return r.ValLoss }},
	}}
	top1 = panel{"top-1 (%)", []curve{
		{"training", blue, func(r EpochResult) float64 { return 100 * r.TrainTop1 }},
		{"validation", orange, func(r EpochResult) float64 { return 100 * r.ValTop1 }},
	}}
	perplexity = panel{"perplexity", []curve{{"validation", orange, EpochResult.Perplexity}}}
	bothLosses = panel{"loss", []curve{
		{"discriminator", blue, func(r EpochResult) float64 { return r.DLoss }},
		{"generator", orange, func(r EpochResult) float64 { return r.GLoss }},
	}}
	opinions = panel{"probability of being real", []curve{
		{"D(x)", blue, func(r EpochResult) float64 { return r.DReal }},
		{"D(G(z))", orange, func(r EpochResult) float64 { return r.DFake }},
	}}
)

// panels are the plots of curves.png for a task, from left to right.
func panels(t zoo.Task) []panel {
	switch t {
	case zoo.Generation:
		return []panel{bothLosses, opinions}
	case zoo.Language:
		return []panel{losses, perplexity}
	}
	return []panel{losses, top1}
}

// writeCurves writes curves.png.
func writeCurves(path, title string, history []EpochResult) error {
	list := panels(history[len(history)-1].Task)
	row := make([]*plot.Plot, len(list))
	for i, panel := range list {
		p := plot.New()
		p.Title.Text = title
		p.X.Label.Text, p.Y.Label.Text = "epoch", panel.y
		p.X.Tick.Marker = wholeTicks{}
		p.Legend.Top = i == 0
		p.Add(plotter.NewGrid())
		for _, c := range panel.curves {
			if err := c.add(p, history); err != nil {
				return errors.Wrap(err, path)
			}
		}
		row[i] = p
	}
	return writePNG(path, 22*vg.Centimeter, 9*vg.Centimeter, row)
}

// add draws the curve, as far as it is finite.
func (c curve) add(p *plot.Plot, history []EpochResult) error {
	var points plotter.XYs
	for _, r := range history {
		if v := c.value(r); !math.IsNaN(v) && !math.IsInf(v, 0) {
			points = append(points, plotter.XY{X: float64(r.Epoch), Y: v})
		}
	}
	if len(points) == 0 {
		return nil
	}
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = c.color, vg.Points(1.5)
	dots.Color, dots.Shape, dots.Radius = c.color, draw.CircleGlyph{}, vg.Points(2)
	p.Add(line, dots)
	p.Legend.Add(c.label, line, dots)
	return nil
}

// wholeTicks are the default ticks at whole numbers.
type wholeTicks struct{}

// Ticks returns the ticks from min to max.
func (wholeTicks) Ticks(min, max float64) []plot.Tick {
	var ticks []plot.Tick
	for _, t := range (plot.DefaultTicks{}).Ticks(min, max) {
		if t.Value == math.Trunc(t.Value) {
			if t.Label != "" {
				t.Label = strconv.Itoa(int(t.Value))
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// writePNG draws plots in a row.
func writePNG(path string, width, height vg.Length, row []*plot.Plot) error {
	canvas := vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(144))
	pad := vg.Points(8)
	tiles := draw.Tiles{Rows: 1, Cols: len(row), PadX: pad, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad}
	for i, c := range plot.Align([][]*plot.Plot{row}, tiles, draw.New(canvas))[0] {
		row[i].Draw(c)
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		quick := png.Encoder{CompressionLevel: png.BestSpeed} // a twentieth larger, and there are many epochs
		return quick.Encode(w, canvas.Image())
	})
}
