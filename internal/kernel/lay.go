package kernel

//go:generate go run -C gen . -set lay -out ../lay_amd64.s -stubs ../lay_amd64.go -pkg kernel

// layRows copies rows of n values, every step-th of src, to neighbouring places
// of dst; rows are the pitches apart.
func layRows(dst, src []float32, rows, n, step, dstPitch, srcPitch int) {
	if rows == 0 || n == 0 {
		return
	}
	_, _ = dst[(rows-1)*dstPitch+n-1], src[(rows-1)*srcPitch+(n-1)*step]
	if !layRowsNative(dst, src, rows, n, step, dstPitch, srcPitch) {
		layRowsGo(dst, src, rows, n, step, dstPitch, srcPitch)
	}
}

// layRowsGo is layRows as its definition.
func layRowsGo(dst, src []float32, rows, n, step, dstPitch, srcPitch int) {
	for i := range rows {
		to, from := dst[i*dstPitch:][:n], src[i*srcPitch:]
		if step == 1 {
			copy(to, from)
			continue
		}
		for j := range to {
			to[j] = from[j*step]
		}
	}
}

// gatherRows packs the weights of some input channels (rows of a panel) for one
// output channel after the other:
//
//	dst[(g*len(taps)+i)*high+r] = src[g*groupStep+taps[i]/4+index[r]]
//
// taps are in bytes; index has high entries, of which those beyond the rows
// that exist repeat one that does.
func gatherRows(dst, src []float32, groups, groupStep int, taps []int64, index []int32) {
	if groups == 0 || len(taps) == 0 {
		return
	}
	high := len(index)
	_ = dst[groups*len(taps)*high-1]
	farthest := 0
	for _, tap := range taps {
		farthest = max(farthest, int(tap/4))
	}
	_ = src[(groups-1)*groupStep+farthest+int(index[high-1])]
	if !gatherNative(dst, src, groups, groupStep, taps, index) {
		gatherGo(dst, src, groups, groupStep, taps, index)
	}
}

// gatherGo is gatherRows as its definition.
func gatherGo(dst, src []float32, groups, groupStep int, taps []int64, index []int32) {
	next := 0
	for g := range groups {
		for _, tap := range taps {
			from := src[g*groupStep+int(tap/4):]
			for _, i := range index {
				dst[next] = from[i]
				next++
			}
		}
	}
}

// interleave writes even and odd, of which even may be one longer, to dst in
// turns.
func interleave(dst, even, odd []float32) {
	done := interleaveNative(dst, even, odd)
	interleaveGo(dst[2*done:], even[done:], odd[done:])
}

// interleaveGo is interleave as its definition.
func interleaveGo(dst, even, odd []float32) {
	for j, v := range odd {
		dst[2*j], dst[2*j+1] = even[j], v
	}
	if len(even) > len(odd) {
		dst[2*len(odd)] = even[len(odd)]
	}
}
