package resample

// Resampler scales planes of one size, in memory that it keeps.
type Resampler struct {
	across, down axis
	middle       []uint8 // the plane after the first pass
	sums         []int32
}

// Set makes it one for planes of h x w samples to become newH x newW; all at least 1.
func (r *Resampler) Set(f Filter, h, w, newH, newW int) {
	r.across.set(f, w, newW, tapsTogether())
	r.down.set(f, h, newH, 1)
}

// Plane scales a plane.
func (r *Resampler) Plane(dst, src []uint8) {
	a, d := &r.across, &r.down
	if a.from == a.to && d.from == d.to {
		copy(dst, src)
		return
	}
	if a.from != a.to {
		out := dst
		if d.from != d.to {
			r.middle = grown(r.middle, a.to*d.from)
			out = r.middle
		}
		for y := range d.from {
			rowAcross(out[y*a.to:][:a.to], src[y*a.from:][:a.from], a)
		}
		src = out
	}
	if d.from != d.to {
		r.sums = grown(r.sums, a.to)
		for y := range d.to {
			rowDown(dst[y*a.to:][:a.to], src[d.first[y]*a.to:], d.of(y), r.sums)
		}
	}
}

const half = 1 << (fraction - 1)

// acrossGo scales a row.
func acrossGo(dst, src []uint8, a *axis) {
	for x := range dst {
		weights := a.of(x)
		sum := int32(half)
		for i, v := range src[a.first[x]:][:len(weights)] {
			sum += int32(v) * weights[i]
		}
		dst[x] = clip(sum)
	}
}

// downGo sums as many rows as there are weights.
func downGo(dst, src []uint8, weights, sums []int32) {
	sums = sums[:len(dst)]
	for x := range sums {
		sums[x] = half
	}
	for i, w := range weights {
		for x, v := range src[i*len(dst):][:len(dst)] {
			sums[x] += int32(v) * w
		}
	}
	for x, v := range sums {
		dst[x] = clip(v)
	}
}

// clip rounds a sum.
func clip(v int32) uint8 { return uint8(min(max(v>>fraction, 0), 255)) }
