package resample

// A Line goes through a plane: where it begins, and the step from each sample to the
// next. Numbers have 16 bits below the point; the sample at (x, y) has its corners at
// (x, y) and (x+1, y+1).
type Line struct{ X, Y, DX, DY int64 }

// At returns the place that is n steps along the line.
func (l Line) At(n int) Line {
	l.X, l.Y = l.X+int64(n)*l.DX, l.Y+int64(n)*l.DY
	return l
}

// Sample returns the number of the sample at the beginning, in a plane of a width.
func (l Line) Sample(width int) int { return int(l.Y>>16)*width + int(l.X>>16) }

// Nearest copies n samples of each plane of src, those that a line meets, all of which
// lie inside. The planes have size samples, in rows of width; in dst they are at the
// same distance, and the first begins with the first sample to write.
func Nearest(dst, src []uint8, size, width int, l Line, n int) {
	if !nearestLanes(dst, src, size, width, l, n) {
		nearestGo(dst, src, size, width, l, n)
	}
}

func nearestGo(dst, src []uint8, size, width int, l Line, n int) {
	var places [128]int // of some samples, for all planes
	for at := 0; at < n; at += len(places) {
		some := places[:min(n-at, len(places))]
		for i := range some {
			some[i] = l.Sample(width)
			l = l.At(1)
		}
		for plane := 0; plane < len(src); plane += size {
			from, to := src[plane:][:size], dst[plane+at:][:len(some)]
			for i, p := range some {
				to[i] = from[p]
			}
		}
	}
}
