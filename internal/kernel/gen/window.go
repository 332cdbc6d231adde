package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["window"] = windows }

// windowParams is the argument, as blocked_window.go declares it.
const windowParams = "t *struct{ x, dx, y *float32; windows, step, rows, columns, rowStep, columnStep int; scale float32 }"

// windows emits the pooling loops of blocked_window.go.
func windows() {
	negInf, one := sequence("negInf", -1<<23, 0), sequence("one", 1, 0)
	for _, tier := range []string{"AVX2", "AVX512"} {
		emitWindows(tier, "maxWindows", "y[w] = the largest x[w][tap], NaN if one of them is", func(w *window) {
			most := w.each(func(int) reg.VecVirtual { return w.data(negInf) })
			w.taps("x", func(tap Mem, i int) { VMOVAPS(w.maximum(most[i], w.load(tap)), most[i]) })
			w.write(most)
		})
		emitWindows(tier, "maxWindowsGrad", "dx[w][tap] += y[w] for the tap with the largest x[w][tap]: the first of equal ones, the last NaN", func(w *window) {
			most := w.each(func(int) reg.VecVirtual { return w.data(negInf) })
			best := w.each(func(int) reg.VecVirtual { return w.clear() })
			number := w.clear()
			next := func() { VPADDD(one, number, number) }
			w.tapsThen("x", func(tap Mem, i int) { w.take(w.load(tap), number, most[i], best[i], nil) }, next)
			VMOVUPS(w.clear(), number)
			w.tapsThen("dx", func(tap Mem, i int) { w.addWhere(best[i], number, w.output(i), tap) }, next)
		})
		emitWindows(tier, "sumWindows", "y[w] = scale * the sum of x[w][tap]", func(w *window) {
			sum := w.each(func(int) reg.VecVirtual { return w.clear() })
			w.taps("x", func(tap Mem, i int) { VADDPS(tap, sum[i], sum[i]) })
			for _, s := range sum {
				VMULPS(w.scale, s, s)
			}
			w.write(sum)
		})
		emitWindows(tier, "sumWindowsGrad", "dx[w][tap] += scale * y[w]", func(w *window) {
			dy := w.each(func(i int) reg.VecVirtual {
				r := w.reg()
				VMULPS(w.output(i), w.scale, r)
				return r
			})
			w.taps("dx", func(tap Mem, i int) {
				r := w.reg()
				VADDPS(tap, dy[i], r)
				w.store(r, tap)
			})
		})
	}
}

// A window emits a loop over windows of one form.
type window struct {
	vector
	scale reg.VecVirtual
	y     reg.Register
	at    reg.Register // bytes from the first window's taps to those of this one
	loops int          // over taps, so far
}

// emitWindows emits a function of which body does one window.
func emitWindows(tier, name, doc string, body func(w *window)) {
	TEXT(name+tier, NOSPLIT, "func("+windowParams+")")
	Pragma("noescape")
	Doc(name + tier + ": " + doc)
	w := &window{vector: vector{tier: tier}}
	w.y, w.at = w.argument("y"), GP64()
	n, step := w.argument("windows"), w.argument("step")
	scale, err := Dereference(Param("t")).Field("scale").Resolve()
	if err != nil {
		panic(err)
	}
	w.scale = w.reg()
	VBROADCASTSS(scale.Addr, w.scale)
	XORQ(w.at, w.at)
	Label("windows")
	body(w)
	ADDQ(Imm(4*block), w.y)
	ADDQ(step, w.at)
	DECQ(n)
	JNZ(LabelRef("windows"))
	VZEROUPPER()
	RET()
}

func (w *window) argument(field string) reg.Register {
	return Load(Dereference(Param("t")).Field(field), GP64())
}

// each returns a register for each of the vectors that make up a block.
func (w *window) each(f func(i int) reg.VecVirtual) (all regs) {
	for i := range block / w.lanes() {
		all = append(all, f(i))
	}
	return all
}

func (w *window) clear() reg.VecVirtual {
	r := w.reg()
	VXORPS(r.AsY(), r.AsY(), r.AsY())
	return r
}

func (w *window) data(m Mem) reg.VecVirtual {
	r := w.reg()
	VMOVUPS(m, r)
	return r
}

// output returns where vector i of the window's output lies.
func (w *window) output(i int) Mem { return Mem{Base: w.y, Disp: 4 * i * w.lanes()} }

func (w *window) write(y regs) {
	for i, r := range y {
		w.store(r, w.output(i))
	}
}

// taps calls do for each vector of each tap of the window in an array.
func (w *window) taps(array string, do func(tap Mem, i int)) { w.tapsThen(array, do, func() {}) }

// tapsThen is taps with a call of next after each tap.
func (w *window) tapsThen(array string, do func(tap Mem, i int), next func()) {
	w.loops++
	row, column := fmt.Sprintf("row%d", w.loops), fmt.Sprintf("column%d", w.loops)
	first, tap, i, j := w.argument(array), GP64(), w.argument("rows"), GP64()
	columns, rowStep, columnStep := w.argument("columns"), w.argument("rowStep"), w.argument("columnStep")
	ADDQ(w.at, first)
	Label(row)
	MOVQ(first, tap)
	MOVQ(columns, j)
	Label(column)
	for v := range block / w.lanes() {
		do(Mem{Base: tap, Disp: 4 * v * w.lanes()}, v)
	}
	next()
	ADDQ(columnStep, tap)
	DECQ(j)
	JNZ(LabelRef(column))
	ADDQ(rowStep, first)
	DECQ(i)
	JNZ(LabelRef(row))
}

// addWhere adds to numbers in memory others there, in the lanes in which a equals
// b.
func (v *vector) addWhere(a, b reg.VecVirtual, from, to Mem) {
	sum := v.reg()
	if v.tier == "AVX512" {
		k := K()
		VPCMPEQD(b, a, k)
		VMOVUPS_Z(from, k, sum)
	} else {
		VPCMPEQD(b, a, sum)
		VANDPS(from, sum, sum)
	}
	VADDPS(to, sum, sum)
	VMOVUPS(sum, to)
}
