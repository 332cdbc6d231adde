package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["lstm"] = lstm }

// Where the fields of kernel.cellArgs and kernel.cellGradArgs lie; a test there
// holds them against the structs.
const (
	cellGates     = 0
	cellGateStep  = 8
	cellRowGate   = 16
	cellSums      = 24
	cellSumStep   = 32
	cellRowSum    = 40
	cellBefore    = 48
	cellAfter     = 56
	cellRowCell   = 64
	cellHidden    = 72
	cellRowHidden = 80
	cellRows      = 88
	cellUnits     = 96

	gradGates    = 0
	gradGateStep = 8
	gradRowGate  = 16
	gradBefore   = 24
	gradAfter    = 32
	gradRowCell  = 40
	gradDY       = 48
	gradRowDY    = 56
	gradSums     = 64
	gradRowSum   = 72
	gradDCell    = 80
	gradDGates   = 88
	gradRowDGate = 96
	gradBias     = 104
	gradRows     = 112
	gradUnits    = 120
)

// lstm emits the kernels of lstm_cell.go.
func lstm() {
	emitTailMask()
	for _, tier := range []string{"AVX2", "AVX512"} {
		newCell(tier, "cell", "cellGo; t is a *cellArgs", cellUnits).forward()
		newCell(tier, "cellGrad", "cellGradGo; t is a *cellGradArgs", gradUnits).backward()
	}
}

// A cellEmitter emits a kernel that goes over the units, a vector at a time, and
// for each vector over the rows.
type cellEmitter struct {
	vector
	t    reg.Register
	left reg.GPVirtual // units
	off  reg.GPVirtual // bytes from the first unit to the vector at hand
}

func newCell(tier, name, twin string, units int) *cellEmitter {
	TEXT(name+tier, NOSPLIT, "func(t *byte)") // avo cannot know the arguments
	Pragma("noescape")
	Doc(name + tier + " is " + twin + ".")
	g := &cellEmitter{vector: vector{tier: tier}, t: Load(Param("t"), GP64()), off: GP64()}
	g.left = g.field(units)
	XORQ(g.off, g.off)
	return g
}

// field returns a field of the arguments in a register.
func (g *cellEmitter) field(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(Mem{Base: g.t, Disp: offset}, r)
	return r
}

// place returns a field that is a place, for the vector at hand.
func (g *cellEmitter) place(offset int) reg.GPVirtual {
	r := g.field(offset)
	ADDQ(g.off, r)
	return r
}

// step moves a place by a field that is a distance.
func (g *cellEmitter) step(place reg.GPVirtual, distance int) {
	ADDQ(Mem{Base: g.t, Disp: distance}, place)
}

// four are distances from the first of four arrays to the others.
type four struct{ one, three reg.GPVirtual }

func (g *cellEmitter) four(distance int) four {
	f := four{g.field(distance), GP64()}
	LEAQ(Mem{Base: f.one, Index: f.one, Scale: 2}, f.three)
	return f
}

// at is the place of array q of those that begin at first.
func (f four) at(first reg.GPVirtual, q int) Mem {
	m := Mem{Base: first}
	switch q {
	case 1, 2:
		m.Index, m.Scale = f.one, uint8(q)
	case 3:
		m.Index, m.Scale = f.three, 1
	}
	return m
}

// vectors emits body for all full vectors of units, and again for the rest; body
// gets a suffix for its labels.
func (g *cellEmitter) vectors(body func(suffix string)) {
	Label("vectors")
	CMPQ(g.left, Imm(uint64(g.lanes())))
	JLT(LabelRef("tail"))
	body("")
	ADDQ(Imm(uint64(4*g.lanes())), g.off)
	SUBQ(Imm(uint64(g.lanes())), g.left)
	JMP(LabelRef("vectors"))
	Label("tail")
	TESTQ(g.left, g.left)
	JZ(LabelRef("done"))
	g.setMask(g.left)
	g.tail = true
	body("_tail")
	g.tail = false
	Label("done")
	VZEROUPPER()
	RET()
}

func (g *cellEmitter) forward() {
	gateStep, sumStep := g.four(cellGateStep), g.four(cellSumStep)
	g.vectors(func(suffix string) {
		gates, sums := g.place(cellGates), g.place(cellSums)
		before, after, hidden := g.place(cellBefore), g.place(cellAfter), g.place(cellHidden)
		rows := g.field(cellRows)
		Label("row" + suffix)
		activate := func(q int) reg.VecVirtual {
			a, more := g.load(gateStep.at(gates, q)), g.load(sumStep.at(sums, q))
			VADDPS(more, a, a)
			if q == 2 {
				a = g.tanh(a)
			} else {
				a = g.sigmoid(a, g.logistic(a))
			}
			g.store(a, gateStep.at(gates, q))
			return a
		}
		c, in := activate(0), activate(2)
		VMULPS(in, c, c)
		VFMADD231PS(activate(1), g.load(Mem{Base: before}), c)
		g.store(c, Mem{Base: after})
		out := activate(3)
		VMULPS(g.tanh(c), out, out)
		g.store(out, Mem{Base: hidden})
		g.step(gates, cellRowGate)
		g.step(sums, cellRowSum)
		g.step(before, cellRowCell)
		g.step(after, cellRowCell)
		g.step(hidden, cellRowHidden)
		DECQ(rows)
		JNZ(LabelRef("row" + suffix))
	})
}

func (g *cellEmitter) backward() {
	gateStep := g.four(gradGateStep)
	g.vectors(func(suffix string) {
		gates, dgates := g.place(gradGates), g.place(gradDGates)
		before, after := g.place(gradBefore), g.place(gradAfter)
		dy, sums, dcell := g.place(gradDY), g.place(gradSums), g.place(gradDCell)
		var bias [4]reg.VecVirtual
		for q := range bias {
			bias[q] = g.reg()
			VXORPS(bias[q].AsY(), bias[q].AsY(), bias[q].AsY())
		}
		rows := g.field(gradRows)
		Label("row" + suffix)
		finish := func(q int, d reg.VecVirtual) {
			VADDPS(d, bias[q], bias[q])
			g.store(d, gateStep.at(dgates, q))
		}
		z, h := g.tanh(g.load(Mem{Base: after})), g.load(Mem{Base: dy})
		VADDPS(g.load(Mem{Base: sums}), h, h)
		o := g.load(gateStep.at(gates, 3))
		dc := g.load(Mem{Base: dcell})
		rest := g.one()
		VFNMADD231PS(z, z, rest)
		VMULPS(o, rest, rest)
		VFMADD231PS(h, rest, dc)
		VMULPS(z, h, h)
		finish(3, g.timesSlope(h, o))

		f := g.load(gateStep.at(gates, 1))
		d := g.load(Mem{Base: before})
		VMULPS(dc, d, d)
		d = g.timesSlope(d, f)
		VMULPS(dc, f, f)
		g.store(f, Mem{Base: dcell})
		finish(1, d)

		i, in := g.load(gateStep.at(gates, 0)), g.load(gateStep.at(gates, 2))
		rest = g.one()
		VFNMADD231PS(in, in, rest)
		VMULPS(i, rest, rest)
		VMULPS(dc, rest, rest)
		finish(2, rest)
		VMULPS(in, dc, dc)
		finish(0, g.timesSlope(dc, i))

		g.step(gates, gradRowGate)
		g.step(dgates, gradRowDGate)
		g.step(before, gradRowCell)
		g.step(after, gradRowCell)
		g.step(dcell, gradRowCell)
		g.step(dy, gradRowDY)
		g.step(sums, gradRowSum)
		DECQ(rows)
		JNZ(LabelRef("row" + suffix))
		to := g.place(gradBias)
		for q, sum := range bias {
			VADDPS(g.load(gateStep.at(to, q)), sum, sum)
			g.store(sum, gateStep.at(to, q))
		}
	})
}

// one returns 1 in a new register.
func (g *cellEmitter) one() reg.VecVirtual {
	r := g.reg()
	VMOVUPS(full(1), r)
	return r
}

// timesSlope returns d * s*(1-s) in d: the gradient of a sigmoid with the value s.
func (g *cellEmitter) timesSlope(d, s reg.VecVirtual) reg.VecVirtual {
	rest := g.one()
	VSUBPS(s, rest, rest)
	VMULPS(s, d, d)
	VMULPS(rest, d, d)
	return d
}
