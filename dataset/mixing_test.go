package dataset

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// mixingReference is what testdata/generate.py computed with the lines of
// torchvision's references.
type mixingReference struct {
	Shape   [4]int
	Labels  []int
	Classes int
	Cases   []struct {
		Share   float64
		Box     []int // left, top, right, bottom; nil for mixup
		Images  uint32
		Targets []float32
	}
	N, H, W int
	Draws   []struct {
		Alpha                                   float64
		Mixup, CutMix, Left, Top, Width, Height []float64
	}
}

func readMixing(t *testing.T) (r mixingReference) {
	t.Helper()
	readJSON(t, "mixing.json", &r)
	return r
}

func floatBits(x []float32) (b []byte) {
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// The images are those of torchvision's references in every bit, and so are the
// targets.
func TestMixMatchesTorchvision(t *testing.T) {
	ref := readMixing(t)
	n, c, h, w := ref.Shape[0], ref.Shape[1], ref.Shape[2], ref.Shape[3]
	for _, k := range ref.Cases {
		x := make([]float32, n*c*h*w)
		for i := range x {
			x[i] = float32(float64(i*37%101)/50 - 1)
		}
		m := Mix{Share: k.Share}
		if k.Box != nil {
			m.Box, m.Left, m.Top, m.Width, m.Height = true, k.Box[0], k.Box[1], k.Box[2]-k.Box[0], k.Box[3]-k.Box[1]
		}
		m.Images(x, n, c, h, w)
		if got := crc32.ChecksumIEEE(floatBits(x)); got != k.Images {
			t.Errorf("%+v: images differ from torchvision's", m)
		}
		targets := slices.Repeat([]float32{7}, n*ref.Classes)
		m.Targets(targets, ref.Labels, ref.Classes)
		if !slices.Equal(targets, k.Targets) {
			t.Errorf("%+v: targets %v, want %v", m, targets, k.Targets)
		}
		for i := range n {
			want := k.Targets[i*ref.Classes:][:ref.Classes]
			if got := m.Main(ref.Labels, i); want[got] != slices.Max(want) {
				t.Errorf("%+v: image %d is most of all %d, want one of %v", m, i, got, want)
			}
		}
	}
}

// The shares and boxes are distributed as in torchvision's references.
func TestMixingDrawsMatchTorchvision(t *testing.T) {
	ref := readMixing(t)
	for _, want := range ref.Draws {
		r := rand.New(rng.New(3, "mix"))
		var shares, kept []float64
		var left, top, width, height []int
		for range ref.N {
			m, ok := Mixing{Mixup: want.Alpha}.Params(ref.H, ref.W, r)
			if !ok || m.Box {
				t.Fatalf("%+v for mixup", m)
			}
			shares = append(shares, m.Share)
			if m, ok = (Mixing{CutMix: want.Alpha}).Params(ref.H, ref.W, r); !ok || !m.Box {
				t.Fatalf("%+v for CutMix", m)
			}
			kept = append(kept, m.Share)
			left, top, width, height = append(left, m.Left), append(top, m.Top), append(width, m.Width), append(height, m.Height)
		}
		wantQuantiles(t, "mixup", shares, want.Mixup)
		wantQuantiles(t, "cutmix", kept, want.CutMix)
		wantQuantiles(t, "left", left, want.Left)
		wantQuantiles(t, "top", top, want.Top)
		wantQuantiles(t, "width", width, want.Width)
		wantQuantiles(t, "height", height, want.Height)
	}
}

// Both of them are drawn equally often, and shares are numbers from 0 to 1 at all
// alphas that are allowed.
func TestMixingDraws(t *testing.T) {
	r := rand.New(rng.New(4, "mix"))
	for _, alpha := range []float64{minAlpha, 0.1, 1, 5, maxAlpha} {
		both := Mixing{Mixup: alpha, CutMix: alpha}
		if err := both.Validate(); err != nil {
			t.Error(err)
		}
		boxes := 0
		for range 2000 {
			m, _ := both.Params(7, 9, r)
			if m.Box {
				boxes++
			}
			if !(m.Share >= 0 && m.Share <= 1) || m.Top < 0 || m.Left < 0 || m.Height < 0 || m.Width < 0 || m.Top+m.Height > 7 || m.Left+m.Width > 9 {
				t.Fatalf("alpha %g: %+v", alpha, m)
			}
		}
		if math.Abs(float64(boxes)-1000) > 5*math.Sqrt(500) {
			t.Errorf("%d boxes in 2000 draws", boxes)
		}
	}
	if m, ok := (Mixing{}).Params(7, 9, r); ok || m.Share != 1 {
		t.Errorf("no mixing draws %+v", m)
	}
	for _, alpha := range []float64{-1, 1e-300, 2000, math.Inf(1), math.NaN()} {
		for _, m := range []Mixing{{Mixup: alpha}, {CutMix: alpha}} {
			if m.Validate() == nil {
				t.Errorf("%+v is valid", m)
			}
		}
	}
}
