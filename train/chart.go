package train

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// A chart is drawn in a box of this size; the margins hold the labels of the axes.
const (
	chartWidth, chartHeight = 560.0, 250.0
	marginLeft, marginRight = 52.0, 12.0
	marginTop, marginBottom = 12.0, 28.0
)

// dottedEpochs is the number of epochs up to which curves have dots.
const dottedEpochs = 60

// chart is a drawing of the report. Its colours are classes of the page's style.
type chart struct {
	Title  string
	Legend []legendEntry
	SVG    template.HTML
}

// legendEntry is a curve, by the class of its colour, with its last value.
type legendEntry struct{ Class, Label, Last string }

// axes map values to places in the box.
type axes struct {
	minX, maxX, minY, maxY float64
}

func (a axes) x(v float64) float64 {
	return marginLeft + (v-a.minX)/(a.maxX-a.minX)*(chartWidth-marginLeft-marginRight)
}

func (a axes) y(v float64) float64 {
	return chartHeight - marginBottom - (v-a.minY)/(a.maxY-a.minY)*(chartHeight-marginTop-marginBottom)
}

// curveClasses are the colours of the curves of a chart, in order.
var curveClasses = []string{"a", "b", "c"}

// newChart draws the curves of a panel, as far as they are finite.
func newChart(p panel, history []EpochResult) chart {
	c := chart{Title: p.y}
	a := axes{minX: 1, maxX: max(2, float64(len(history))), minY: math.Inf(1), maxY: math.Inf(-1)}
	for _, k := range p.curves {
		for _, r := range history {
			if v := k.value(r); isFinite(v) {
				a.minY, a.maxY = min(a.minY, v), max(a.maxY, v)
			}
		}
	}
	if a.minY > a.maxY { // nothing yet
		a.minY, a.maxY = 0, 1
	}
	ticks := a.niceY()
	var b strings.Builder
	a.grid(&b, ticks)
	for i, k := range p.curves {
		c.Legend = append(c.Legend, a.curve(&b, k, curveClasses[i], history))
	}
	c.SVG = svg(p.y, b.String())
	return c
}

// svg puts a drawing into its box.
func svg(title, drawing string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %g %g" role="img" aria-label="%s">%s</svg>`, chartWidth, chartHeight, html.EscapeString(title), drawing))
}

func isFinite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// niceY widens the vertical axis to round numbers, and returns those on it.
func (a *axes) niceY() []float64 {
	if a.maxY-a.minY < 1e-9*math.Abs(a.maxY) || a.maxY == a.minY {
		pad := max(math.Abs(a.maxY)*0.1, 1e-6)
		a.minY, a.maxY = a.minY-pad, a.maxY+pad
	}
	step := niceStep((a.maxY - a.minY) / 4)
	from, to := math.Floor(a.minY/step), math.Ceil(a.maxY/step)
	a.minY, a.maxY = from*step, to*step
	var ticks []float64
	for i := from; i <= to; i++ {
		ticks = append(ticks, i*step)
	}
	return ticks
}

// niceStep is the least of 1, 2 and 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, f := range []float64{1, 2, 5} {
		if f*power >= v {
			return f * power
		}
	}
	return 10 * power
}

// grid draws the axes with their numbers.
func (a axes) grid(b *strings.Builder, ticks []float64) {
	for _, v := range ticks {
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1[3]f"/><text class="tick end" x="%.1f" y="%.1f">%s</text>`,
			marginLeft, chartWidth-marginRight, a.y(v), marginLeft-8, a.y(v)+4, number(v))
	}
	step := max(1, niceStep((a.maxX-a.minX)/8))
	first := math.Ceil(a.minX)
	for v := first; v <= a.maxX; v++ {
		if v == first || math.Mod(v, step) == 0 && v-first >= step/2 {
			fmt.Fprintf(b, `<text class="tick middle" x="%.1f" y="%.1f">%.0f</text>`, a.x(v), chartHeight-8, v)
		}
	}
}

// curve draws one, and returns what the legend says of it.
func (a axes) curve(b *strings.Builder, k curve, class string, history []EpochResult) legendEntry {
	var line, dots strings.Builder
	entry := legendEntry{Class: class, Label: k.label}
	command := "M"
	for _, r := range history {
		v := k.value(r)
		if !isFinite(v) {
			command = "M"
			continue
		}
		x, y := a.x(float64(r.Epoch)), a.y(v)
		fmt.Fprintf(&line, "%s%.1f %.1f", command, x, y)
		command = "L"
		entry.Last = number(v)
		if len(history) <= dottedEpochs {
			fmt.Fprintf(&dots, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="2.6"><title>epoch %d: %s</title></circle>`, class, x, y, r.Epoch, number(v))
		}
	}
	fmt.Fprintf(b, `<path class="line %s" d="%s"/>%s`, class, line.String(), dots.String())
	return entry
}

// number writes four digits.
func number(v float64) string {
	if math.Abs(v) < 1e-12 {
		return "0"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// timingChart draws the seconds of every epoch as a bar: computing, waiting for data
// and evaluating.
func timingChart(history []EpochResult) chart {
	c := chart{Title: "seconds an epoch"}
	a := axes{minX: 0.5, maxX: max(1, float64(len(history))) + 0.5}
	for _, r := range history {
		a.maxY = max(a.maxY, r.Seconds)
	}
	var b strings.Builder
	if a.maxY == 0 {
		a.maxY = 1
	}
	a.grid(&b, a.niceY())
	wide := min(0.7*(a.x(1.5)-a.x(0.5)), 48)
	var sums [3]float64
	for _, r := range history {
		base := 0.0
		for i, v := range []float64{r.Seconds - r.EvalSeconds - r.DataWait, r.DataWait, r.EvalSeconds} {
			v = max(v, 0)
			fmt.Fprintf(&b, `<rect class="bar %s" x="%.1f" width="%.1f" y="%.1f" height="%.1f"><title>epoch %d: %.2f s</title></rect>`,
				curveClasses[i], a.x(float64(r.Epoch))-wide/2, wide, a.y(base+v), a.y(base)-a.y(base+v), r.Epoch, v)
			base += v
			sums[i] += v
		}
	}
	for i, label := range []string{"training", "waiting for data", "evaluation"} {
		c.Legend = append(c.Legend, legendEntry{curveClasses[i], label, fmt.Sprintf("%.1f s", sums[i])})
	}
	c.SVG = svg(c.Title, b.String())
	return c
}

// calibrationChart draws how often the images of each bin are right, against how
// sure the model is of them.
func calibrationChart(k *Calibration) chart {
	c := chart{Title: "right, by confidence", Legend: []legendEntry{{"a", "right", ""}, {"b", "as sure as right", ""}}}
	a := axes{maxX: 1, maxY: 1}
	var b strings.Builder
	a.grid(&b, []float64{0, 0.25, 0.5, 0.75, 1})
	for i, bin := range k {
		if bin.N == 0 {
			continue
		}
		left, right := a.x(float64(i)/calibrationBins)+1, a.x(float64(i+1)/calibrationBins)-1
		fmt.Fprintf(&b, `<rect class="bar a" x="%.1f" width="%.1f" y="%.1f" height="%.1f"><title>%d images, confidence %.3f, right %.3f</title></rect>`,
			left, right-left, a.y(bin.Accuracy()), a.y(0)-a.y(bin.Accuracy()), bin.N, bin.Confidence(), bin.Accuracy())
	}
	fmt.Fprintf(&b, `<path class="line b dashed" d="M%.1f %.1fL%.1f %.1f"/>`, a.x(0), a.y(0), a.x(1), a.y(1))
	c.SVG = svg(c.Title, b.String())
	return c
}
