package kernel

import "slices"

// direct computes convolutions by their definition, in plain Go.
type direct struct {
	ConvShape
	w []float32
}

func newDirect(s ConvShape) *direct { return &direct{ConvShape: s} }

func (d *direct) pack(w []float32) { d.w = append(d.w[:0], w...) }

// taps calls f for every product of the convolution of image n with the
// weights of output channel k: indices into y, x and w.
func (d *direct) taps(n, k int, f func(y, x, w int)) {
	oh, ow := d.Out()
	cg, kg := d.C/d.Groups, d.K/d.Groups
	for c := range cg {
		xc := (n*d.C + k/kg*cg + c) * d.H * d.W
		for kh := range d.KH {
			for kw := range d.KW {
				w := ((k*cg+c)*d.KH+kh)*d.KW + kw
				for i := range oh {
					ih := i*d.StrideH + kh*d.DilationH - d.PadTop
					if ih < 0 || ih >= d.H {
						continue
					}
					for j := range ow {
						if iw := j*d.StrideW + kw*d.DilationW - d.PadLeft; iw >= 0 && iw < d.W {
							f(((n*d.K+k)*oh+i)*ow+j, xc+ih*d.W+iw, w)
						}
					}
				}
			}
		}
	}
}

func (d *direct) forward(y, x []float32, e Epilogue) {
	pixels := d.outLen() / (d.N * d.K)
	Parallel(d.N*d.K, func(i int) {
		sum := make([]float32, pixels)
		d.taps(i/d.K, i%d.K, func(yi, xi, wi int) { sum[yi-i*pixels] += x[xi] * d.w[wi] })
		for p, v := range sum {
			if e.Bias != nil {
				v += e.Bias[i%d.K]
			}
			if e.Residual != nil {
				v += e.Residual[i*pixels+p]
			}
			if e.ReLU {
				v = max(v, 0)
			}
			y[i*pixels+p] = v
		}
	})
}

func (d *direct) inputGrad(dx, dy, w []float32) {
	clear(dx)
	Parallel(d.N, func(n int) {
		for k := range d.K {
			d.taps(n, k, func(yi, xi, wi int) { dx[xi] += dy[yi] * w[wi] })
		}
	})
}

func (d *direct) weightGrad(dw, x, dy []float32) {
	per := len(dw) / d.K
	Parallel(d.K, func(k int) {
		clear(slices.Clip(dw[k*per : (k+1)*per]))
		for n := range d.N {
			d.taps(n, k, func(yi, xi, wi int) { dw[wi] += x[xi] * dy[yi] })
		}
	})
}
