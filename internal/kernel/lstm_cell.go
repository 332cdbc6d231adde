package kernel

//go:generate go run -C gen . -set lstm -out ../lstm_amd64.s -stubs ../lstm_amd64.go -pkg kernel

// lstmKernels are the single-threaded loops over the units of an LSTM.
type lstmKernels struct {
	cell     func(c, i, f, g, before []float32)
	outGrad  func(o, dc, dh, t []float32)
	gateGrad func(i, f, g, dc, before []float32)
}

var lstms = byTier[lstmKernels]{Generic: {cell: lstmCellGo, outGrad: lstmOutGradGo, gateGrad: lstmGateGradGo}}

// lstmCellGo: c[k] = f[k]*before[k] + i[k]*g[k]
func lstmCellGo(c, i, f, g, before []float32) {
	for k := range c {
		c[k] = f[k]*before[k] + i[k]*g[k]
	}
}

// lstmOutGradGo: o[k] = dh[k]*t[k] * o[k]*(1 - o[k]); dc[k] += dh[k]*o[k] *
// (1 - t[k]*t[k]) for the old o[k]
func lstmOutGradGo(o, dc, dh, t []float32) {
	for k, d := range dh {
		dc[k] += d * o[k] * (1 - t[k]*t[k])
		o[k] = d * t[k] * o[k] * (1 - o[k])
	}
}

// lstmGateGradGo: i, f, g become the gradients of what went into them, dc that of
// the cell before
func lstmGateGradGo(i, f, g, dc, before []float32) {
	for k, d := range dc {
		in, forget, cell := i[k], f[k], g[k]
		i[k] = d * cell * in * (1 - in)
		f[k] = d * before[k] * forget * (1 - forget)
		g[k] = d * in * (1 - cell*cell)
		dc[k] = d * forget
	}
}
