package kernel

import (
	"math"
	"unsafe"
)

//go:generate go run -C gen . -set lstm -out ../lstm_amd64.s -stubs ../lstm_amd64.go -pkg kernel

// cellArgs is what a cell kernel computes: a step of an LSTM for some sequences
// (rows) and some units of the state. cellGo says it exactly. Distances are in
// bytes. The assembly knows where the fields lie.
type cellArgs struct {
	gates             *float32 // of the first row: what the input brings to i, replaced by the activation
	gateStep, rowGate int      // to the next gate, in the order i, f, g, o, and to the next row
	sums              *float32 // what is added to the gates
	sumStep, rowSum   int
	before, after     *float32 // the cells of the step before and of this one
	rowCell           int
	hidden            *float32 // the state that comes out
	rowHidden         int
	rows, units       int // at least 1
}

// A cellKernel's argument is a *cellArgs; the generator of the assembly cannot
// name the type.
type cellKernel func(t *byte)

func (k cellKernel) run(t *cellArgs) { k((*byte)(unsafe.Pointer(t))) }

// cellGradArgs is what the kernel of the gradient computes: the gradients of the
// gates before their activation and of the cells of the step before, and sums of
// the former over the rows. cellGradGo says it exactly.
type cellGradArgs struct {
	gates             *float32 // after activation
	gateStep, rowGate int
	before, after     *float32 // the cells of the step before and of this one
	rowCell           int      // also of dcell
	dy                *float32 // the gradient of the hidden state that comes from outside
	rowDY             int
	sums              *float32 // and from the step after
	rowSum            int
	dcell             *float32 // the gradient of the cells of this step, replaced by that of the step before
	dgates            *float32 // gates lie gateStep apart
	rowDGate          int
	bias              *float32 // (4, ...), gateStep apart: added to
	rows, units       int      // at least 1
}

// A cellGradKernel's argument is a *cellGradArgs.
type cellGradKernel func(t *byte)

func (k cellGradKernel) run(t *cellGradArgs) { k((*byte)(unsafe.Pointer(t))) }

// cellKernels are the single-threaded kernels of an LSTM.
type cellKernels struct {
	cell cellKernel
	grad cellGradKernel
}

var lstmCells = byTier[cellKernels]{Generic: {cell: cellGo, grad: cellGradGo}}

// cellGo is the cell kernel in plain Go and the reference of the others: for each
// row and unit, with a = gates + sums,
//
//	i, f, g, o = sigmoid(a[0]), sigmoid(a[1]), tanh(a[2]), sigmoid(a[3])
//	after = f*before + i*g
//	hidden = o * tanh(after)
func cellGo(p *byte) {
	t := (*cellArgs)(unsafe.Pointer(p))
	for r := range t.rows {
		var gates, sums [4][]float32
		for q := range gates {
			gates[q] = floatsAt(t.gates, r*t.rowGate+q*t.gateStep, t.units)
			sums[q] = floatsAt(t.sums, r*t.rowSum+q*t.sumStep, t.units)
		}
		before, after := floatsAt(t.before, r*t.rowCell, t.units), floatsAt(t.after, r*t.rowCell, t.units)
		hidden := floatsAt(t.hidden, r*t.rowHidden, t.units)
		for u := range hidden {
			i := float32(sigmoid(float64(gates[0][u] + sums[0][u])))
			f := float32(sigmoid(float64(gates[1][u] + sums[1][u])))
			g := float32(math.Tanh(float64(gates[2][u] + sums[2][u])))
			o := float32(sigmoid(float64(gates[3][u] + sums[3][u])))
			c := f*before[u] + i*g
			gates[0][u], gates[1][u], gates[2][u], gates[3][u] = i, f, g, o
			after[u], hidden[u] = c, o*float32(math.Tanh(float64(c)))
		}
	}
}

// cellGradGo is the kernel of the gradient in plain Go and the reference of the
// others: for each row and unit, with h = dy + sums and z = tanh(after),
//
//	dc = dcell + h*o*(1-z*z)
//	dgates = dc*g*i*(1-i), dc*before*f*(1-f), dc*i*(1-g*g), h*z*o*(1-o)
//	dcell = dc*f
//	bias += dgates
func cellGradGo(p *byte) {
	t := (*cellGradArgs)(unsafe.Pointer(p))
	for r := range t.rows {
		var gates, dgates, bias [4][]float32
		for q := range gates {
			gates[q] = floatsAt(t.gates, r*t.rowGate+q*t.gateStep, t.units)
			dgates[q] = floatsAt(t.dgates, r*t.rowDGate+q*t.gateStep, t.units)
			bias[q] = floatsAt(t.bias, q*t.gateStep, t.units)
		}
		before, after := floatsAt(t.before, r*t.rowCell, t.units), floatsAt(t.after, r*t.rowCell, t.units)
		dcell := floatsAt(t.dcell, r*t.rowCell, t.units)
		dy, sums := floatsAt(t.dy, r*t.rowDY, t.units), floatsAt(t.sums, r*t.rowSum, t.units)
		for u := range dcell {
			i, f, g, o := gates[0][u], gates[1][u], gates[2][u], gates[3][u]
			h, z := dy[u]+sums[u], float32(math.Tanh(float64(after[u])))
			dc := dcell[u] + h*o*(1-z*z)
			d := [4]float32{dc * g * i * (1 - i), dc * before[u] * f * (1 - f), dc * i * (1 - g*g), h * z * o * (1 - o)}
			for q, v := range d {
				dgates[q][u] = v
				bias[q][u] += v
			}
			dcell[u] = dc * f
		}
	}
}
