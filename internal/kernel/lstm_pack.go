package kernel

// PackedLen is the length of the packed weights: those that forward passes read.
func (l *LSTM) PackedLen() int {
	return gates * l.units * Block * ((l.inputs+l.units)*Block + 1)
}

// Pack brings weights (4*Hidden, In) and (4*Hidden, Hidden) and biases (4*Hidden),
// which may be nil, into the order in which forward passes read them: panels of the
// gates of each block of units, for W_ih and then for W_hh, and the sum of the biases.
func (l *LSTM) Pack(packed, ih, hh, bih, bhh []float32) {
	lstmPacks.run(gates*l.units*Block/l.gate.set.width, lstmPack{l, packed, ih, hh, bih, bhh})
}

type lstmPack struct {
	*LSTM
	packed, ih, hh, bih, bhh []float32
}

var lstmPacks = newRegion(func(p *lstmPack, panel int) {
	p.rows(p.inputWeights(p.packed, panel), p.ih, panel, p.In)
	p.rows(p.hiddenWeights(p.packed, panel), p.hh, panel, p.Hidden)
	bias := p.biasOf(p.packed, panel)
	clear(bias)
	for i := 0; i < len(bias); i += Block {
		from, n := p.gateRows(panel*len(bias)/Block + i/Block)
		for _, b := range [][]float32{p.bih, p.bhh} {
			if b == nil {
				continue
			}
			for k, v := range b[from : from+n] {
				bias[i+k] += v
			}
		}
	}
})

// gateRows returns the rows of the weights, so many from one on, that are a block of
// channels: gate block%4 of the units of block/4.
func (l *LSTM) gateRows(block int) (from, n int) {
	u, g := block/gates, block%gates
	return g*l.Hidden + u*Block, min(Block, l.Hidden-u*Block)
}

// rows packs the rows of a panel of gates.
func (p *lstmPack) rows(dst, w []float32, panel, columns int) {
	width := p.gate.set.width
	if columns%Block != 0 || p.Hidden%Block != 0 {
		clear(dst)
	}
	for i := 0; i < width; i += Block {
		from, n := p.gateRows((panel*width + i) / Block)
		transposeBand(dst[i:], width, w[from*columns:], columns, n, columns)
	}
}

// inputWeights, hiddenWeights and biasOf return the parts of a panel of gates in
// packed weights.
func (l *LSTM) inputWeights(packed []float32, panel int) []float32 {
	size := l.inputs * Block * l.gate.set.width
	return packed[panel*size:][:size]
}

func (l *LSTM) hiddenWeights(packed []float32, panel int) []float32 {
	size := l.units * Block * l.gate.set.width
	return packed[gates*l.units*Block*l.inputs*Block+panel*size:][:size]
}

func (l *LSTM) biasOf(packed []float32, panel int) []float32 {
	width := l.gate.set.width
	return packed[gates*l.units*Block*(l.inputs+l.units)*Block+panel*width:][:width]
}

// packBack brings weights (4*Hidden, columns) into the order of products with the
// gradients of the gates: panels of columns.
func (l *LSTM) packBack(packed, w []float32, columns int, p *lstmPanels) {
	lstmBackPacks.run(p.panels, lstmBackPack{l, packed, w, columns, p})
}

type lstmBackPack struct {
	*LSTM
	packed, w []float32
	columns   int
	panels    *lstmPanels
}

var lstmBackPacks = newRegion(func(p *lstmBackPack, panel int) {
	width, size := p.panels.set.width, p.panels.weights()
	dst, first := p.packed[panel*size:][:size], panel*width
	if p.columns%Block != 0 || p.Hidden%Block != 0 {
		clear(dst)
	}
	for block := range gates * p.units {
		from, n := p.gateRows(block)
		for k := range n {
			row := p.w[(from+k)*p.columns:][:p.columns]
			copy(dst[(block*Block+k)*width:][:width], row[first:])
		}
	}
})
