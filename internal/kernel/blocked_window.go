package kernel

//go:generate go run -C gen . -set window -out ../blocked_window_amd64.s -stubs ../blocked_window_amd64.go -pkg kernel

// windowArgs is a run of neighbouring windows of a pooling in the blocked layout,
// all with the same taps: some rows by some columns of pixels, none of them
// outside the input. Steps are in bytes.
type windowArgs = struct {
	x, dx      *float32 // the first tap of the first window in the input and its gradient
	y          *float32 // of the first window: the output or its gradient, dense
	windows    int      // at least 1
	step       int      // from a window to the next
	rows       int      // of taps, at least 1
	columns    int      // of taps, at least 1
	rowStep    int      // from a row of taps to the next
	columnStep int      // from a tap of a row to the next
	scale      float32  // one over what an average divides by
}

// windowKernels are the single-threaded loops over windows.
type windowKernels struct{ max, maxGrad, sum, sumGrad func(t *windowArgs) }

var windowLoops = byTier[windowKernels]{Generic: {max: maxWindowsGo, maxGrad: maxWindowsGradGo, sum: sumWindowsGo, sumGrad: sumWindowsGradGo}}

// A pixel is Block channels of a pixel.
type pixel = *[Block]float32

// pixelAt returns the pixel that lies so many bytes behind p.
func pixelAt(p *float32, bytes int) pixel { return pixel(floatsAt(p, bytes, Block)) }

// windowOutput returns the output of window w.
func windowOutput(t *windowArgs, w int) pixel { return pixelAt(t.y, 4*Block*w) }

// tapAt returns where a tap of window w lies, in bytes behind the first one.
func tapAt(t *windowArgs, w, tap int) int {
	return w*t.step + tap/t.columns*t.rowStep + tap%t.columns*t.columnStep
}

// maxWindowsGo: y[w] = the largest x[w][tap], NaN if one of them is
func maxWindowsGo(t *windowArgs) {
	for w := range t.windows {
		y := windowOutput(t, w)
		fill(y[:], negInf)
		for tap := range t.rows * t.columns {
			maxRowGo(y[:], pixelAt(t.x, tapAt(t, w, tap))[:])
		}
	}
}

// maxWindowsGradGo: dx[w][tap] += y[w] for the tap with the largest x[w][tap]: the
// first of equal ones, the last NaN
func maxWindowsGradGo(t *windowArgs) {
	for w := range t.windows {
		var best [Block]int
		most := *pixelAt(t.x, tapAt(t, w, 0))
		for tap := range t.rows * t.columns {
			for l, v := range pixelAt(t.x, tapAt(t, w, tap)) {
				if v > most[l] || v != v {
					most[l], best[l] = v, tap
				}
			}
		}
		for l, dy := range windowOutput(t, w) {
			pixelAt(t.dx, tapAt(t, w, best[l]))[l] += dy
		}
	}
}

// sumWindowsGo: y[w] = scale * the sum of x[w][tap]
func sumWindowsGo(t *windowArgs) {
	for w := range t.windows {
		var sum [Block]float32
		for tap := range t.rows * t.columns {
			for l, v := range pixelAt(t.x, tapAt(t, w, tap)) {
				sum[l] += v
			}
		}
		y := windowOutput(t, w)
		for l, v := range sum {
			y[l] = v * t.scale
		}
	}
}

// sumWindowsGradGo: dx[w][tap] += scale * y[w]
func sumWindowsGradGo(t *windowArgs) {
	for w := range t.windows {
		dy := *windowOutput(t, w)
		for l := range dy {
			dy[l] *= t.scale
		}
		for tap := range t.rows * t.columns {
			dx := pixelAt(t.dx, tapAt(t, w, tap))
			for l, v := range dy {
				dx[l] += v
			}
		}
	}
}
