package kernel

// A BlockedPlacement puts the pixels of x, of shape (N, C/Block, H, W, Block), at
// every Stride-th row and column into y, of shape (N, K/Block, OH, OW, Block) with
// OH = (H-1)/Stride + 1, from channel First of y on:
//
//	y[n, First+c, i, j] = x[n, c, i*Stride, j*Stride]
//
// C and K are multiples of Block, First need not be one. All else of y is 0.
type BlockedPlacement struct{ N, C, H, W, K, First, Stride int }

// Put sets y from x.
func (p BlockedPlacement) Put(y, x []float32) {
	p.check(y, x)
	putRegion.run(p.N*p.K/Block, placeArgs{p, y, x})
}

// PutBack sets x from y: the gradient of Put. What y has not is 0.
func (p BlockedPlacement) PutBack(x, y []float32) {
	p.check(y, x)
	putBackRegion.run(p.N*p.C/Block, placeArgs{p, y, x})
}

func (p *BlockedPlacement) check(y, x []float32) {
	oh, ow := p.out()
	sameLength(p.C%Block, 0) // blocks are whole
	sameLength(p.K%Block, 0)
	sameLength(len(x), p.N*p.C*p.H*p.W)
	sameLength(len(y), p.N*p.K*oh*ow)
}

func (p *BlockedPlacement) out() (oh, ow int) { return (p.H-1)/p.Stride + 1, (p.W-1)/p.Stride + 1 }

type placeArgs struct {
	p    BlockedPlacement
	y, x []float32
}

// putRegion does a plane of y for each piece: lanes of up to two blocks of x.
var putRegion = newRegion(func(a *placeArgs, piece int) {
	p := &a.p
	oh, ow := p.out()
	blocks, have := p.K/Block, p.C/Block
	dst := a.y[piece*oh*ow*Block:][:oh*ow*Block]
	clear(dst)
	// Channel First of y is lane 0 of x, so lane 0 of the plane is this channel:
	channel := piece%blocks*Block - p.First + Block*blocks // of x, made positive
	block, lane := channel/Block-blocks, channel%Block
	for _, s := range [2]struct{ block, dst, src, lanes int }{{block, 0, lane, Block - lane}, {block + 1, Block - lane, 0, lane}} {
		if s.lanes == 0 || s.block < 0 || s.block >= have {
			continue
		}
		src := a.x[(piece/blocks*have+s.block)*p.H*p.W*Block:]
		p.rows(func(y, x, step int) {
			for j := range ow {
				copy(dst[y+j*Block+s.dst:][:s.lanes], src[x+j*step+s.src:])
			}
		})
	}
})

// putBackRegion does a plane of x for each piece: lanes of up to two blocks of y.
var putBackRegion = newRegion(func(a *placeArgs, piece int) {
	p := &a.p
	oh, ow := p.out()
	blocks, have := p.C/Block, p.K/Block
	dst := a.x[piece*p.H*p.W*Block:][:p.H*p.W*Block]
	clear(dst)
	channel := piece%blocks*Block + p.First
	block, lane := channel/Block, channel%Block
	for _, s := range [2]struct{ block, dst, src, lanes int }{{block, 0, lane, Block - lane}, {block + 1, Block - lane, 0, lane}} {
		if s.lanes == 0 || s.block >= have {
			continue
		}
		src := a.y[(piece/blocks*have+s.block)*oh*ow*Block:]
		p.rows(func(y, x, step int) {
			for j := range ow {
				copy(dst[x+j*step+s.dst:][:s.lanes], src[y+j*Block+s.src:])
			}
		})
	}
})

// rows calls f with the places in a plane of y and of x where a row of common
// pixels begins, and how far apart they are in x.
func (p *BlockedPlacement) rows(f func(y, x, step int)) {
	oh, ow := p.out()
	for i := range oh {
		f(i*ow*Block, i*p.Stride*p.W*Block, p.Stride*Block)
	}
}
