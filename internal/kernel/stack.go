package kernel

import "unsafe"

//go:generate go run -C gen . -set stack -out ../stack_amd64.s -stubs ../stack_amd64.go -pkg kernel

// stackArgs is what a stack kernel computes: tiles of a matrix product that lie
// below each other, all of them with the same panel of B,
//
//	c[t*rows+r][j] = sum over p of a[t][p][r]*b[p][j] + add*c[t*rows+r][j]
//
// The assembly knows where the fields lie.
//
// It does what the tile kernels do for a whole run of full tiles, whose panels
// are packed one behind the other, so that little is left to do between two of
// them.
type stackArgs struct {
	a     *float32 // panels (tiles, depth, rows)
	b     *float32 // panel (depth, width)
	depth int      // at least 1
	c     *float32 // the first row of the first tile; the others follow
	ldc   int      // bytes from a row of c to the next
	tiles int      // at least 1
	add   int      // 0: overwrite c; 1: add to it
	ahead *float32 // what is read next: a tile may begin to bring some of it to the cache
}

// A stackKernel computes stacks of one size of tile. Its argument is a
// *stackArgs; the generator of the assembly cannot name the type.
type stackKernel func(t *byte)

func (k stackKernel) run(t *stackArgs) { k((*byte)(unsafe.Pointer(t))) }

// A stackSet holds the stack kernels of a tier. They take the panels of the
// class of tiles that has as many rows and lanes.
type stackSet struct {
	rows, lanes int
	kernels     []stackKernel // [i] is for i+1 vectors
}

// kernel returns the one for a class and a number of vectors, or nil.
func (s *stackSet) kernel(rows, vectors, lanes int) stackKernel {
	if s.rows != rows || s.lanes != lanes || vectors > len(s.kernels) {
		return nil
	}
	return s.kernels[vectors-1]
}

// stackGo4 is the stack kernel for 4 rows and 4 columns: half of the columns at
// a time, for then the compiler keeps the sums in registers.
func stackGo4(p *byte) {
	t := (*stackArgs)(unsafe.Pointer(p))
	size := 4 * t.depth
	a, b := unsafe.Slice(t.a, t.tiles*size), unsafe.Slice(t.b, size)
	for tile := range t.tiles {
		for j := 0; j < 4; j += 2 {
			sums := twoColumns(a[tile*size:][:size], b[j:])
			for r := range sums {
				c := (*[2]float32)(floatsAt(t.c, (4*tile+r)*t.ldc+4*j, 2))
				if t.add != 0 {
					sums[r][0] += c[0]
					sums[r][1] += c[1]
				}
				*c = sums[r]
			}
		}
	}
}

// twoColumns sums up two columns of a tile, which are the first two of every
// four values of b. Four steps at a time, it leaves no time to what only counts.
func twoColumns(a, b []float32) [4][2]float32 {
	var s00, s01, s10, s11, s20, s21, s30, s31 float32
	p := 0
	for ; p+16 <= len(a); p += 16 {
		w, x := (*[16]float32)(a[p:]), (*[14]float32)(b[p:])
		x0, x1 := x[0], x[1]
		s00 += w[0] * x0
		s01 += w[0] * x1
		s10 += w[1] * x0
		s11 += w[1] * x1
		s20 += w[2] * x0
		s21 += w[2] * x1
		s30 += w[3] * x0
		s31 += w[3] * x1
		x0, x1 = x[4], x[5]
		s00 += w[4] * x0
		s01 += w[4] * x1
		s10 += w[5] * x0
		s11 += w[5] * x1
		s20 += w[6] * x0
		s21 += w[6] * x1
		s30 += w[7] * x0
		s31 += w[7] * x1
		x0, x1 = x[8], x[9]
		s00 += w[8] * x0
		s01 += w[8] * x1
		s10 += w[9] * x0
		s11 += w[9] * x1
		s20 += w[10] * x0
		s21 += w[10] * x1
		s30 += w[11] * x0
		s31 += w[11] * x1
		x0, x1 = x[12], x[13]
		s00 += w[12] * x0
		s01 += w[12] * x1
		s10 += w[13] * x0
		s11 += w[13] * x1
		s20 += w[14] * x0
		s21 += w[14] * x1
		s30 += w[15] * x0
		s31 += w[15] * x1
	}
	for ; p < len(a); p += 4 {
		w, x := (*[4]float32)(a[p:]), (*[2]float32)(b[p:])
		s00 += w[0] * x[0]
		s01 += w[0] * x[1]
		s10 += w[1] * x[0]
		s11 += w[1] * x[1]
		s20 += w[2] * x[0]
		s21 += w[2] * x[1]
		s30 += w[3] * x[0]
		s31 += w[3] * x[1]
	}
	return [4][2]float32{{s00, s01}, {s10, s11}, {s20, s21}, {s30, s31}}
}

var genericStacks = stackSet{rows: 4, lanes: 4, kernels: []stackKernel{stackGo4}}

// idleStacks keeps arguments for use again: they reach assembly through a
// function value, so that the compiler cannot keep them on the stack.
var idleStacks spares[stackArgs]
