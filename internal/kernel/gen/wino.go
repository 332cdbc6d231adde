package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func init() { sets["wino"] = winograds }

// winograds emits the transforms of Winograd's algorithm.
func winograds() {
	for _, set := range []isa{avx2, avx512} {
		for _, maps := range []winoMaps{winoMaps4(), winoMaps2()} {
			spread(set, fmt.Sprintf("spreadInput%d", maps.m), maps.input, 1)
			spread(set, fmt.Sprintf("spreadWeight%d", maps.m), maps.weight, 1)
			spread(set, fmt.Sprintf("spreadOutputGrad%d", maps.m), maps.outputGrad, 1)
			collect(set, fmt.Sprintf("collectOutput%d", maps.m), maps.output, 1, true)
			collect(set, fmt.Sprintf("collectWeightGrad%d", maps.m), maps.weightGrad, 1, false)
		}
		maps := winoMapsHalf()
		for step := range 2 {
			spread(set, fmt.Sprintf("spreadInputHalf%d", step+1), maps.input, step+1)
			collect(set, fmt.Sprintf("collectOutputHalf%d", step+1), maps.output, step+1, true)
		}
		spread(set, "spreadWeightHalf", maps.weight, 2)
		spread(set, "spreadOutputGradHalf", maps.outputGrad, 1)
		collect(set, "collectWeightGradHalf", maps.weightGrad, 2, false)
	}
}

// A winoMap is a linear map of vectors. emit finds the arguments in the first
// registers of d, may overwrite them and the rest, and calls put once for each
// result.
type winoMap struct {
	in, out int
	consts  []float64
	emit    func(c, d []reg.VecVirtual, put func(i int, result reg.VecVirtual))
}

// winoMaps are the maps of kernel.winoMaps, which says what they are.
type winoMaps struct {
	m                                             int
	input, weight, outputGrad, output, weightGrad winoMap
}

// pair computes even + factor*odd and even - factor*odd, the rows of two points
// of opposite sign; spare and even hold them then.
func pair(factor, odd, even, spare reg.VecVirtual) {
	VMOVAPS(even, spare)
	VFMADD231PS(odd, factor, spare)
	VFNMADD231PS(odd, factor, even)
}

// winoMaps4 has the maps for the points 0, ±a, ±b and infinity with b = 1/a.
func winoMaps4() winoMaps {
	const a, b = 2. / 3, 3. / 2
	const na, nb = 1 / (2 * a * (a*a - b*b)), 1 / (2 * b * (b*b - a*a)) // |p| / M'(p)
	return winoMaps{4,
		winoMap{6, 6, []float64{a, b, a * a, b * b, a*a + b*b}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			a, b, a2, b2, sum := c[0], c[1], c[2], c[3], c[4]
			even, odd, spare := d[6], d[7], d[8]
			VMOVAPS(d[4], even)
			VFNMADD231PS(d[2], b2, even)
			VMOVAPS(d[3], odd)
			VFNMADD231PS(d[1], b2, odd)
			pair(a, odd, even, spare)
			put(1, spare)
			put(2, even)
			VADDPS(d[4], d[0], d[0])
			VFNMADD231PS(d[2], sum, d[0])
			put(0, d[0])
			VADDPS(d[1], d[5], d[5])
			VFNMADD231PS(d[3], sum, d[5])
			put(5, d[5])
			VFNMADD231PS(d[2], a2, d[4])
			VFNMADD231PS(d[1], a2, d[3])
			pair(b, d[3], d[4], spare)
			put(3, spare)
			put(4, d[4])
		}},
		winoMap{3, 6, []float64{na, na * a, na * a * a, nb, nb * b, nb * b * b}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			put(0, d[0])
			put(5, d[2])
			even, spare := d[3], d[4]
			for i := range 2 {
				n := c[3*i:]
				VMULPS(d[0], n[0], even)
				VFMADD231PS(d[2], n[2], even)
				pair(n[1], d[1], even, spare)
				put(1+2*i, spare)
				put(2+2*i, even)
			}
		}},
		winoMap{4, 6, []float64{a, b, a * a, b * b}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			put(0, d[0])
			put(5, d[3])
			even, odd, spare := d[4], d[5], d[6]
			for i := range 2 {
				p, inverse, square := c[i], c[1-i], c[2+i]
				VMULPS(d[0], inverse, even)
				VFMADD231PS(d[2], p, even)
				VMOVAPS(d[1], odd)
				VFMADD231PS(d[3], square, odd)
				VADDPS(odd, even, spare)
				VSUBPS(odd, even, even)
				put(1+2*i, spare)
				put(2+2*i, even)
			}
		}},
		winoMap{6, 4, []float64{a, b, a * a, b * b}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			a, b, a2, b2 := c[0], c[1], c[2], c[3]
			evenA, oddA, evenB, oddB, spare := fold(d)
			VFMADD231PS(evenA, b, d[0])
			VFMADD231PS(evenB, a, d[0])
			put(0, d[0])
			VADDPS(oddA, oddB, spare)
			put(1, spare)
			VMULPS(evenA, a, evenA)
			VFMADD231PS(evenB, b, evenA)
			put(2, evenA)
			VFMADD231PS(oddA, a2, d[5])
			VFMADD231PS(oddB, b2, d[5])
			put(3, d[5])
		}},
		winoMap{6, 3, []float64{na, na * a, na * a * a, nb, nb * b, nb * b * b}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			evenA, oddA, evenB, oddB, _ := fold(d)
			VFMADD231PS(evenA, c[0], d[0])
			VFMADD231PS(evenB, c[3], d[0])
			put(0, d[0])
			VMULPS(oddA, c[1], oddA)
			VFMADD231PS(oddB, c[4], oddA)
			put(1, oddA)
			VFMADD231PS(evenA, c[2], d[5])
			VFMADD231PS(evenB, c[5], d[5])
			put(2, d[5])
		}},
	}
}

// fold takes what two pairs of points of opposite sign have together; a fifth
// register is free then.
func fold(d []reg.VecVirtual) (evenA, oddA, evenB, oddB, spare reg.VecVirtual) {
	VADDPS(d[2], d[1], d[6])
	VSUBPS(d[2], d[1], d[1])
	VADDPS(d[4], d[3], d[2])
	VSUBPS(d[4], d[3], d[3])
	return d[6], d[1], d[2], d[3], d[4]
}

// winoMaps2 has the maps for the points 0, ±1 and infinity.
func winoMaps2() winoMaps {
	return winoMaps{2,
		winoMap{4, 4, nil, func(_, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			VSUBPS(d[2], d[0], d[0])
			put(0, d[0])
			VSUBPS(d[1], d[3], d[3])
			put(3, d[3])
			VADDPS(d[1], d[2], d[4])
			put(1, d[4])
			VSUBPS(d[1], d[2], d[2])
			put(2, d[2])
		}},
		winoMap{3, 4, []float64{0.5}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			put(0, d[0])
			put(3, d[2])
			VADDPS(d[2], d[0], d[0])
			VMULPS(c[0], d[0], d[0])
			pair(c[0], d[1], d[0], d[3])
			put(1, d[3])
			put(2, d[0])
		}},
		winoMap{2, 4, nil, func(_, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			put(0, d[0])
			put(3, d[1])
			VADDPS(d[1], d[0], d[2])
			put(1, d[2])
			VSUBPS(d[1], d[0], d[0])
			put(2, d[0])
		}},
		winoMap{4, 2, nil, func(_, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			VADDPS(d[1], d[0], d[0])
			VADDPS(d[2], d[0], d[0])
			put(0, d[0])
			VADDPS(d[1], d[3], d[3])
			VSUBPS(d[2], d[3], d[3])
			put(1, d[3])
		}},
		winoMap{4, 3, []float64{0.5}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			half, even := c[0], d[4]
			VADDPS(d[2], d[1], even)
			VFMADD231PS(even, half, d[0])
			put(0, d[0])
			VFMADD231PS(even, half, d[3])
			put(2, d[3])
			VSUBPS(d[2], d[1], d[1])
			VMULPS(half, d[1], d[1])
			put(1, d[1])
		}},
	}
}

// winoMapsHalf has the maps for 2 taps and the points ±a, ±b and infinity.
func winoMapsHalf() winoMaps {
	const a, b = 1. / 2, 5. / 4
	const n = 1 / (2 * (a*a - b*b)) // |p| / M'(p) of a, and less it of -a; for b the other way round
	return winoMaps{4,
		winoMap{5, 5, []float64{a, b, a * a, b * b, a*a + b*b, a * a * b * b}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			a, b, a2, b2, sum, product := c[0], c[1], c[2], c[3], c[4], c[5]
			even, odd, spare := d[5], d[6], d[7]
			VMOVAPS(d[2], even)
			VFNMADD231PS(d[0], b2, even)
			VMOVAPS(d[3], odd)
			VFNMADD231PS(d[1], b2, odd)
			pair(a, even, odd, spare)
			put(0, spare)
			put(1, odd)
			VFNMADD231PS(d[2], sum, d[4])
			VFMADD231PS(d[0], product, d[4])
			put(4, d[4])
			VFNMADD231PS(d[0], a2, d[2])
			VFNMADD231PS(d[1], a2, d[3])
			pair(b, d[2], d[3], spare)
			put(2, spare)
			put(3, d[3])
		}},
		winoMap{2, 5, []float64{n, n * a, n * b}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			put(4, d[1])
			odd, sum, spare := d[2], d[3], d[4]
			VMULPS(c[0], d[0], d[0])
			for i := range 2 {
				// ±n(x0 + p x1) for p, ∓n(x0 - p x1) for -p
				VMULPS(c[1+i], d[1], odd)
				VADDPS(odd, d[0], sum)
				VSUBPS(d[0], odd, spare)
				if i == 1 {
					VXORPS(d[5].AsX(), d[5].AsX(), d[5].AsX())
					VSUBPS(sum, d[5], sum)
					VSUBPS(odd, d[0], spare)
				}
				put(2*i, sum)
				put(2*i+1, spare)
			}
		}},
		winoMap{4, 5, []float64{a, b, 1 / a, 1 / b, a * a, b * b}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			put(4, d[3])
			even, odd, spare := d[4], d[5], d[6]
			for i := range 2 {
				p, inverse, square := c[i], c[2+i], c[4+i]
				VMULPS(d[0], inverse, even)
				VFMADD231PS(d[2], p, even)
				VMOVAPS(d[1], odd)
				VFMADD231PS(d[3], square, odd)
				VADDPS(odd, even, spare)
				VSUBPS(odd, even, even)
				put(2*i, spare)
				put(2*i+1, even)
			}
		}},
		winoMap{5, 4, []float64{a, b, 1 / a, 1 / b, a * a, b * b}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			evenA, oddA, evenB, oddB, spare := foldHalf(d)
			VMULPS(c[2], evenA, spare)
			VFMADD231PS(evenB, c[3], spare)
			put(0, spare)
			VADDPS(oddA, oddB, spare)
			put(1, spare)
			VMULPS(c[0], evenA, evenA)
			VFMADD231PS(evenB, c[1], evenA)
			put(2, evenA)
			VFMADD231PS(oddA, c[4], d[4])
			VFMADD231PS(oddB, c[5], d[4])
			put(3, d[4])
		}},
		winoMap{5, 2, []float64{n, n * a, n * b}, func(c, d []reg.VecVirtual, put func(int, reg.VecVirtual)) {
			evenA, oddA, evenB, oddB, _ := foldHalf(d)
			VSUBPS(oddB, oddA, oddA)
			VMULPS(c[0], oddA, oddA)
			put(0, oddA)
			VFMADD231PS(evenA, c[1], d[4])
			VFNMADD231PS(evenB, c[2], d[4])
			put(1, d[4])
		}},
	}
}

// foldHalf is fold where the pairs come first.
func foldHalf(d []reg.VecVirtual) (evenA, oddA, evenB, oddB, spare reg.VecVirtual) {
	VADDPS(d[1], d[0], d[5])
	VSUBPS(d[1], d[0], d[0])
	VADDPS(d[3], d[2], d[1])
	VSUBPS(d[3], d[2], d[2])
	return d[5], d[0], d[1], d[2], d[3]
}

// winoEmitter emits a transform in two passes over each vector of channels: the
// columns of a tile go to memory, whence the rows are taken.
type winoEmitter struct {
	isa
	winoMap
	step     int // pixels from a column of a tile to the next
	t        reg.Register
	c, d     []reg.VecVirtual
	counts   int           // where the counts lie
	from, to reg.GPVirtual // addresses of a tile
}

// winoWork is the size of the work memory, which the arguments begin with.
const winoWork = 36 * 4 * block

// begin emits the head of a function.
func (g *winoEmitter) begin(name, doc string) {
	TEXT(name, NOSPLIT, "func(t *byte)") // avo cannot know the type
	Pragma("noescape")
	Doc(name + doc)
	g.t = Load(Param("t"), GP64())
	v := &vector{tier: g.name}
	for _, c := range g.consts {
		g.c = append(g.c, v.constant(float32(c)))
	}
	for range 9 {
		g.d = append(g.d, g.vector())
	}
	g.from, g.to = GP64(), GP64()
}

func (g *winoEmitter) field(offset int) Mem { return Mem{Base: g.t, Disp: offset} }

func (g *winoEmitter) load(offset int) reg.GPVirtual {
	r := GP64()
	MOVQ(g.field(offset), r)
	return r
}

// side says where the fields for one side of a transform lie: a first address,
// a further offset or 0, and the distances of tiles and of blocks.
type side struct{ base, at, tile, block int }

// loops emits the loops over blocks of channels and tiles around body, in which
// g.from and g.to are the addresses of a tile; blockStart comes before each
// block's tiles. The counts are: bytes to the block on both sides, blocks left,
// tiles left.
func (g *winoEmitter) loops(tiles, blocks int, from, to side, blockStart, body func()) {
	done, left := GP64(), g.load(blocks)
	XORQ(done, done)
	MOVQ(done, g.field(g.counts))
	MOVQ(done, g.field(g.counts+8))
	MOVQ(left, g.field(g.counts+16))
	Label("block")
	MOVQ(g.load(tiles), g.field(g.counts+24))
	for i, s := range []side{from, to} {
		p := []reg.GPVirtual{g.from, g.to}[i]
		MOVQ(g.field(s.base), p)
		ADDQ(g.field(g.counts+8*i), p)
		if s.at != 0 {
			ADDQ(g.field(s.at), p)
		}
	}
	blockStart()
	Label("tile")
	body()
	ADDQ(g.field(from.tile), g.from)
	ADDQ(g.field(to.tile), g.to)
	DECQ(g.field(g.counts + 24))
	JNZ(LabelRef("tile"))
	for i, s := range []side{from, to} {
		ADDQ(g.load(s.block), g.field(g.counts+8*i))
	}
	DECQ(g.field(g.counts + 16))
	JNZ(LabelRef("block"))
	VZEROUPPER()
	RET()
}

// work is where value i of the work memory lies.
func (g *winoEmitter) work(i int) Mem { return g.field(4 * g.lanes * i) }

// planes gives the addresses of planes in which a tile's values lie: so many
// planes apart, the first in a register.
type planes struct {
	first, fifth, step, three reg.GPVirtual
}

// planes returns the addresses of every apart-th of n planes; from sets them.
func (g *winoEmitter) planes(plane, apart, n int) *planes {
	p := &planes{first: GP64(), step: g.load(plane), three: GP64()}
	if apart > 1 {
		IMUL3Q(Imm(uint64(apart)), p.step, p.step)
	}
	LEAQ(Mem{Base: p.step, Index: p.step, Scale: 2}, p.three)
	if n > 5 {
		p.fifth = GP64()
	}
	return p
}

// spread sets the addresses after the first.
func (p *planes) spread() {
	if p.fifth != nil {
		LEAQ(Mem{Base: p.first, Index: p.step, Scale: 4}, p.fifth)
		ADDQ(p.step, p.fifth)
	}
}

// pass moves the first address on by 4, 5 or 6 planes.
func (p *planes) pass(n int) {
	LEAQ(p.at(4, 0), p.first)
	if n > 4 {
		LEAQ(p.at(n-4, 0), p.first)
	}
}

func (p *planes) at(i, disp int) Mem {
	m := Mem{Base: p.first, Disp: disp}
	switch i {
	case 1, 2, 4:
		m.Index, m.Scale = p.step, uint8(i)
	case 3:
		m.Index, m.Scale = p.three, 1
	case 5:
		m.Base = p.fifth
	}
	return m
}

// Where the fields of kernel.spreadArgs lie; a test there holds them against the
// struct.
const (
	spreadX       = winoWork
	spreadAt      = winoWork + 8
	spreadPitch   = winoWork + 16
	spreadRows    = winoWork + 24
	spreadColumns = winoWork + 32
	spreadTiles   = winoWork + 40
	spreadNextX   = winoWork + 48
	spreadBlocks  = winoWork + 56
	spreadBlockX  = winoWork + 64
	spreadV       = winoWork + 72
	spreadPlane   = winoWork + 80
	spreadNextV   = winoWork + 88
	spreadBlockV  = winoWork + 96
	spreadCounts  = winoWork + 104
)

// spread emits a map from pixels to planes; pixels of a row are so many apart.
func spread(set isa, name string, m winoMap, step int) {
	g := &winoEmitter{isa: set, winoMap: m, step: step, counts: spreadCounts}
	g.begin(name+set.name, " is spreadGo for one map; t is a *spreadArgs.")
	zero := zeros()
	g.loops(spreadTiles, spreadBlocks, side{spreadX, spreadAt, spreadNextX, spreadBlockX}, side{spreadV, 0, spreadNextV, spreadBlockV},
		func() {},
		func() {
			rows := g.rows(zero)
			for v := range block / set.lanes {
				disp := 4 * set.lanes * v
				for column := range g.in {
					g.column(rows, column, v)
				}
				results := g.planes(spreadPlane, 1, g.out)
				MOVQ(g.to, results.first)
				for row := range g.out {
					results.spread()
					for i := range g.in {
						VMOVUPS(g.work(row*g.in+i), g.d[i])
					}
					g.emit(g.c, g.d, func(i int, r reg.VecVirtual) { VMOVUPS(r, results.at(i, disp)) })
					results.pass(g.out)
				}
			}
		})
}

// outsidePixels is the length of the longest row of a tile, 5 pixels that are 2
// apart.
const outsidePixels = 4*2 + 1

// zeros emits a row of pixels that stands for those outside the image.
func zeros() Mem {
	if m, ok := sequences["outside"]; ok {
		return m
	}
	m := GLOBL("outside", RODATA|NOPTR)
	for i := range outsidePixels * block / 2 {
		DATA(8*i, U64(0))
	}
	sequences["outside"] = m
	return m
}

// rows returns the addresses of a tile's rows.
func (g *winoEmitter) rows(zero Mem) []reg.GPVirtual {
	var rows []reg.GPVirtual
	next, outside := GP64(), GP64()
	MOVQ(g.from, next)
	LEAQ(zero, outside)
	for i := range g.in {
		r := GP64()
		MOVQ(next, r)
		TESTQ(U32(1<<i), g.field(spreadRows))
		CMOVQEQ(outside, r)
		rows = append(rows, r)
		if i < g.in-1 {
			ADDQ(g.field(spreadPitch), next)
		}
	}
	return rows
}

// column emits the map of vector v of a column of pixels, to the work memory.
func (g *winoEmitter) column(rows []reg.GPVirtual, column, v int) {
	label := func(s string) string { return fmt.Sprintf("%s%d_%d", s, column, v) }
	TESTQ(U32(1<<column), g.field(spreadColumns))
	JZ(LabelRef(label("outside")))
	for i, r := range rows {
		VMOVUPS(Mem{Base: r, Disp: 4*block*g.step*column + 4*g.lanes*v}, g.d[i])
	}
	g.emit(g.c, g.d, func(i int, r reg.VecVirtual) { VMOVUPS(r, g.work(i*g.in+column)) })
	JMP(LabelRef(label("next")))
	Label(label("outside"))
	VXORPS(g.d[0].AsX(), g.d[0].AsX(), g.d[0].AsX())
	for i := range g.out {
		VMOVUPS(g.d[0], g.work(i*g.in+column))
	}
	Label(label("next"))
}

// Where the fields of kernel.collectArgs lie; a test there holds them against the
// struct.
const (
	collectV        = winoWork
	collectPlane    = winoWork + 8
	collectNextV    = winoWork + 16
	collectBlockV   = winoWork + 24
	collectTiles    = winoWork + 32
	collectBlocks   = winoWork + 40
	collectY        = winoWork + 48
	collectPitch    = winoWork + 56
	collectNextY    = winoWork + 64
	collectBlockY   = winoWork + 72
	collectRows     = winoWork + 80
	collectColumns  = winoWork + 88
	collectBias     = winoWork + 96
	collectResidual = winoWork + 104
	collectFlags    = winoWork + 112
	collectCounts   = winoWork + 120
)

// collector emits a map from planes to pixels.
type collector struct {
	*winoEmitter
	epilogue bool
	floor    reg.VecVirtual // what results are cut off below: 0, or -Inf
	bias     reg.VecVirtual // of the vector at hand
	biases   reg.GPVirtual  // address of the block's
	beyond   reg.GPVirtual  // bytes from a pixel to its residual
}

// collect emits a map from planes to pixels; those of a row are so many apart.
func collect(set isa, name string, m winoMap, step int, epilogue bool) {
	g := &collector{winoEmitter: &winoEmitter{isa: set, winoMap: m, step: step, counts: collectCounts}, epilogue: epilogue}
	g.begin(name+set.name, " is collectGo for one map; t is a *collectArgs.")
	if epilogue {
		g.setFloor()
		g.beyond = g.load(collectResidual)
		SUBQ(g.field(collectY), g.beyond)
	}
	g.loops(collectTiles, collectBlocks, side{collectV, 0, collectNextV, collectBlockV}, side{collectY, 0, collectNextY, collectBlockY},
		g.setBias, func() {
			for v := range block / set.lanes {
				g.columns(v)
				g.rows(v)
			}
		})
}

// setFloor sets what results are cut off below.
func (g *collector) setFloor() {
	g.floor = g.isa.vector()
	if _, ok := sequences["floors"]; !ok {
		sequences["floors"] = ConstData("floors", U64(0xff800000)) // -Inf, and 0 after it
	}
	at, relu := GP64(), GP64()
	LEAQ(sequences["floors"], at)
	MOVQ(g.field(collectFlags), relu)
	ANDQ(Imm(flagReLU), relu)
	VBROADCASTSS(Mem{Base: at, Index: relu, Scale: 4}, g.floor)
}

// setBias sets where the bias of a block begins: zeros if there is none.
func (g *collector) setBias() {
	if !g.epilogue {
		return
	}
	none := GP64()
	LEAQ(zeros(), none)
	g.biases = g.load(collectBlocks)
	SUBQ(g.field(collectCounts+16), g.biases) // blocks done
	SHLQ(Imm(6), g.biases)
	bias := g.load(collectBias)
	ADDQ(bias, g.biases)
	TESTQ(bias, bias)
	CMOVQEQ(none, g.biases)
}

// columns emits the maps of vector v of the columns, to the work memory.
func (g *collector) columns(v int) {
	places := g.planes(collectPlane, g.in, g.in)
	MOVQ(g.from, places.first)
	for column := range g.in {
		places.spread()
		for i := range g.in {
			VMOVUPS(places.at(i, 4*g.lanes*v), g.d[i])
		}
		g.emit(g.c, g.d, func(i int, r reg.VecVirtual) { VMOVUPS(r, g.work(i*g.in+column)) })
		if column < g.in-1 {
			ADDQ(g.field(collectPlane), places.first)
		}
	}
}

// rows emits the maps of vector v of the rows that are stored.
func (g *collector) rows(v int) {
	if g.epilogue {
		g.bias = g.isa.vector()
		VMOVUPS(Mem{Base: g.biases, Disp: 4 * g.lanes * v}, g.bias)
	}
	end := fmt.Sprintf("end%d", v)
	pixels := GP64()
	MOVQ(g.to, pixels)
	for row := range g.out {
		if row > 0 {
			if g.epilogue {
				CMPQ(g.field(collectRows), Imm(uint64(row)))
				JLE(LabelRef(end))
			}
			ADDQ(g.field(collectPitch), pixels)
		}
		for i := range g.in {
			VMOVUPS(g.work(row*g.in+i), g.d[i])
		}
		next := fmt.Sprintf("row%d_%d", row, v)
		g.emit(g.c, g.d, func(i int, r reg.VecVirtual) {
			g.store(r, Mem{Base: pixels, Disp: 4*block*g.step*i + 4*g.lanes*v}, i, next)
		})
		Label(next)
	}
	Label(end)
}

// store emits the storing of a pixel of a row; from the first that is beyond the
// columns on it goes to the label next.
func (g *collector) store(r reg.VecVirtual, at Mem, column int, next string) {
	if !g.epilogue {
		VMOVUPS(r, at)
		return
	}
	if column > 0 {
		CMPQ(g.field(collectColumns), Imm(uint64(column)))
		JLE(LabelRef(next))
	}
	VADDPS(g.bias, r, r)
	alone := fmt.Sprintf("%s_%d", next, column)
	CMPQ(g.field(collectResidual), Imm(0))
	JEQ(LabelRef(alone))
	residual := at
	residual.Index, residual.Scale = g.beyond, 1
	VADDPS(residual, r, r)
	Label(alone)
	VMAXPS(r, g.floor, r) // in this order a NaN stays
	VMOVUPS(r, at)
}
