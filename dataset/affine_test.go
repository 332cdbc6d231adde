package dataset

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
)

// Any map of images of any size does what looking up each pixel by itself does.
func TestWarp(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	sizes := [][3]int{{1, 1, 1}, {3, 1, 7}, {3, 9, 1}, {1, 20, 30}, {3, 31, 17}, {3, 5, 300}}
	for n := range 400 {
		size := sizes[n%len(sizes)]
		in := NewImage(size[0], size[1], size[2])
		for i := range in.Pix {
			in.Pix[i] = uint8(1 + r.IntN(255))
		}
		eighths := func(size float64) float64 { return math.Round((2*r.Float64()-1)*8) / 8 * size }
		by := affine{eighths(2), eighths(1), eighths(float64(in.W)), eighths(1), eighths(2), eighths(float64(in.H))}
		if n%3 == 0 {
			by.a, by.d = 1, 0 // whole pieces of rows
		}
		got := new(Image)
		got.CopyFrom(in)
		got.warp(by)
		if want := warped(in, by); !bytes.Equal(got.Pix, want.Pix) {
			t.Fatalf("%v of %v: %v, want %v", by, size, got.Pix, want.Pix)
		}
	}
}

// warped is warp, a pixel at a time.
func warped(in *Image, t affine) *Image {
	fix := func(v float64) int { return int(math.Floor(v*65536 + 0.5)) }
	out := NewImage(in.C, in.H, in.W)
	for y := range in.H {
		for x := range in.W {
			fromX := (fix(t.c+t.a*0.5+t.b*0.5) + x*fix(t.a) + y*fix(t.b)) >> 16
			fromY := (fix(t.f+t.d*0.5+t.e*0.5) + x*fix(t.d) + y*fix(t.e)) >> 16
			if fromX < 0 || fromX >= in.W || fromY < 0 || fromY >= in.H {
				continue
			}
			for c := range in.C {
				out.Plane(c)[y*in.W+x] = in.Plane(c)[fromY*in.W+fromX]
			}
		}
	}
	return out
}
