package weights

import (
	"encoding/binary"
	"math"
)

// pickler writes a pickle of protocol 2, in the words of the pickles that
// torch.save writes.
type pickler struct{ data []byte }

func (p *pickler) op(ops ...byte) { p.data = append(p.data, ops...) }

// global names something of Python.
func (p *pickler) global(module, name string) {
	p.data = append(p.data, "c"+module+"\n"+name+"\n"...)
}

func (p *pickler) text(s string) {
	p.op('X')
	p.data = binary.LittleEndian.AppendUint32(p.data, uint32(len(s)))
	p.data = append(p.data, s...)
}

// int writes a number that is not negative.
func (p *pickler) int(n int) {
	switch {
	case n < 1<<8:
		p.op('K', byte(n))
	case n < 1<<16:
		p.op('M', byte(n), byte(n>>8))
	case n <= math.MaxInt32:
		p.op('J')
		p.data = binary.LittleEndian.AppendUint32(p.data, uint32(n))
	default:
		p.op(0x8a, 8)
		p.data = binary.LittleEndian.AppendUint64(p.data, uint64(n))
	}
}

// ints writes a tuple of numbers.
func (p *pickler) ints(list []int) {
	p.op('(')
	for _, n := range list {
		p.int(n)
	}
	p.op('t')
}

// orderedDict writes an empty collections.OrderedDict.
func (p *pickler) orderedDict() {
	p.global("collections", "OrderedDict")
	p.op(')', 'R')
}
