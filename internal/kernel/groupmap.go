package kernel

import "slices"

// A groupMap cuts the outputs of a convolution into segments for group kernels.
type groupMap struct {
	g        int    // channels of a group
	from, to [2]int // heights and widths of the images that are read and written
	kw       int    // columns of the window
	segments []groupSegment
}

// A groupSegment is a run of output pixels in a row or in a column of the image
// that have the same taps inside.
type groupSegment struct {
	x, y   int // values before the first tap and the first pixel in a block of channels
	pixels int
	*groupPath
}

// A groupPath is what the pixels of a segment have in common.
type groupPath struct {
	// As groupArgs has them; there are no steps where the window is outside the image.
	pixelX, pixelY, tapW int
	steps                []panelStep
	counts               [groupRun]int
	fetches              []int64
	aheadY               int
}

// groupBand is how many rows of outputs are taken at once: the columns at the
// borders are computed while the rows beside them are in the cache.
const groupBand = 12

// add lists the segments of the outputs of two axes: by bands of rows, in these by
// rectangles that have the same taps inside.
func (m *groupMap) add(rows, columns *axis) {
	for _, r := range rows.spans(m.from[0], groupBand) {
		for _, c := range columns.spans(m.from[1], columns.n) {
			m.rectangle(groupLine{rows, r, m.from[1], m.to[1], m.kw}, groupLine{columns, c, 1, 1, 1})
		}
	}
}

// An axisSpan is a run of outputs [begin, end) of an axis that have the taps
// [first, last) inside.
type axisSpan struct{ begin, end, first, last int }

// spans returns the outputs of an axis that has size inputs as spans of most
// outputs or fewer.
func (a *axis) spans(size, most int) (spans []axisSpan) {
	for i := 0; i < a.n; {
		first, last := a.inside(i, size)
		end := min(a.run(i, size), i+most)
		spans = append(spans, axisSpan{i, end, first, last})
		i = end
	}
	return spans
}

// A groupLine is one direction of a rectangle of outputs.
type groupLine struct {
	*axis
	axisSpan
	in, out, tap int // pixels from one of the images read and written to the next, taps from one of the window to the next
}

// rectangle lists the segments of a rectangle of outputs: its rows or, where these
// are short, its columns. The taps of a step lie in the same direction.
func (m *groupMap) rectangle(rows, columns groupLine) {
	const short = 4
	along, across := columns, rows
	if n := columns.end - columns.begin; n < short && n < rows.end-rows.begin {
		along, across = rows, columns
	}
	path := m.path(along, across)
	if along.out == 1 && len(path.steps) > 0 {
		path.fetchRows(along, across)
	}
	for i := across.begin; i < across.end; i++ {
		s := groupSegment{y: Block * (across.output(i) + along.output(along.begin)), pixels: along.end - along.begin, groupPath: path}
		if len(path.steps) > 0 {
			s.x = Block * (across.input(i) + along.input(along.begin))
		}
		m.segments = append(m.segments, s)
	}
}

// output returns how far output i is from the first one of the image, in pixels.
func (l *groupLine) output(i int) int { return (l.from + i*l.to) * l.out }

// input returns the same for what the first tap inside meets.
func (l *groupLine) input(i int) int { return (i*l.step + l.lead[l.first]) * l.in }

// path returns what the pixels of a line have in common.
func (m *groupMap) path(along, across groupLine) *groupPath {
	weights := 4 * m.g * Block // bytes of those of a tap
	p := &groupPath{pixelX: 4 * Block * along.step * along.in, pixelY: 4 * Block * along.to * along.out}
	var byLength [groupRun][]panelStep
	for i := across.first; i < across.last; i++ {
		for _, run := range along.tapRuns(along.first, along.last) {
			x := (across.lead[i]-across.lead[across.first])*across.in + (along.lead[run[0]]-along.lead[along.first])*along.in
			w := across.taps[i]*across.tap + along.taps[run[0]]*along.tap
			n := len(run) - 1
			byLength[n] = append(byLength[n], panelStep{int64(4 * Block * x), int64(weights * w)})
			p.counts[n]++
			if n > 0 {
				p.tapW = weights * along.tap * (along.taps[run[1]] - along.taps[run[0]])
			}
		}
	}
	slices.Reverse(byLength[:])
	p.steps = slices.Concat(byLength[:]...)
	return p
}

// fetchRows lists what the next row of outputs meets that this one does not.
func (p *groupPath) fetchRows(columns, rows groupLine) {
	p.aheadY = 4 * Block * rows.to * rows.out
	leads := rows.lead[rows.first:rows.last]
	next := slices.Max(leads) - leads[0] + 1
	for i := range rows.step {
		for j := range columns.step {
			p.fetches = append(p.fetches, int64(4*Block*((next+i)*rows.in+j)))
		}
	}
}

// tapRuns returns the taps [first, last) as runs of which each tap meets the input
// after that of the tap before. The taps of all runs are equally far apart.
func (a *axis) tapRuns(first, last int) (runs [][]int) {
	var order []int
	for i := first; i < last; i++ {
		order = append(order, i)
	}
	slices.SortFunc(order, func(i, j int) int { return a.lead[i] - a.lead[j] })
	used := make([]bool, last)
	for _, i := range order {
		if used[i] {
			continue
		}
		run := []int{i}
		for used[i] = true; len(run) < groupRun; {
			next := slices.IndexFunc(order, func(j int) bool { return a.lead[j] == a.lead[i]+a.step })
			if next < 0 {
				break
			}
			i = order[next]
			run, used[i] = append(run, i), true
		}
		runs = append(runs, run)
	}
	return runs
}
