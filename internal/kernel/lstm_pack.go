package kernel

// lstmPacked are the weights of a forward pass in panels for steps: columns are
// the gates of a block of units side by side, then those of the next block, and so
// are the biases, the sum of both. What is not packed is nil.
type lstmPacked struct{ hidden, input, bias []float32 }

// PackedLen returns the number of values of packed weights.
func (l LSTM) PackedLen() int { return 4 * l.lineH() * (l.lineH() + l.lineI() + 1) }

func (l LSTM) lineI() int { return ceilDiv(l.I, Block) * Block }

func (l LSTM) packed(p []float32) lstmPacked {
	sameLength(len(p), l.PackedLen())
	size, hidden := 4*l.lineH(), 4*l.lineH()*l.lineH()
	return lstmPacked{p[:hidden], p[hidden:][:size*l.lineI()], p[len(p)-size:]}
}

// Pack packs the weights for ForwardPacked.
func (l LSTM) Pack(packed, wih, whh, bih, bhh []float32) {
	p := l.packed(packed)
	l.packGates(p.hidden, whh, l.H)
	l.packGates(p.input, wih, l.I)
	l.packBias(p.bias, bih, bhh)
}

// packBias packs the sum of the biases, both of which may be nil.
func (l LSTM) packBias(dst, bih, bhh []float32) {
	clear(dst)
	if bih == nil {
		return
	}
	sameLength(len(bih), 4*l.H)
	sameLength(len(bhh), 4*l.H)
	for i, v := range bih {
		gate, unit := i/l.H, i%l.H
		dst[4*(unit-unit%Block)+gate*Block+unit%Block] = v + bhh[i]
	}
}

// packGates packs weights (4H, columns) for products of hidden states, or inputs.
func (l LSTM) packGates(dst, w []float32, columns int) {
	sameLength(len(w), 4*l.H*columns)
	width := panelsFor(4 * Block).width
	lstmPackRegion.run(4*l.lineH()/width, lstmPackArgs{l, dst, w, columns, width})
}

type lstmPackArgs struct {
	LSTM
	dst, w         []float32
	columns, width int // width of a panel
}

var lstmPackRegion = newRegion(func(a *lstmPackArgs, panel int) {
	depth := ceilDiv(a.columns, Block) * Block
	dst := a.dst[panel*depth*a.width:][:depth*a.width]
	if depth > a.columns || a.lineH() > a.H {
		clear(dst)
	}
	for column := panel * a.width; column < (panel+1)*a.width; column += Block {
		unit, gate := column/(4*Block)*Block, column/Block%4
		transposeBand(dst[column-panel*a.width:], a.width, a.w[(gate*a.H+unit)*a.columns:], a.columns, min(Block, a.H-unit), a.columns)
	}
})

// packUnits packs whh for products of the gates' gradients: columns are units.
func (l LSTM) packUnits(dst, whh []float32) {
	width := panelsFor(l.lineH()).width
	lstmPackBackRegion.run(l.lineH()/width, lstmPackArgs{l, dst, whh, l.H, width})
}

var lstmPackBackRegion = newRegion(func(a *lstmPackArgs, panel int) {
	depth := a.lineG()
	dst := a.dst[panel*depth*a.width:][:depth*a.width]
	if depth > 4*a.H || a.lineH() > a.H {
		clear(dst)
	}
	layRows(dst, a.w[panel*a.width:], 4*a.H, min(a.width, a.H-panel*a.width), 1, a.width, a.H)
})
