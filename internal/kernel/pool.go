package kernel

import "github.com/pkg/errors"

// PoolShape describes a pooling of N*C planes of H x W: a window of KH x KW
// taps, DilationH and DilationW apart, moved by StrideH and StrideW over the
// input with PadTop, PadLeft, PadBottom and PadRight more rows and columns
// around it. There are no defaults: strides and dilations are at least 1.
type PoolShape struct {
	N, C, H, W                           int
	KH, KW                               int
	StrideH, StrideW                     int
	PadTop, PadLeft, PadBottom, PadRight int
	DilationH, DilationW                 int

	// CeilMode rounds the output size up instead of down, where the last
	// window still begins inside the input or the padding before it.
	CeilMode bool
	// CountIncludePad makes an average count the padding as zeros. It is of no
	// concern to max pooling, whose padding never wins.
	CountIncludePad bool
}

// Validate reports what is wrong with the shape: a size that is not positive, a
// padding that is negative or as large as the window (torch allows half of it),
// an input smaller than the window.
func (s PoolShape) Validate() error {
	for _, d := range []struct {
		name       string
		have, want int
	}{
		{"N", s.N, 0}, {"C", s.C, 0}, {"H", s.H, 1}, {"W", s.W, 1}, {"KH", s.KH, 1}, {"KW", s.KW, 1},
		{"StrideH", s.StrideH, 1}, {"StrideW", s.StrideW, 1},
		{"DilationH", s.DilationH, 1}, {"DilationW", s.DilationW, 1},
		{"PadTop", s.PadTop, 0}, {"PadLeft", s.PadLeft, 0}, {"PadBottom", s.PadBottom, 0}, {"PadRight", s.PadRight, 0},
	} {
		if d.have < d.want {
			return errors.Errorf("pooling: %s is %d, want at least %d", d.name, d.have, d.want)
		}
	}
	v, h := s.vertical(), s.horizontal()
	if p := max(s.PadTop, s.PadBottom); p >= v.extent() {
		return errors.Errorf("pooling: padding of %d rows, want less than the window's %d", p, v.extent())
	}
	if p := max(s.PadLeft, s.PadRight); p >= h.extent() {
		return errors.Errorf("pooling: padding of %d columns, want less than the window's %d", p, h.extent())
	}
	if v.out(s.CeilMode) < 1 || h.out(s.CeilMode) < 1 {
		return errors.Errorf("pooling: window of %dx%d is larger than the input of %dx%d with its padding",
			v.extent(), h.extent(), s.H+s.PadTop+s.PadBottom, s.W+s.PadLeft+s.PadRight)
	}
	return nil
}

// Out returns the height and width of the output, by PyTorch's rule:
//
//	floor((H + PadTop + PadBottom - DilationH*(KH-1) - 1) / StrideH) + 1
//
// and with CeilMode the same rounded up, less one if the last window would then
// begin in the padding after the input.
func (s PoolShape) Out() (oh, ow int) {
	return s.vertical().out(s.CeilMode), s.horizontal().out(s.CeilMode)
}

// MaxForward sets y, of shape (N, C, OH, OW), to the largest tap of each window
// of x, of shape (N, C, H, W). A NaN in the window wins, as in torch. A window
// whose taps all miss the input (possible with dilation) gives -Inf.
func (s PoolShape) MaxForward(y, x []float32) {
	s.run((*poolPlane).maxForward, poolPlane{x: x, y: y})
}

// MaxBackward sets dx to the gradient of MaxForward with respect to x: each dy
// goes to the tap that won its window. Of equal taps the first in scan order
// wins, of several NaNs the last, as in torch.
func (s PoolShape) MaxBackward(dx, x, dy []float32) {
	s.run((*poolPlane).maxBackward, poolPlane{x: x, dx: dx, y: dy})
}

// MaxIndices sets idx, of shape (N, C, OH, OW), to the position h*W + w in its
// plane of the tap that MaxBackward credits; -1 for a window that misses the
// input.
func (s PoolShape) MaxIndices(idx []int64, x []float32) {
	s.run((*poolPlane).maxIndices, poolPlane{x: x, idx: idx})
}

// AvgForward sets y, of shape (N, C, OH, OW), to the mean of each window of x,
// of shape (N, C, H, W): over the taps inside the input, or with
// CountIncludePad over those inside the padding too. A window with no tap to
// count gives 0.
func (s PoolShape) AvgForward(y, x []float32) {
	s.run((*poolPlane).avgForward, poolPlane{x: x, y: y})
}

// AvgBackward sets dx to the gradient of AvgForward with respect to its input.
func (s PoolShape) AvgBackward(dx, dy []float32) {
	s.run((*poolPlane).avgBackward, poolPlane{dx: dx, y: dy})
}

// GlobalAvgPool sets y[i] to the mean of the i-th of nc planes of x, of shape
// (nc, hw), accumulated in float64.
func GlobalAvgPool(y, x []float32, nc, hw int) {
	sameLength(len(x), nc*hw)
	sameLength(len(y), nc)
	g := newChannelGrid(1, nc, hw)
	globalAvgRegion.run(g.blocks(), globalAvgArgs{elementwise.get(), g, y, x})
}

// GlobalAvgPoolGrad sets every element of the i-th of nc planes of dx, of shape
// (nc, hw), to dy[i] / hw.
func GlobalAvgPoolGrad(dx, dy []float32, nc, hw int) {
	sameLength(len(dx), nc*hw)
	sameLength(len(dy), nc)
	g := newChannelGrid(1, nc, hw)
	globalAvgGradRegion.run(g.blocks(), globalAvgArgs{elementwise.get(), g, dy, dx})
}

type globalAvgArgs struct {
	k    *elementwiseKernels
	grid channelGrid
	y, x []float32
}

var globalAvgRegion = newRegion(func(a *globalAvgArgs, piece int) {
	g := &a.grid
	_, _, _, c0, c1 := g.block(piece)
	for c := c0; c < c1; c++ {
		i, j := g.plane(0, c)
		a.y[c] = float32(a.k.sum(a.x[i:j], nil) / float64(g.hw))
	}
})

var globalAvgGradRegion = newRegion(func(a *globalAvgArgs, piece int) {
	g := &a.grid
	_, _, _, c0, c1 := g.block(piece)
	for c := c0; c < c1; c++ {
		i, j := g.plane(0, c)
		fill(a.x[i:j], a.y[c]/float32(g.hw))
	}
})

// A poolAxis is a pooling along one axis.
type poolAxis struct{ size, kernel, stride, padBefore, padAfter, dilation int }

func (s *PoolShape) vertical() poolAxis {
	return poolAxis{s.H, s.KH, s.StrideH, s.PadTop, s.PadBottom, s.DilationH}
}

func (s *PoolShape) horizontal() poolAxis {
	return poolAxis{s.W, s.KW, s.StrideW, s.PadLeft, s.PadRight, s.DilationW}
}

// extent returns how far the window reaches, its dilation included.
func (a poolAxis) extent() int { return (a.kernel-1)*a.dilation + 1 }

// out returns the number of windows.
func (a poolAxis) out(ceil bool) int {
	room := a.size + a.padBefore + a.padAfter - a.extent()
	if ceil {
		room += a.stride - 1
	}
	if room < 0 {
		return 0
	}
	o := room/a.stride + 1
	if ceil && (o-1)*a.stride >= a.size+a.padBefore {
		o--
	}
	return o
}

// begin returns where window o begins, which may be before the input.
func (a poolAxis) begin(o int) int { return o*a.stride - a.padBefore }

// taps returns the first tap of window o that lies inside the input and the one
// after the last.
func (a poolAxis) taps(o int) (first, end int) {
	begin := a.begin(o)
	first, end = max(-begin, 0), a.size-begin
	if a.dilation > 1 {
		first, end = (first+a.dilation-1)/a.dilation, (end+a.dilation-1)/a.dilation
	}
	return first, max(first, min(end, a.kernel))
}

// inside returns the windows whose tap k lies inside the input.
func (a poolAxis) inside(k, windows int) (first, end int) {
	at := k*a.dilation - a.padBefore // of window 0
	if at < 0 {
		first = (-at + a.stride - 1) / a.stride
	}
	if at < a.size {
		end = (a.size-1-at)/a.stride + 1
	}
	first = min(first, windows)
	return first, max(first, min(end, windows))
}

// count returns how many taps of window o an average counts.
func (a poolAxis) count(o int, includePad bool) int {
	if !includePad {
		first, end := a.taps(o)
		return end - first
	}
	return max(0, min(a.kernel, (a.size+a.padAfter-a.begin(o)+a.dilation-1)/a.dilation))
}
