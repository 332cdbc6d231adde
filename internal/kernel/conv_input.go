package kernel

// inputPass computes the gradient of a convolution's input: for each phase of
// the stride a dense correlation of the output's gradient with those taps of
// the window that meet the phase.
type inputPass struct {
	ConvShape
	sweep   *sweep
	taps    [][]int64 // of each phase: where in a window they are, in bytes
	weights []float32
	pack    func(int)
}

func newInputPass(s ConvShape) *inputPass {
	p := &inputPass{ConvShape: s}
	oh, ow := s.Out()
	rows := gradPhases(s.H, s.KH, s.DilationH, s.StrideH, s.PadTop)
	columns := gradPhases(s.W, s.KW, s.DilationW, s.StrideW, s.PadLeft)
	spanH, readH, _ := gradSpan(rows, oh)
	spanW, readW, width := gradSpan(columns, ow)
	f := newField(s.K, oh, ow, []span{spanH}, []span{spanW}, readH, readW, width)
	var phases []sweepPhase
	for _, r := range rows {
		for _, c := range columns {
			phases = append(phases, p.phase(f, r, c, spanH.at, spanW.at))
		}
	}
	p.sweep = newSweep(f, phases, s.StrideW, s.N, s.H, s.W)
	p.pack = p.packPanel
	return p
}

// phase returns the correlation for one phase; zeroH and zeroW are how many
// zeros the field has before the output gradient.
func (p *inputPass) phase(f *field, r, c gradPhase, zeroH, zeroW int) sweepPhase {
	var taps []int64
	var lead []int
	for i, kh := range r.taps {
		for j, kw := range c.taps {
			taps = append(taps, int64(4*(kh*p.KW+kw)))
			lead = append(lead, f.at(0, 0, r.lead[i]+zeroH, c.lead[j]+zeroW))
		}
	}
	var off []int64
	for k := range p.K / p.Groups {
		for _, l := range lead {
			off = append(off, int64(4*(k*f.channel()+l)))
		}
	}
	p.taps = append(p.taps, taps)
	sum := newCorrelation(f, p.Groups, p.C/p.Groups, r.n, c.n, off)
	return sweepPhase{sum, r.from, p.StrideH, c.from, p.StrideW}
}

func (p *inputPass) run(dx, dy, w []float32) {
	panels := p.sweep.phases[0].panels * p.Groups
	p.weights = w
	Parallel(panels*len(p.sweep.phases), p.pack)
	p.weights = nil
	p.sweep.run(dy, target{y: dx}, p.macs())
}

// packPanel packs the weights of one panel of one phase: those of its input
// channels, for every output channel of the group and every tap.
func (p *inputPass) packPanel(piece int) {
	phases := len(p.sweep.phases)
	sum, taps := p.sweep.phases[piece%phases].correlation, p.taps[piece%phases]
	panel := piece / phases
	window, groupK := p.KH*p.KW, p.K/p.Groups
	row := panel % sum.panels * sum.class.rows
	var index [maxRows]int32
	for r := range index {
		index[r] = int32(min(r, sum.m-row-1) * window)
	}
	from := (panel/sum.panels*groupK*sum.m + row) * window
	gatherRows(sum.panel(panel), p.weights[from:], groupK, sum.m*window, taps, index[:sum.class.rows])
}
