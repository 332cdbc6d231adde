package kernel

import "math"

// A normWork is one pass of a batch normalisation over its arrays, plane by
// plane.
type normWork struct {
	shape   NormShape
	k       *batchNormKernels
	grid    channelGrid // of planes
	table   []normLanes // of each plane
	partial []float64   // (rows of blocks of the grid, planes, 2, Block)

	x, y, residual, dx, dy []float32
	plane                  planePass
}

// A planePass does a plane, elements [i, j) of the arrays. Sums are nil in a pass
// that adds up none.
type planePass func(w *normWork, i, j int, c *normLanes, sums *normSums)

// laneNorm is what a channel has in its lanes.
type laneNorm struct {
	mean, scale, shift, slope, offset float32
	centre                            float64
}

var normWorks spares[normWork]

// begin returns the work on the given arrays. Rows of features whose channels
// fill whole blocks lie as the blocked layout has them.
func (s NormShape) begin(arrays normWork) *normWork {
	if s.Blocked {
		sameLength(s.C%Block, 0) // a blocked array has whole blocks
	}
	s.Blocked = s.Blocked || s.HW == 1 && s.C%Block == 0
	w := normWorks.take()
	table := w.table[:0]
	*w = arrays
	w.shape, w.k = s, batchNorms.get()
	planes, size := s.C, s.HW
	if s.Blocked {
		planes, size = s.C/Block, s.HW*Block
	}
	w.grid = newChannelGrid(s.N, planes, size)
	if cap(table) < planes {
		table = make([]normLanes, planes)
	}
	w.table = table[:planes]
	return w
}

// end keeps nobody's memory alive but the table.
func (w *normWork) end() {
	if w.partial != nil {
		sums.giveBack(w.partial)
	}
	*w = normWork{table: w.table}
	normWorks.put(w)
}

// lanes returns the plane that holds a channel and its lanes there.
func (w *normWork) lanes(channel int) (plane, first, end int) {
	if w.shape.Blocked {
		lane := channel % Block
		return channel / Block, lane, lane + 1
	}
	return channel, 0, Block
}

// spread gives the lanes of a channel their coefficients.
func (w *normWork) spread(channel int, n laneNorm) {
	plane, first, end := w.lanes(channel)
	t := &w.table[plane]
	for i := first; i < end; i++ {
		l := uint(i) % Block // is inside, as the compiler sees
		t.mean[l], t.scale[l], t.shift[l] = n.mean, n.scale, n.shift
		t.gain[l], t.slope[l], t.offset[l] = n.scale, n.slope, n.offset
		t.centre[l] = n.centre
	}
}

// normalise makes the coefficients of the normalisation.
func (w *normWork) normalise(n Norm) {
	w.check(n)
	for c := range w.shape.C {
		w.spread(c, n.lane(c))
	}
}

// differentiate makes those of the input gradient in training too.
func (w *normWork) differentiate(n Norm, dgamma, dbeta []float32) {
	w.check(n)
	m := float64(w.shape.N) * float64(w.shape.HW)
	for c := range w.shape.C {
		l := n.lane(c)
		invstd := float64(n.InvStd[c])
		scale := invstd * float64(orElse(n.Gamma, c, 1))
		l.slope = float32(-scale * invstd * float64(dgamma[c]) / m)
		l.offset = float32(-scale * float64(dbeta[c]) / m)
		w.spread(c, l)
	}
}

func (w *normWork) check(n Norm) {
	checkChannels(w.shape.C, n.Mean, n.InvStd)
	for _, s := range [...][]float32{n.Gamma, n.Beta} {
		if s != nil {
			sameLength(len(s), w.shape.C)
		}
	}
}

func (n Norm) lane(c int) laneNorm {
	return laneNorm{
		mean: n.Mean[c], scale: n.InvStd[c] * orElse(n.Gamma, c, 1), shift: orElse(n.Beta, c, 0),
		centre: float64(n.Mean[c]),
	}
}

// pivot returns the value that sums over a channel of x are taken around: its
// first one. The variance is at least the square of any value's distance from
// the mean over the number of values, which bounds what cancels. An infinite
// value is no pivot, as the mean of a channel with one is infinite and not NaN.
func (w *normWork) pivot(channel int) float64 {
	if len(w.x) == 0 {
		return 0
	}
	plane, lane, _ := w.lanes(channel)
	begin, _ := w.grid.plane(0, plane)
	v := float64(w.x[begin+lane])
	if math.IsInf(v, 0) {
		return 0
	}
	return v
}

// run does every plane.
func (w *normWork) run(plane planePass) {
	w.plane = plane
	normRegion.run(w.grid.blocks(), w)
}

// sum does every plane with sums, for gather.
func (w *normWork) sum(plane planePass) {
	w.partial = sums.borrow(2 * Block * w.grid.rows * w.grid.c)
	w.run(plane)
}

// gather adds up the two partial sums of a channel, in order.
func (w *normWork) gather(channel int) (first, second float64) {
	plane, from, end := w.lanes(channel)
	for row := range w.grid.rows {
		p := w.sumsOf(row, plane)
		for l := from; l < end; l++ {
			first += p[l]
			second += p[Block+l]
		}
	}
	return first, second
}

// sums makes the gradients of a norm's parameters.
func (w *normWork) sums(dgamma, dbeta []float32, n Norm) {
	for c := range dbeta {
		s, d := w.gather(c)
		dbeta[c] = float32(s)
		dgamma[c] = float32(d * float64(n.InvStd[c]))
	}
}

// sumsOf returns the sums over a plane of the images in a row of blocks.
func (w *normWork) sumsOf(row, plane int) *normSums {
	if w.partial == nil {
		return nil
	}
	return (*normSums)(w.partial[2*Block*(row*w.grid.c+plane):])
}

var normRegion = newRegion(func(p **normWork, piece int) {
	w := *p
	g := &w.grid
	row, n0, n1, c0, c1 := g.block(piece)
	for n := n0; n < n1; n++ {
		for c := c0; c < c1; c++ {
			i, j := g.plane(n, c)
			w.plane(w, i, j, &w.table[c], w.sumsOf(row, c))
		}
	}
})
