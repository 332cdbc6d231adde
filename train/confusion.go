package train

import (
	"image/color"
	"math"
	"strconv"

	"github.com/pkg/errors"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// With more classes than these, the confusion matrix shows no numbers, no names,
// and no sharp cells.
const (
	numberedClasses = 20
	namedClasses    = 50
	drawnClasses    = 200
)

// writeConfusion writes confusion.png: a row for each class, from the top, and in
// it how its images were taken.
func writeConfusion(path string, classes []string, counts [][]int) error {
	m := confusion(counts)
	n := len(counts)
	p := plot.New()
	p.X.Label.Text, p.Y.Label.Text = "predicted", "class"
	heat := plotter.NewHeatMap(m, whiteToBlue{})
	heat.Min, heat.Max = 0, 1
	heat.Rasterized = n > drawnClasses
	p.Add(heat)
	if n <= namedClasses {
		p.X.Tick.Marker, p.Y.Tick.Marker = m.ticks(classes, false), m.ticks(classes, true)
		if longest(classes) > 2 {
			p.X.Tick.Label.Rotation = math.Pi / 4
			p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = draw.XRight, draw.YCenter
		}
	}
	if n <= numberedClasses {
		labels, err := m.labels()
		if err != nil {
			return errors.Wrap(err, path)
		}
		p.Add(labels)
	}
	side := min(max(vg.Length(n)*vg.Centimeter, 12*vg.Centimeter), 30*vg.Centimeter)
	return writePNG(path, side+3*vg.Centimeter, side+2*vg.Centimeter, []*plot.Plot{p})
}

func longest(names []string) int {
	n := 0
	for _, name := range names {
		n = max(n, len(name))
	}
	return n
}

// confusion is a matrix of counts as a plotter.GridXYZ, whose rows go upwards.
type confusion [][]int

// Dims returns the number of columns and rows.
func (m confusion) Dims() (c, r int) { return len(m), len(m) }

// X returns the place of a column.
func (m confusion) X(c int) float64 { return float64(c) }

// Y returns the place of a row.
func (m confusion) Y(r int) float64 { return float64(r) }

// Z returns the part of a class's images that were taken for class c.
func (m confusion) Z(c, r int) float64 {
	row := m[len(m)-1-r]
	total := 0
	for _, n := range row {
		total += n
	}
	return float64(row[c]) / float64(max(total, 1))
}

func (m confusion) ticks(classes []string, upwards bool) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(m))
	for i := range m {
		at := i
		if upwards {
			at = len(m) - 1 - i
		}
		ticks[i] = plot.Tick{Value: float64(at), Label: classes[i]}
	}
	return ticks
}

// labels are the counts that are not zero.
func (m confusion) labels() (*plotter.Labels, error) {
	var l plotter.XYLabels
	var light []bool
	for r := range m {
		for c, n := range m[len(m)-1-r] {
			if n > 0 {
				l.XYs = append(l.XYs, plotter.XY{X: float64(c), Y: float64(r)})
				l.Labels = append(l.Labels, strconv.Itoa(n))
				light = append(light, m.Z(c, r) > 0.5)
			}
		}
	}
	labels, err := plotter.NewLabels(l)
	if err != nil {
		return nil, err
	}
	for i := range labels.TextStyle {
		s := &labels.TextStyle[i]
		s.XAlign, s.YAlign = draw.XCenter, draw.YCenter
		if light[i] {
			s.Color = color.White
		}
	}
	return labels, nil
}

// whiteToBlue is a palette whose darkness grows with the square root of the
// value, so that rare confusions show.
type whiteToBlue struct{}

// Colors returns 256 colours.
func (whiteToBlue) Colors() []color.Color {
	list := make([]color.Color, 256)
	for i := range list {
		at := math.Sqrt(float64(i) / 255)
		mix := func(to uint8) uint8 { return uint8(255 + at*(float64(to)-255) + 0.5) }
		list[i] = color.RGBA{R: mix(0x08), G: mix(0x45), B: mix(0x94), A: 0xff}
	}
	return list
}
