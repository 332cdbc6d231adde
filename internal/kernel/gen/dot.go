package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["dot"] = dots }

// dots emits the inner kernels of the weight gradient: rows times columns of
// scalar products, each kept as a vector of partial sums until the end.
func dots() {
	for _, size := range [][2]int{{8, 3}, {4, 6}, {1, 9}} {
		dot(avx512, size[0], size[1])
	}
	for _, size := range [][2]int{{4, 3}, {1, 9}} {
		dot(avx2, size[0], size[1])
	}
}

// Where the fields of kernel.dotArgs lie; a test there holds them against the
// struct.
const (
	dotA       = 0
	dotStride  = 8
	dotB       = 16
	dotOff     = 24
	dotVectors = 32
	dotRuns    = 40
	dotNextA   = 48
	dotNextB   = 56
	dotSums    = 64
)

func dot(set isa, rows, columns int) {
	name := fmt.Sprintf("dot%s_%dx%d", set.name, rows, columns)
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot know dotArgs
	Pragma("noescape")
	Doc(fmt.Sprintf("%s is dotTileGo for %d rows and %d columns in vectors of %d; t is a *dotArgs.", name, rows, columns, set.lanes))
	t := Load(Param("t"), GP64())
	field := func(offset int) reg.GPVirtual {
		r := GP64()
		MOVQ(Mem{Base: t, Disp: offset}, r)
		return r
	}
	acc := make([]reg.VecVirtual, 0, rows*columns)
	for range rows * columns {
		acc = append(acc, set.vector())
		v := acc[len(acc)-1]
		VXORPS(v.AsX(), v.AsX(), v.AsX())
	}
	b := make([]reg.GPVirtual, columns)
	off := field(dotOff)
	for v := range b {
		b[v] = GP64()
		MOVQ(Mem{Base: off, Disp: 8 * v}, b[v])
		ADDQ(Mem{Base: t, Disp: dotB}, b[v])
	}
	a, rowAt := dotRows(t, rows)

	Label("run")
	at, left := GP64(), field(dotVectors)
	XORQ(at, at)
	Label("loop")
	dotStep(set, acc, rowAt, b, at)
	for _, base := range a {
		ADDQ(U32(4*set.lanes), base)
	}
	ADDQ(U32(4*set.lanes), at)
	DECQ(left)
	JNZ(LabelRef("loop"))
	for _, base := range a {
		ADDQ(Mem{Base: t, Disp: dotNextA}, base)
	}
	for _, base := range b {
		ADDQ(Mem{Base: t, Disp: dotNextB}, base)
	}
	DECQ(Mem{Base: t, Disp: dotRuns})
	JNZ(LabelRef("run"))

	dotSumUp(set, acc, field(dotSums))
	VZEROUPPER()
	RET()
}

// dotRows returns the registers that walk along the rows of a and the address
// of each row by them.
func dotRows(t reg.Register, rows int) (bases []reg.GPVirtual, at []Mem) {
	first := GP64()
	MOVQ(Mem{Base: t, Disp: dotA}, first)
	bases = append(bases, first)
	if rows == 1 {
		return bases, []Mem{{Base: first}}
	}
	stride, three := GP64(), GP64()
	MOVQ(Mem{Base: t, Disp: dotStride}, stride)
	LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, three)
	if rows == 8 {
		fifth := GP64()
		LEAQ(Mem{Base: first, Index: stride, Scale: 4}, fifth)
		bases = append(bases, fifth)
	}
	for r := range rows {
		m := Mem{Base: bases[r/4]}
		switch r % 4 {
		case 1:
			m.Index, m.Scale = stride, 1
		case 2:
			m.Index, m.Scale = stride, 2
		case 3:
			m.Index, m.Scale = three, 1
		}
		at = append(at, m)
	}
	return bases, at
}

// dotStep emits the products of one vector of the depth.
func dotStep(set isa, acc []reg.VecVirtual, rowAt []Mem, b []reg.GPVirtual, at reg.GPVirtual) {
	x := set.vector()
	if len(rowAt) == 1 {
		VMOVUPS(rowAt[0], x)
		for v := range b {
			VFMADD231PS(Mem{Base: b[v], Index: at, Scale: 1}, x, acc[v])
		}
		return
	}
	columns := make([]reg.VecVirtual, len(b))
	for v := range b {
		columns[v] = set.vector()
		VMOVUPS(Mem{Base: b[v], Index: at, Scale: 1}, columns[v])
	}
	for r := range rowAt {
		VMOVUPS(rowAt[r], x)
		for v := range b {
			VFMADD231PS(columns[v], x, acc[r*len(b)+v])
		}
	}
}

// dotSumUp adds up the lanes of the accumulators, four accumulators at a time,
// and adds the results to sums. Those beyond the last four are added singly.
func dotSumUp(set isa, acc []reg.VecVirtual, sums reg.GPVirtual) {
	i := 0
	for ; i+4 <= len(acc); i += 4 {
		q := dotHalves(set, acc[i:i+4])
		VHADDPS(q[1], q[0], q[0])
		VHADDPS(q[3], q[2], q[2])
		VHADDPS(q[2], q[0], q[0])
		VEXTRACTF128(Imm(1), q[0], reg.X1)
		VADDPS(reg.X1, reg.X0, reg.X0)
		VADDPS(Mem{Base: sums, Disp: 4 * i}, reg.X0, reg.X0)
		VMOVUPS(reg.X0, Mem{Base: sums, Disp: 4 * i})
	}
	for ; i < len(acc); i++ {
		q := dotHalves(set, acc[i:i+1])
		VEXTRACTF128(Imm(1), q[0], reg.X1)
		VADDPS(reg.X1, reg.X0, reg.X0)
		VHADDPS(reg.X0, reg.X0, reg.X0)
		VHADDPS(reg.X0, reg.X0, reg.X0)
		VADDSS(Mem{Base: sums, Disp: 4 * i}, reg.X0, reg.X0)
		VMOVSS(reg.X0, Mem{Base: sums, Disp: 4 * i})
	}
}

// dotHalves moves accumulators to Y0 and so on, AVX-512 ones as the sum of
// their halves: horizontal adds know only the lower 16 registers.
func dotHalves(set isa, acc []reg.VecVirtual) []reg.Physical {
	q := []reg.Physical{reg.Y0, reg.Y1, reg.Y2, reg.Y3}[:len(acc)]
	for i, a := range acc {
		if set.lanes == 8 {
			VMOVAPS(a, q[i])
			continue
		}
		VEXTRACTF64X4(Imm(1), a, q[i])
		VADDPS(a.AsY(), q[i], q[i])
	}
	return q
}
