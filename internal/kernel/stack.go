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
	a := unsafe.Slice((*[4]float32)(unsafe.Pointer(t.a)), t.depth*t.tiles)
	b := unsafe.Slice((*[2][2]float32)(unsafe.Pointer(t.b)), t.depth)
	for tile := range t.tiles {
		for half := range 2 {
			sums := twoColumns(a[tile*t.depth:][:t.depth], b, half)
			for r := range sums {
				c := (*[2]float32)(floatsAt(t.c, (4*tile+r)*t.ldc+8*half, 2))
				if t.add != 0 {
					sums[r][0] += c[0]
					sums[r][1] += c[1]
				}
				*c = sums[r]
			}
		}
	}
}

// twoColumns sums up the left or the right half of a tile. Four steps at a time,
// it leaves no time to what only counts.
func twoColumns(a [][4]float32, b [][2][2]float32, half int) [4][2]float32 {
	var s00, s01, s10, s11, s20, s21, s30, s31 float32
	a, half = a[:len(b)], half&1 // which the compiler takes as a proof that all indices are right
	p := 0
	for ; p+4 <= len(b); p += 4 {
		w, y := (*[4][4]float32)(a[p:]), (*[4][2][2]float32)(b[p:])
		x0, x1 := y[0][half][0], y[0][half][1]
		s00, s01 = plusProducts(s00, s01, w[0][0], x0, x1)
		s10, s11 = plusProducts(s10, s11, w[0][1], x0, x1)
		s20, s21 = plusProducts(s20, s21, w[0][2], x0, x1)
		s30, s31 = plusProducts(s30, s31, w[0][3], x0, x1)
		x0, x1 = y[1][half][0], y[1][half][1]
		s00, s01 = plusProducts(s00, s01, w[1][0], x0, x1)
		s10, s11 = plusProducts(s10, s11, w[1][1], x0, x1)
		s20, s21 = plusProducts(s20, s21, w[1][2], x0, x1)
		s30, s31 = plusProducts(s30, s31, w[1][3], x0, x1)
		x0, x1 = y[2][half][0], y[2][half][1]
		s00, s01 = plusProducts(s00, s01, w[2][0], x0, x1)
		s10, s11 = plusProducts(s10, s11, w[2][1], x0, x1)
		s20, s21 = plusProducts(s20, s21, w[2][2], x0, x1)
		s30, s31 = plusProducts(s30, s31, w[2][3], x0, x1)
		x0, x1 = y[3][half][0], y[3][half][1]
		s00, s01 = plusProducts(s00, s01, w[3][0], x0, x1)
		s10, s11 = plusProducts(s10, s11, w[3][1], x0, x1)
		s20, s21 = plusProducts(s20, s21, w[3][2], x0, x1)
		s30, s31 = plusProducts(s30, s31, w[3][3], x0, x1)
	}
	for ; p < len(b); p++ {
		w, x0, x1 := a[p], b[p][half][0], b[p][half][1]
		s00, s01 = plusProducts(s00, s01, w[0], x0, x1)
		s10, s11 = plusProducts(s10, s11, w[1], x0, x1)
		s20, s21 = plusProducts(s20, s21, w[2], x0, x1)
		s30, s31 = plusProducts(s30, s31, w[3], x0, x1)
	}
	return [4][2]float32{{s00, s01}, {s10, s11}, {s20, s21}, {s30, s31}}
}

// plusProducts adds the products of two columns with one weight.
func plusProducts(s0, s1, w, x0, x1 float32) (float32, float32) { return s0 + w*x0, s1 + w*x1 }

var genericStacks = stackSet{rows: 4, lanes: 4, kernels: []stackKernel{stackGo4}}

// idleStacks keeps arguments for use again: they reach assembly through a
// function value, so that the compiler cannot keep them on the stack.
var idleStacks spares[stackArgs]
