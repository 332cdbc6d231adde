package kernel

// ToBlocked brings x, of shape (n, c, hw), into the blocked layout, (n, c/Block,
// hw, Block). c is a multiple of Block; y must not overlap x.
func ToBlocked(y, x []float32, n, c, hw int) { changeLayout(y, x, n, c, hw, toBlocked) }

// ToPlanar brings x, of shape (n, c/Block, hw, Block), into planes, (n, c, hw).
// c is a multiple of Block; y must not overlap x.
func ToPlanar(y, x []float32, n, c, hw int) { changeLayout(y, x, n, c, hw, toPlanar) }

// layoutRun is how many pixels are moved at a stretch: their Block channels lie
// in the first-level cache, however far the planes are apart.
const layoutRun = 64

// toBlocked does the pixels of Block planes.
func toBlocked(y, x []float32, hw int) {
	for p := 0; p < hw; p += layoutRun {
		transposeBand(y[p*Block:], Block, x[p:], hw, Block, min(layoutRun, hw-p))
	}
}

// toPlanar does the pixels of Block planes, eight of them at a time: more runs
// that are written at once would evict each other where planes are some power of
// two apart.
func toPlanar(y, x []float32, hw int) {
	const planes = 8
	for p := 0; p < hw; p += layoutRun {
		for c := 0; c < Block; c += planes {
			transposeBand(y[c*hw+p:], hw, x[p*Block+c:], Block, min(layoutRun, hw-p), planes)
		}
	}
}

type layoutArgs struct {
	y, x []float32
	hw   int
	move func(y, x []float32, hw int)
	each int // groups of Block planes in a piece
}

var layoutRegion = newRegion(func(a *layoutArgs, piece int) {
	size := a.hw * Block
	for i := piece * a.each * size; i < min((piece+1)*a.each*size, len(a.x)); i += size {
		a.move(a.y[i:i+size], a.x[i:i+size], a.hw)
	}
})

// changeLayout moves every group of Block planes.
func changeLayout(y, x []float32, n, c, hw int, move func(y, x []float32, hw int)) {
	sameLength(len(x), n*c*hw)
	sameLength(len(y), n*c*hw)
	sameLength(c%Block, 0) // blocks are whole
	each := max(grain/max(hw*Block, 1), 1)
	layoutRegion.run((n*c/Block+each-1)/each, layoutArgs{y, x, hw, move, each})
}
