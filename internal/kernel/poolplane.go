package kernel

// A poolPlane is what pools one plane: its slices are cut to the plane.
type poolPlane struct {
	k            *poolKernels
	e            *elementwiseKernels
	rows, cols   poolAxis // down the rows; along the columns
	oh, ow       int
	countPadding bool

	x, dx []float32 // (H, W)
	y     []float32 // (OH, OW): the output, or its gradient in a backward pass
	idx   []int64   // (OH, OW)

	padded []float32 // a row of the input with the padding that windows reach
	row    []float32 // one number for each window of an output row
	scale  []float32 // 1 over what an average divides each window of an output row by
	high   int       // the number of rows that scale is for
	winner []int32   // the position in the plane of what wins each window of an output row
}

type poolArgs struct {
	do     func(*poolPlane)
	all    poolPlane // its slices hold all planes
	planes int
	each   int // planes in a piece
}

// run calls do for every plane of the arrays in all.
func (s PoolShape) run(do func(*poolPlane), all poolPlane) {
	n := s.N * s.C
	all.k, all.e = pools.get(), elementwise.get()
	all.rows, all.cols, all.countPadding = s.vertical(), s.horizontal(), s.CountIncludePad
	all.oh, all.ow = s.Out()
	checkPlanes(all.x, n, s.H*s.W)
	checkPlanes(all.dx, n, s.H*s.W)
	checkPlanes(all.y, n, all.oh*all.ow)
	checkPlanes(all.idx, n, all.oh*all.ow)
	each := max(2*grain/(s.H*s.W), 1)
	poolRegion.run((n+each-1)/each, poolArgs{do, all, n, each})
}

var poolPlanes spares[poolPlane]

var poolRegion = newRegion(func(a *poolArgs, piece int) {
	p := poolPlanes.take() // a variable would be allocated for each piece
	*p = a.all
	// Windows reach beyond the padding in CeilMode and may leave some of it out
	// otherwise.
	p.padded = rows.borrow(max(p.cols.padBefore+p.cols.size, (p.ow-1)*p.cols.stride+p.cols.extent()))
	p.row, p.scale, p.winner = rows.borrow(p.ow), rows.borrow(p.ow), positions.borrow(p.ow)
	for i := piece * a.each; i < min((piece+1)*a.each, a.planes); i++ {
		p.x, p.dx = plane(a.all.x, i, p.rows.size*p.cols.size), plane(a.all.dx, i, p.rows.size*p.cols.size)
		p.y, p.idx = plane(a.all.y, i, p.oh*p.ow), plane(a.all.idx, i, p.oh*p.ow)
		a.do(p)
	}
	rows.giveBack(p.padded)
	rows.giveBack(p.row)
	rows.giveBack(p.scale)
	positions.giveBack(p.winner)
	*p = poolPlane{}
	poolPlanes.put(p)
})

// checkPlanes checks the length of an array of planes that may be absent.
func checkPlanes[T any](a []T, n, size int) {
	if a != nil {
		sameLength(len(a), n*size)
	}
}

// plane returns the i-th plane of an array that may be absent.
func plane[T any](a []T, i, size int) []T {
	if a == nil {
		return nil
	}
	return a[i*size:][:size]
}

// inputRow returns the row of a plane of the input's size under tap k of the
// windows of output row o.
func (p *poolPlane) inputRow(a []float32, o, k int) []float32 {
	h := p.rows.begin(o) + k*p.rows.dilation
	return a[h*p.cols.size:][:p.cols.size]
}

// inside returns the part of the padded row that is input.
func (p *poolPlane) inside() []float32 { return p.padded[p.cols.padBefore:][:p.cols.size] }
