package kernel

import (
	"math"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// The fills of this file make element i from word i of the source's stream,
// whatever the number of threads and however much was read from the source
// before: what is drawn has a source of its own.

//go:generate go run -C gen . -set random -out ../random_amd64.s -stubs ../random_amd64.go -pkg kernel

// DropoutMask sets each element of mask to 0 with probability p and to
// 1 / (1 - p) otherwise, so that x * mask has the mean of x (inverted dropout,
// as in torch). p is from 0 to 1; at 1 the mask is all 0.
func DropoutMask(mask []float32, p float32, src *rng.Source) {
	threshold := uint64(float64(p) * (1 << 32))
	if threshold == 1<<32 {
		Fill(mask, 0)
		return
	}
	maskRegion.run(pieces(len(mask)), maskArgs{randoms.get(), mask, src.State(), uint32(threshold), float32(1 / (1 - float64(p)))})
}

// FillUniform sets dst to numbers drawn evenly from [lo, hi), in 2^24 steps. It
// fills dst with lo if hi is not above lo.
func FillUniform(dst []float32, lo, hi float32, src *rng.Source) {
	runDraws(drawArgs{dst: dst, src: *src, draw: uniformDraw, a: float64(lo), b: float64(hi)})
}

// FillNormal sets dst to numbers drawn from the normal distribution of the
// given mean and standard deviation, by the method of Box and Muller (1958).
func FillNormal(dst []float32, mean, std float32, src *rng.Source) {
	runDraws(drawArgs{dst: dst, src: *src, draw: normalDraw, a: float64(mean), b: float64(std)})
}

// randomKernels are the single-threaded loops of this file.
type randomKernels struct {
	// mask takes the blocks of a stream from the given one on. state is its key
	// and its name; len(mask) is a multiple of 32.
	mask func(mask []float32, block uint64, state *[4]uint32, threshold uint32, keep float32)
}

var randoms = byTier[randomKernels]{Generic: {mask: maskGo}}

// maskGo: mask[i] = word i of the blocks from the given one on < threshold ? 0 :
// keep
func maskGo(mask []float32, block uint64, state *[4]uint32, threshold uint32, keep float32) {
	for ; len(mask) > 0; block++ {
		counter := [4]uint32{uint32(block), uint32(block >> 32), state[2], state[3]}
		four := mask[:min(4, len(mask))]
		words := rng.Philox4x32(counter, [2]uint32{state[0], state[1]})
		for i := range four {
			four[i] = keep
			if words[i] < threshold {
				four[i] = 0
			}
		}
		mask = mask[len(four):]
	}
}

type maskArgs struct {
	k         *randomKernels
	mask      []float32
	state     [4]uint32
	threshold uint32
	keep      float32
}

var maskRegion = newRegion(func(a *maskArgs, piece int) {
	begin, end := bounds(piece, len(a.mask)) // begin is a multiple of 32
	whole := begin + (end-begin)&^31
	a.k.mask(a.mask[begin:whole], uint64(begin/4), &a.state, a.threshold, a.keep)
	maskGo(a.mask[whole:end], uint64(whole/4), &a.state, a.threshold, a.keep)
})

type drawArgs struct {
	dst  []float32
	src  rng.Source
	draw func(words [4]uint32, a, b float64) [4]float32
	a, b float64
}

func runDraws(a drawArgs) { drawRegion.run(pieces(len(a.dst)), a) }

var drawRegion = newRegion(func(a *drawArgs, piece int) {
	begin, end := bounds(piece, len(a.dst)) // begin is a multiple of 4
	for i := begin; i < end; i += 4 {
		v := a.draw(a.src.Block(uint64(i/4)), a.a, a.b)
		copy(a.dst[i:end], v[:])
	}
})

// uniformDraw: lo + (hi-lo) * u, u of 24 bits; what float32 would round up to hi
// is the number below it
func uniformDraw(words [4]uint32, lo, hi float64) (v [4]float32) {
	for i, word := range words {
		u := float64(word>>8) / (1 << 24)
		v[i] = float32(lo + (hi-lo)*u)
		if v[i] >= float32(hi) {
			v[i] = max(float32(lo), math.Nextafter32(float32(hi), float32(lo)))
		}
	}
	return v
}

// normalDraw: mean + std * z, where z are r*cos(t) and r*sin(t) of two words
// each, r = sqrt(-2*log(u)), t = 2*pi*u'
func normalDraw(words [4]uint32, mean, std float64) (v [4]float32) {
	for i := 0; i < 4; i += 2 {
		u := (float64(words[i]) + 0.5) / (1 << 32) // never 0
		r := math.Sqrt(-2 * math.Log(u))
		sin, cos := math.Sincos(2 * math.Pi / (1 << 32) * float64(words[i+1]))
		v[i] = float32(mean + std*r*cos)
		v[i+1] = float32(mean + std*r*sin)
	}
	return v
}
