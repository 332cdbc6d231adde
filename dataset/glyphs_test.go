package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"slices"
	"sync"
	"testing"
)

func newGlyphs(t testing.TB, seed uint64, split string, length int) *Glyphs {
	t.Helper()
	d, err := NewGlyphs(seed, split, length)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func pixels(t testing.TB, d Dataset, i int) []uint8 {
	t.Helper()
	var m Image
	if _, err := d.Get(i, &m); err != nil {
		t.Fatal(err)
	}
	return m.Pix
}

// An image depends on seed, split and index, and on nothing else.
func TestGlyphsAreAddressedByIndex(t *testing.T) {
	short, long := newGlyphs(t, 1, "train", 100), newGlyphs(t, 1, "train", 1<<30)
	want := make([][]uint8, 100)
	for i := range want {
		want[i] = pixels(t, short, i)
	}
	var wg sync.WaitGroup
	for i := range want {
		i = len(want) - 1 - i
		wg.Go(func() {
			var m Image
			label, err := long.Get(i, &m)
			if err != nil || label != i%10 || !slices.Equal(m.Pix, want[i]) {
				t.Errorf("image %d is another the second time (label %d, %v)", i, label, err)
			}
		})
	}
	wg.Wait()
	if slices.Equal(pixels(t, newGlyphs(t, 2, "train", 1), 0), want[0]) {
		t.Error("two seeds give one image")
	}
	if len(pixels(t, long, 1<<30-1)) != 28*28 {
		t.Error("the last image is missing")
	}
	if _, err := long.Get(1<<30, new(Image)); err == nil {
		t.Error("an image after the last: no error")
	}
}

func TestGlyphSplitsDoNotOverlap(t *testing.T) {
	d, err := Open("glyphs", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Train.Len() != GlyphTrainLen || d.Val.Len() != GlyphValLen {
		t.Errorf("%d and %d images", d.Train.Len(), d.Val.Len())
	}
	seen := map[[32]byte]bool{}
	counts := make([]int, 10)
	var n, sum, squares float64
	var m Image
	for _, split := range []Dataset{d.Train, d.Val} {
		for i := range split.Len() {
			label, err := split.Get(i, &m)
			if err != nil {
				t.Fatal(err)
			}
			counts[label]++
			hash := sha256.Sum256(m.Pix)
			if seen[hash] {
				t.Fatalf("image %d of a split is there twice", i)
			}
			seen[hash] = true
			if split == d.Train {
				for _, v := range m.Pix {
					x := float64(v) / 255
					n, sum, squares = n+1, sum+x, squares+x*x
				}
			}
		}
	}
	for digit, got := range counts {
		if want := (GlyphTrainLen + GlyphValLen) / 10; got != want {
			t.Errorf("digit %d comes %d times, want %d", digit, got, want)
		}
	}
	mean := sum / n
	std := math.Sqrt(squares/n - mean*mean)
	if math.Abs(mean-glyphMean) > 1e-4 || math.Abs(std-glyphStd) > 1e-4 {
		t.Errorf("mean %.4f, deviation %.4f, want %g and %g", mean, std, glyphMean, glyphStd)
	}
	if d.Norm.Mean[0] != glyphMean || d.Norm.Std[0] != glyphStd {
		t.Errorf("normalisation %v", d.Norm)
	}
}

// Labels belong to the pictures: even the nearest mean picture tells a third of
// them, where chance tells a tenth.
func TestGlyphsCanBeTold(t *testing.T) {
	const n = 28 * 28
	train, val := newGlyphs(t, 3, "train", 3000), newGlyphs(t, 3, "val", 500)
	// Each picture at mean 0 and length 1, so that ink and paper do not count.
	shape := func(d Dataset, i int) []float64 {
		x := make([]float64, n)
		var mean, length float64
		for j, v := range pixels(t, d, i) {
			x[j] = float64(v)
			mean += x[j] / n
		}
		for j := range x {
			x[j] -= mean
			length += x[j] * x[j]
		}
		for j := range x {
			x[j] /= math.Sqrt(length)
		}
		return x
	}
	var means [10][n]float64
	for i := range train.Len() {
		for j, v := range shape(train, i) {
			means[i%10][j] += v
		}
	}
	right := 0
	for i := range val.Len() {
		best, most := -1, math.Inf(-1)
		x := shape(val, i)
		for digit := range means {
			var dot float64
			for j, v := range x {
				dot += v * means[digit][j]
			}
			if dot > most {
				best, most = digit, dot
			}
		}
		if best == i%10 {
			right++
		}
	}
	if right < val.Len()/4 {
		t.Errorf("%d of %d told right", right, val.Len())
	}
}

// Every face draws ten different digits, and weight makes them bolder.
func TestGlyphShapes(t *testing.T) {
	shapes, err := glyphShapes()
	if err != nil {
		t.Fatal(err)
	}
	if len(shapes) != 12 {
		t.Errorf("%d faces, want 12", len(shapes))
	}
	ink := func(g glyph, p pose) (sum int, pix []uint8) {
		pix = make([]uint8, 28*28)
		fillGlyph(pix, g, p)
		for _, v := range pix {
			sum += int(v)
		}
		return sum, pix
	}
	for face, glyphs := range shapes {
		seen := map[string]bool{}
		for digit, g := range glyphs {
			p := pose{a: 20, d: 20, x: 14, y: 14}
			plain, pix := ink(g, p)
			if seen[string(pix)] {
				t.Errorf("face %d: two digits look like %d", face, digit)
			}
			seen[string(pix)] = true
			p.weight = glyphThin
			thin, _ := ink(g, p)
			p.weight = glyphBold
			bold, _ := ink(g, p)
			if thin <= 0 || thin >= plain || plain >= bold {
				t.Errorf("face %d, digit %d: ink %d thin, %d plain, %d bold", face, digit, thin, plain, bold)
			}
			// Rows 4 to 23 are covered at height 20, and nothing else.
			for y := range 28 {
				row := slices.Max(pix[y*28 : (y+1)*28])
				if (y >= 4 && y < 24) != (row > 0) {
					t.Errorf("face %d, digit %d: light %d in row %d", face, digit, row, y)
				}
			}
			// Far out of the picture there is nothing, and nothing breaks.
			for _, at := range [][2]float64{{-100, 14}, {100, 14}, {14, -100}, {14, 100}} {
				p.x, p.y = at[0], at[1]
				if sum, _ := ink(g, p); sum != 0 {
					t.Errorf("face %d, digit %d at %v: ink %d", face, digit, at, sum)
				}
			}
		}
	}
}

// A square grows on all sides, and so does the hole of a ring shrink.
func TestEmbolden(t *testing.T) {
	square := []point{{0, 0}, {4, 0}, {4, 4}, {0, 4}} // clockwise on the screen
	if got, want := embolden(slices.Clone(square), 1), []point{{-1, -1}, {5, -1}, {5, 5}, {-1, 5}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	hole := slices.Clone(square)
	slices.Reverse(hole)
	if got, want := embolden(hole, 1), []point{{1, 3}, {3, 3}, {3, 1}, {1, 1}}; !slices.Equal(got, want) {
		t.Errorf("hole: got %v, want %v", got, want)
	}
	needle := embolden([]point{{0, 0}, {100, 1}, {0, 2}}, 1)
	if d := math.Hypot(needle[1].x-100, needle[1].y-1); d > 2+1e-9 {
		t.Errorf("a sharp corner moves by %g", d)
	}
}

func TestNewGlyphsErrors(t *testing.T) {
	_, err := NewGlyphs(0, "train", 0)
	wantError(t, err, "glyphs: 0 images: want at least 1")
	_, err = Open("glyphs", Options{ValLen: -1})
	wantError(t, err, "glyphs: -1 images")
}

func BenchmarkGlyphs(b *testing.B) {
	d := newGlyphs(b, 0, "train", 1<<30)
	var m Image
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := d.Get(i, &m); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// The pictures of a seed are part of a run's identity: a change here changes
// every run. They are the same on amd64 and arm64.
func TestGlyphsAreStable(t *testing.T) {
	d := newGlyphs(t, 0, "train", 200)
	h := sha256.New()
	for i := range d.Len() {
		h.Write(pixels(t, d, i))
	}
	const want = "0addbf12140ce5acd279d67feadd489d5affad3cd1dd3a7181b4f64f86153ab5"
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}
