package kernel

// A field is how one image is laid out to be convolved. Each channel becomes
// one plane for each phase of the stride: phase (a, b) holds the padded pixels
// whose row is a and whose column is b modulo the stride. Within a plane, all
// that a tap of the window meets on its way over the image lies at one distance
// from the output pixel, so a tap is nothing but an offset, at any stride and
// dilation, and pixels are loaded side by side.
//
// The rows of a plane are pitch apart, and so are those of the output while it
// is computed; what lies between the end of an output row and the next one is
// computed and thrown away. The zeros before a row also serve as those behind
// the row above.
type field struct {
	channels, h, w int // of the source
	spansH, spansW []span
	rows, pitch    int
	plane          int // distance of two planes, in values
	gap            int // values between two images
	slack          int // values that may be read behind the last plane
}

// A span says which source rows (or columns) are those of a phase: n of them,
// every step-th beginning with from, stored from at on.
type span struct{ at, from, step, n int }

// newField lays out planes whose rows and columns are given by the spans and of
// which the indices below rows and columns are read. Output rows have no more
// than width pixels.
func newField(channels, h, w int, spansH, spansW []span, rows, columns, width int) *field {
	f := &field{channels: channels, h: h, w: w, spansH: spansH, spansW: spansW, rows: rows, pitch: width}
	for _, s := range spansW {
		f.pitch = max(f.pitch, s.at+s.n, columns-s.at)
	}
	// An odd number of cache lines keeps the channels off each other's sets.
	lines := ceilDiv(f.rows*f.pitch, maxLanes) | 1
	f.plane = lines * maxLanes
	// Sets repeat after 64 lines: the same channel of the next image begins a
	// few lines further.
	const sets, next = 64, 9
	used := f.channels * f.phases() * lines
	f.gap = ((next-used)%sets + sets) % sets * maxLanes
	f.slack = f.pitch + maxLanes*(maxVectors+1)
	return f
}

// phases returns the number of planes of a channel.
func (f *field) phases() int { return len(f.spansH) * len(f.spansW) }

// channel and image return the distances of two channels and of two images.
func (f *field) channel() int { return f.phases() * f.plane }
func (f *field) image() int   { return f.channels*f.channel() + f.gap }

// at returns where row q and column r of a phase lie within a channel.
func (f *field) at(phaseH, phaseW, q, r int) int {
	return (phaseH*len(f.spansW)+phaseW)*f.plane + q*f.pitch + r
}

// lay copies one channel from src (h, w) to its planes. The rest of dst is
// zeros from the beginning and stays so.
func (f *field) lay(dst, src []float32) {
	for a, sh := range f.spansH {
		for b, sw := range f.spansW {
			if sw.n <= 0 {
				continue
			}
			from := src[min(sh.from*f.w+sw.from, len(src)):]
			layRows(dst[f.at(a, b, sh.at, sw.at):], from, max(sh.n, 0), sw.n, sw.step, f.pitch, sh.step*f.w)
		}
	}
}

// forwardField is the layout of the input for the forward pass.
func forwardField(s ConvShape) *field {
	oh, ow := s.Out()
	spansH, rows := strideSpans(s.H, oh, s.KH, s.DilationH, s.StrideH, s.PadTop)
	spansW, columns := strideSpans(s.W, ow, s.KW, s.DilationW, s.StrideW, s.PadLeft)
	return newField(s.C, s.H, s.W, spansH, spansW, rows, columns, ow)
}

// strideSpans returns the spans of all phases of one direction and how many
// rows (or columns) of them are read.
func strideSpans(size, out, window, dilation, stride, pad int) (spans []span, read int) {
	spans = make([]span, stride)
	reads := make([]int, stride)
	for k := range window {
		reads[k*dilation%stride] = out + k*dilation/stride
	}
	for a := range spans {
		at := ceilDiv(max(pad-a, 0), stride)
		from := at*stride + a - pad
		n := min(ceilDiv(max(size-from, 0), stride), max(reads[a]-at, 0))
		spans[a] = span{at, from, stride, n}
		read = max(read, reads[a])
	}
	return spans, read
}

// gradPhase is one direction of a phase of the input's gradient: the input rows
// from, from+stride, ... (n of them) get what tap i brings from output row
// j+lead[i], counted from the first of them.
type gradPhase struct {
	from, n int
	taps    []int
	lead    []int
}

func gradPhases(size, window, dilation, stride, pad int) []gradPhase {
	phases := make([]gradPhase, stride)
	for a := range phases {
		p := &phases[a]
		q := ceilDiv(max(pad-a, 0), stride) // the first padded row of the phase that is in the image
		p.from = q*stride + a - pad
		p.n = ceilDiv(max(size-p.from, 0), stride)
		for k := range window {
			if k*dilation%stride == a {
				p.taps = append(p.taps, k)
				p.lead = append(p.lead, q-k*dilation/stride)
			}
		}
	}
	return phases
}

// gradSpan returns the span of the output gradient that all phases of one
// direction read, and how many rows of it are read.
func gradSpan(phases []gradPhase, out int) (s span, read, widest int) {
	zeros := 0
	for _, p := range phases {
		for _, l := range p.lead {
			zeros = max(zeros, -l)
		}
	}
	for _, p := range phases {
		for _, l := range p.lead {
			read = max(read, zeros+l+p.n)
		}
		widest = max(widest, p.n)
	}
	return span{zeros, 0, 1, min(out, max(read-zeros, 0))}, read, widest
}
