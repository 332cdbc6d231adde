package main

import (
	"image/color"
	"math"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var (
	colours = []color.Color{
		color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff},
		color.RGBA{R: 0xff, G: 0x7f, B: 0x0e, A: 0xff},
		color.RGBA{R: 0x2c, G: 0xa0, B: 0x2c, A: 0xff},
		color.RGBA{R: 0xd6, G: 0x27, B: 0x28, A: 0xff},
	}
	grey = color.Gray{Y: 0xa0}
)

// draw writes the part's plot as SVG, both axes logarithmic. A grey line beside
// each series is what time proportional to x would be, from its last point down;
// with threads, where more should cost less, there is none.
func (p part) draw(t *table, path string) error {
	out := plot.New()
	out.Title.Text = p.title
	out.X.Label.Text, out.Y.Label.Text = p.axis, "milliseconds"
	out.X.Scale, out.Y.Scale = plot.LogScale{}, plot.LogScale{}
	out.X.Tick.Marker, out.Y.Tick.Marker = p.ticks(t), plot.LogTicks{Prec: -1}
	out.Legend.Top, out.Legend.Left = true, true
	out.Add(plotter.NewGrid())
	for i, s := range p.series {
		x, y := p.axes(t.series(p.name, s.label))
		if len(x) == 0 {
			continue
		}
		if err := addSeries(out, s.label, colours[i%len(colours)], x, y, p.judge.proportional); err != nil {
			return errors.Wrap(err, path)
		}
	}
	out.Y.Max *= 4 // room for the legend
	return errors.Wrap(out.Save(18*vg.Centimeter, 12*vg.Centimeter, path), path)
}

func addSeries(p *plot.Plot, label string, c color.Color, x, y []float64, guide bool) error {
	points := make(plotter.XYs, len(x))
	for i := range x {
		points[i] = plotter.XY{X: x[i], Y: y[i]}
	}
	line, dots, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	line.Color, line.Width = c, vg.Points(1.5)
	dots.Color, dots.Shape, dots.Radius = c, draw.CircleGlyph{}, vg.Points(2)
	if last := points[len(points)-1]; guide {
		first := plotter.XY{X: points[0].X, Y: last.Y * points[0].X / last.X}
		straight, err := plotter.NewLine(plotter.XYs{first, last})
		if err != nil {
			return err
		}
		straight.Color, straight.Dashes = grey, []vg.Length{vg.Points(3), vg.Points(3)}
		p.Add(straight)
	}
	p.Add(line, dots)
	p.Legend.Add(label, line, dots)
	return nil
}

// ticks are at the values of x, as far as they do not crowd each other.
func (p part) ticks(t *table) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for _, s := range p.series {
		x, _ := p.axes(t.series(p.name, s.label))
		for _, v := range x {
			crowded := false
			for _, other := range ticks {
				crowded = crowded || math.Abs(math.Log(v/other.Value)) < 0.25
			}
			if !crowded {
				ticks = append(ticks, plot.Tick{Value: v, Label: short(v)})
			}
		}
	}
	return ticks
}
