package kernel

import "unsafe"

//go:generate go run -C gen . -set dot -out ../dot_amd64.s -stubs ../dot_amd64.go -pkg kernel

// dotArgs is what a dot kernel computes: the scalar products of some rows with
// some columns, both contiguous in memory. dotTileGo says it exactly. The assembly
// knows where the fields lie and uses up runs.
type dotArgs struct {
	a       *float32 // the first row
	stride  int      // bytes from a row to the next
	b       *float32 // where columns begin, to which off is added
	off     *int64   // of each column, in bytes
	vectors int      // length of a run, at least 1
	runs    int      // at least 1
	nextA   int      // bytes from the end of a run to the beginning of the next
	nextB   int      // bytes from the beginning of a run to that of the next
	sums    *float32 // (rows, columns), added to
	scratch [64]float32
}

// A dotKernel computes one size of dotArgs.
type dotKernel struct {
	rows, columns, lanes int
	compute              func(t *byte)
}

func (k *dotKernel) run(t *dotArgs) { k.compute((*byte)(unsafe.Pointer(t))) }

// A dotSet holds the dot kernels of a tier, from most rows to 1.
type dotSet struct{ kernels []dotKernel }

// kernel returns the one for n rows: with the fewest rows that hold them, or
// else the most.
func (s *dotSet) kernel(n int) *dotKernel {
	best := 0
	for i := range s.kernels {
		if s.kernels[i].rows >= n {
			best = i
		}
	}
	return &s.kernels[best]
}

// dotTileGo is the dot kernel in plain Go and the reference of the others:
//
//	sums[r][v] += sum over runs and i of a[run][r][i] * b[run][off[v]+i]
func dotTileGo(t *dotArgs, rows, columns, lanes int) {
	n := t.vectors * lanes
	sums, off := unsafe.Slice(t.sums, rows*columns), unsafe.Slice(t.off, columns)
	for run := range t.runs {
		for r := range rows {
			a := floatsAt(t.a, run*(t.nextA+4*n)+r*t.stride, n)
			for v, o := range off {
				sums[r*columns+v] += dotProduct(a, floatsAt(t.b, run*t.nextB+int(o), n))
			}
		}
	}
}

// floatsAt returns n values from so many bytes after p.
func floatsAt(p *float32, bytes, n int) []float32 {
	return unsafe.Slice((*float32)(unsafe.Add(unsafe.Pointer(p), bytes)), n)
}

// dotProduct keeps four sums, which do not wait for each other. The lengths are
// equal and multiples of four.
func dotProduct(a, b []float32) float32 {
	var s0, s1, s2, s3 float32
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	return (s0 + s1) + (s2 + s3)
}

func goDot(rows, columns, lanes int) dotKernel {
	return dotKernel{rows, columns, lanes, func(t *byte) { dotTileGo((*dotArgs)(unsafe.Pointer(t)), rows, columns, lanes) }}
}

var genericDots = &dotSet{[]dotKernel{goDot(4, 3, 4), goDot(1, 9, 4)}}
