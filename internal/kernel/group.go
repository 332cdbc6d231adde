package kernel

import "unsafe"

//go:generate go run -C gen . -set group -out ../group_amd64.s -stubs ../group_amd64.go -pkg kernel

// groupRun is how many taps a step of a group kernel has at most: they meet
// neighbouring pixels, so that each pixel is spread over the lanes once for all
// of them.
const groupRun = 3

// groupArgs is what a group kernel computes: some tiles of neighbouring pixels of
// a block of channels. Steps are runs of taps that meet neighbouring input pixels,
// the longest first. Of the fields of panelArgs, depth, blockY and ahead are not
// used; weights of a tap are (g, Block). groupGo says it exactly. The assembly
// knows where the fields lie.
type groupArgs struct {
	panelArgs
	tapW    int           // bytes from the weights of a tap to those of the next in a run
	counts  [groupRun]int // [i] steps are runs of i+1 taps
	fetches *int64        // where pixels of x are that are needed later, to be brought to the cache meanwhile: bytes after those of a tile
	fetch   int           // number of fetches
	aheadY  int           // bytes from the pixels of y to those that are brought to the cache in the same way
}

// groupGo is the group kernel for groups of g channels in plain Go and the
// reference of the others: for every tile t, pixel p and lane k,
//
//	y[t][p][k] = relu(bias[k] + sum over s, j and i of x[t][p+j][s][k/g*g+i] * w[s][j][i][k] + residual[t][p][k])
func groupGo(t *groupArgs, pixels, g int) {
	for tile := range t.tiles {
		for p := range pixels {
			t.groupPixel(tile*t.nextX+p*t.pixelX, tile*t.nextY+p*t.pixelY, g)
		}
	}
}

// groupPixel computes a pixel that lies x and y bytes after the first.
func (t *groupArgs) groupPixel(x, y, g int) {
	var sum [Block]float32
	if t.bias != nil {
		copy(sum[:], unsafe.Slice(t.bias, Block))
	}
	steps := unsafe.Slice(t.steps, t.counts[0]+t.counts[1]+t.counts[2])
	for run := groupRun; run > 0; run-- {
		for _, s := range steps[:t.counts[run-1]] {
			for j := range run {
				from := (*[Block]float32)(floatsAt(t.x, x+int(s.x)+j*t.pixelX, Block))
				addSpread(&sum, from, floatsAt(t.w, int(s.w)+j*t.tapW, g*Block), g)
			}
		}
		steps = steps[t.counts[run-1]:]
	}
	t.finish(&sum, y)
}

// addSpread adds the products of a pixel with the weights (g, Block) of a tap.
func addSpread(sum, x *[Block]float32, w []float32, g int) {
	for i := range g {
		row := (*[Block]float32)(w[i*Block:])
		for k := range sum {
			sum[k] += x[inGroup(k, i, g)] * row[k]
		}
	}
}

// inGroup returns channel i of the group of g channels that lane k belongs to:
// k/g*g+i, written for the compiler.
func inGroup(k, i, g int) int { return (k&-g + i) & (Block - 1) }

// groupOuterArgs is what the group kernels of the weight gradient compute, for a
// run of taps that meet neighbouring input pixels. groupOuterGo says it exactly.
type groupOuterArgs struct {
	outerArgs     // sums are (g, Block), that of the first tap; the pixels of y are those of the first tap
	tapSums   int // bytes from the sums of a tap to those of the next
}

// groupOuterGo is the kernel for groups of g channels and so many taps in plain
// Go and the reference of the others:
//
//	sums[j][i][k] += sum over rows r and pixels p of x[r][p][k/g*g+i] * y[r][p-j][k]
func groupOuterGo(t *groupOuterArgs, g, taps int) {
	for j := range taps {
		sums := floatsAt(t.sums, j*t.tapSums, g*Block)
		for r := range t.rows {
			for p := range t.pixels {
				x := (*[Block]float32)(floatsAt(t.x, r*t.rowX+p*t.pixelX, Block))
				y := (*[Block]float32)(floatsAt(t.y, r*t.rowY+(p-j)*t.pixelY, Block))
				addPairs(sums, x, y, g)
			}
		}
	}
}

// addPairs adds to sums (g, Block) the products of every lane of y with the lanes
// of x that are of its group.
func addPairs(sums []float32, x, y *[Block]float32, g int) {
	for i := range g {
		row := (*[Block]float32)(sums[i*Block:])
		for k := range row {
			row[k] += x[inGroup(k, i, g)] * y[k]
		}
	}
}

// A groupSet holds the kernels of a tier for groups of g channels.
type groupSet struct {
	g      int
	panels panelSet              // its kernels take a *groupArgs
	outers [groupRun]outerKernel // [i] is for i+1 taps; they take a *groupOuterArgs
}

// name names the algorithm of convolutions in such groups.
func (s *groupSet) name() string {
	if s.g == 1 {
		return "depthwise"
	}
	return "grouped"
}

// groupsOf returns the kernels for groups of g channels, or nil.
func groupsOf(g int) *groupSet {
	sets := groupTiers.get()
	for i := range sets {
		if sets[i].g == g {
			return &sets[i]
		}
	}
	return nil
}

// goGroups returns the plain Go kernels for groups of g channels.
func goGroups(g int) groupSet {
	s := groupSet{g: g, panels: panelSet{width: Block, run: Block}}
	for p := range 4 {
		s.panels.kernels = append(s.panels.kernels, func(t *byte) { groupGo((*groupArgs)(unsafe.Pointer(t)), p+1, g) })
	}
	for j := range s.outers {
		s.outers[j] = func(t *byte) { groupOuterGo((*groupOuterArgs)(unsafe.Pointer(t)), g, j+1) }
	}
	return s
}

type groupSets [4]groupSet

var genericGroups = groupSets{goGroups(1), goGroups(2), goGroups(4), goGroups(8)}

// narrowGroups returns how many channels the groups of s have, if they are the
// groups that group kernels compute, else 0.
func (s ConvShape) narrowGroups() int {
	if s.C != s.K || s.C%Block != 0 || s.Groups < 1 || s.C%s.Groups != 0 {
		return 0
	}
	if g := s.C / s.Groups; g < Block && Block%g == 0 {
		return g
	}
	return 0
}
