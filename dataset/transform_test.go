package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"sort"
	"strconv"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// reference is what testdata/generate.py measured with Pillow and torchvision.
type reference struct {
	Digests struct {
		Luma  string            `json:"rgb to luma"`
		HSV   string            `json:"rgb to hsv"`
		RGB   string            `json:"hsv to rgb"`
		Blend map[string]string `json:"blend"`
	} `json:"digests"`
	Normalize string `json:"normalize"`
	ToTensor  string `json:"to tensor"`
	Draws     struct {
		N           int          `json:"n"`
		ResizedCrop []boxSamples `json:"resizedcrop"`
		Erasing     []boxSamples `json:"erasing"`
		Fallback    []struct {
			H, W int
			Box  [4]int
		} `json:"fallback"`
	} `json:"draws"`
}

// boxSamples are quantiles of random boxes, at 0, 1/20, ... 1.
type boxSamples struct {
	H, W                     int
	Scale, Ratio             [2]float64
	Erased                   float64
	Height, Width, Top, Left []float64
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	readJSON(t, "reference.json", &r)
	return r
}

// arg is a number or a word of a case.
type arg string

func (a *arg) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*a = arg(s)
	} else {
		*a = arg(b)
	}
	return nil
}

func (a arg) int(t *testing.T) int { return int(a.float(t)) }

func (a arg) float(t *testing.T) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(string(a), 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Every deterministic transform against torchvision's on Pillow images: equal,
// but for the resizing, which may differ by one level.
func TestTransformsMatchTorchvision(t *testing.T) {
	var cases []struct {
		Op      string
		Args    []arg
		In, Out string
	}
	readJSON(t, "transforms.json", &cases)
	if len(cases) < 80 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.Out, func(t *testing.T) {
			m := readFixture(t, c.In)
			if c.Op == "channels" && c.Args[0] == "1" {
				m = decodeFile(t, fixture(c.In))
			}
			n := func(i int) int { return c.Args[i].int(t) }
			limit := 0
			var tr Transform
			var err error
			switch c.Op {
			case "resizeto":
				tr, limit = ResizeTo{n(0), n(1)}, 1
			case "resize":
				tr, limit = Resize{n(0)}, 1
			case "centercrop":
				tr = CenterCrop{n(0), n(1)}
			case "channels":
				tr = Channels{n(0)}
			case "resizedcrop":
				limit = 1
				if err = m.Crop(n(0), n(1), n(2), n(3), PadConstant, 0); err == nil {
					err = m.Resize(n(4), n(5))
				}
			case "hflip":
				m.FlipHorizontal()
			case "brightness":
				m.AdjustBrightness(c.Args[0].float(t))
			case "contrast":
				m.AdjustContrast(c.Args[0].float(t))
			case "saturation":
				m.AdjustSaturation(c.Args[0].float(t))
			case "hue":
				m.AdjustHue(c.Args[0].float(t))
			case "pad":
				p := n(1)
				err = m.Crop(-p, -p, m.H+2*p, m.W+2*p, PaddingMode(c.Args[0]), uint8(n(2)))
			default:
				t.Fatalf("unknown operation %q", c.Op)
			}
			if tr != nil {
				wantC, wantH, wantW, shapeErr := tr.Shape(m.C, m.H, m.W)
				if shapeErr != nil {
					t.Fatal(shapeErr)
				}
				err = tr.Apply(m, nil)
				if m.C != wantC || m.H != wantH || m.W != wantW {
					t.Errorf("Shape says (%d, %d, %d), Apply makes (%d, %d, %d)", wantC, wantH, wantW, m.C, m.H, m.W)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			want := readFixture(t, c.Out)
			if m.C == 3 && want.C == 1 { // a colour result that is grey
				want = decodeFile(t, fixture(c.Out))
			}
			wantImage(t, m, want, limit)
		})
	}
}

// All colours through the conversions, against digests of Pillow's results.
func TestColourConversionsMatchPillow(t *testing.T) {
	ref := readReference(t)
	lumas, hsv, rgb := sha256.New(), sha256.New(), sha256.New()
	for i := range 1 << 16 {
		x, y := uint8(i>>8), uint8(i)
		var l, a, b []uint8
		for z := range 256 {
			l = append(l, luma(x, y, uint8(z)))
			h, s, v := rgbToHSV(x, y, uint8(z))
			a = append(a, h, s, v)
			r, g, bl := hsvToRGB(x, y, uint8(z))
			b = append(b, r, g, bl)
		}
		lumas.Write(l)
		hsv.Write(a)
		rgb.Write(b)
	}
	for _, c := range []struct {
		name      string
		got, want string
	}{
		{"RGB to luminance", hex.EncodeToString(lumas.Sum(nil)), ref.Digests.Luma},
		{"RGB to HSV", hex.EncodeToString(hsv.Sum(nil)), ref.Digests.HSV},
		{"HSV to RGB", hex.EncodeToString(rgb.Sum(nil)), ref.Digests.RGB},
	} {
		if c.got != c.want {
			t.Errorf("%s: digest %s, Pillow's is %s", c.name, c.got, c.want)
		}
	}
}

func TestBlendMatchesPillow(t *testing.T) {
	for factor, want := range readReference(t).Digests.Blend {
		f, err := strconv.ParseFloat(factor, 64)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for from := range 256 {
			h.Write(blendTable(uint8(from), f)[:])
		}
		if got := hex.EncodeToString(h.Sum(nil)); got != want {
			t.Errorf("factor %s: digest %s, Pillow's is %s", factor, got, want)
		}
	}
}

// ToTensor and Normalize of every byte: equal to PyTorch in every bit.
func TestNormalizeMatchesPyTorch(t *testing.T) {
	m := NewImage(3, 1, 256)
	for c := range 3 {
		for v := range 256 {
			m.Plane(c)[v] = uint8(v)
		}
	}
	ref := readReference(t)
	for _, c := range []struct {
		name string
		norm Normalization
		want string
	}{
		{"ToTensor", Normalization{}, ref.ToTensor},
		{"Normalize", ImageNet, ref.Normalize},
	} {
		dst := make([]float32, len(m.Pix))
		if err := (Pipeline{Normalize: c.norm}).Apply(m, nil, dst); err != nil {
			t.Fatal(err)
		}
		var bits []byte
		for _, v := range dst {
			bits = binary.LittleEndian.AppendUint32(bits, math.Float32bits(v))
		}
		sum := sha256.Sum256(bits)
		if got := hex.EncodeToString(sum[:]); got != c.want {
			t.Errorf("%s: digest %s, PyTorch's is %s", c.name, got, c.want)
		}
	}
}

// wantQuantiles compares samples with quantiles that torchvision's generator
// gave: every quantile must lie between two of ours that are a little apart.
func wantQuantiles(t *testing.T, name string, samples []int, want []float64) {
	t.Helper()
	sort.Ints(samples)
	n := len(samples)
	// Both sides estimate a quantile q from n draws: their ranks differ by
	// normal noise of variance 2 q (1-q) n. Five deviations.
	for i, w := range want[1 : len(want)-1] {
		q := float64(i+1) / float64(len(want)-1)
		slack := 5 * math.Sqrt(2*q*(1-q)*float64(n))
		lo := samples[max(int(q*float64(n)-slack), 0)]
		hi := samples[min(int(q*float64(n)+slack), n-1)]
		if w < float64(lo) || w > float64(hi) {
			t.Errorf("%s: quantile %.2f is %d to %d, torchvision's is %g", name, q, lo, hi, w)
		}
	}
	if float64(samples[0]) > want[1] || float64(samples[n-1]) < want[len(want)-2] {
		t.Errorf("%s: range %d to %d, torchvision's is %g to %g", name, samples[0], samples[n-1], want[0], want[len(want)-1])
	}
}

func TestRandomBoxesMatchTorchvision(t *testing.T) {
	ref := readReference(t).Draws
	type box func(h, w int, r *rand.Rand) (top, left, height, width int, ok bool)
	check := func(name string, want boxSamples, draw box) {
		r := rand.New(rng.New(7, name))
		var top, left, height, width []int
		for range ref.N {
			if y, x, h, w, ok := draw(want.H, want.W, r); ok {
				top, left, height, width = append(top, y), append(left, x), append(height, h), append(width, w)
				if y < 0 || x < 0 || y+h > want.H || x+w > want.W {
					t.Fatalf("%s: box (%d, %d, %d, %d) leaves the image of %dx%d", name, y, x, h, w, want.H, want.W)
				}
			}
		}
		wantQuantiles(t, name+" height", height, want.Height)
		wantQuantiles(t, name+" width", width, want.Width)
		wantQuantiles(t, name+" top", top, want.Top)
		wantQuantiles(t, name+" left", left, want.Left)
		if want.Erased != 0 {
			got := float64(len(top)) / float64(ref.N)
			if d := math.Abs(got - want.Erased); d > 5*math.Sqrt(2*want.Erased*(1-want.Erased)/float64(ref.N))+1e-9 {
				t.Errorf("%s: %g of the images erased, torchvision erases %g", name, got, want.Erased)
			}
		}
	}
	for _, want := range ref.ResizedCrop {
		tr := RandomResizedCrop{Height: 8, Width: 8, Scale: want.Scale, Ratio: want.Ratio}
		check("resized crop", want, func(h, w int, r *rand.Rand) (int, int, int, int, bool) {
			y, x, bh, bw := tr.Params(h, w, r)
			return y, x, bh, bw, true
		})
	}
	for _, want := range ref.Erasing {
		tr := RandomErasing{P: 1, Scale: want.Scale, Ratio: want.Ratio}
		check("erasing", want, tr.Params)
	}
	for _, want := range ref.Fallback {
		tr := RandomResizedCrop{Height: 8, Width: 8, Scale: [2]float64{1, 1}}
		y, x, h, w := tr.Params(want.H, want.W, rand.New(rng.New(1, "fallback")))
		if got := [4]int{y, x, h, w}; got != want.Box {
			t.Errorf("no box fits %dx%d: got %v, torchvision falls back to %v", want.H, want.W, got, want.Box)
		}
	}
}
