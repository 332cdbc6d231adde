package dataset

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/colour"
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

// Every deterministic transform against torchvision's on Pillow images: equal.
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
			var tr Transform
			var err error
			switch c.Op {
			case "resizeto":
				tr = ResizeTo{n(0), n(1)}
			case "resize":
				tr = Resize{Size: n(0)}
			case "centercrop":
				tr = CenterCrop{n(0), n(1)}
			case "channels":
				tr = Channels{n(0)}
			case "resizedcrop":
				if err = m.Crop(n(0), n(1), n(2), n(3), PadConstant, 0); err == nil {
					err = m.Resize(n(4), n(5))
				}
			case "hflip":
				m.flipHorizontal()
			case "brightness":
				m.adjustBrightness(c.Args[0].float(t))
			case "contrast":
				m.adjustContrast(c.Args[0].float(t))
			case "saturation":
				m.adjustSaturation(c.Args[0].float(t))
			case "hue":
				m.adjustHue(c.Args[0].float(t))
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
			wantImage(t, m, want, 0)
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
			l = append(l, colour.Luma(x, y, uint8(z)))
			h, s, v := colour.ToHSV(x, y, uint8(z))
			a = append(a, h, s, v)
			r, g, bl := colour.FromHSV(x, y, uint8(z))
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
func wantQuantiles[T int | float64](t *testing.T, name string, samples []T, want []float64) {
	t.Helper()
	slices.Sort(samples)
	n := len(samples)
	// Both sides estimate a quantile q from n draws: their ranks differ by
	// normal noise of variance 2 q (1-q) n. Five deviations.
	for i, w := range want[1 : len(want)-1] {
		q := float64(i+1) / float64(len(want)-1)
		slack := 5 * math.Sqrt(2*q*(1-q)*float64(n))
		lo := samples[max(int(q*float64(n)-slack), 0)]
		hi := samples[min(int(q*float64(n)+slack), n-1)]
		if w < float64(lo) || w > float64(hi) {
			t.Errorf("%s: quantile %.2f is %v to %v, torchvision's is %g", name, q, lo, hi, w)
		}
	}
	if float64(samples[0]) > want[1] || float64(samples[n-1]) < want[len(want)-2] {
		t.Errorf("%s: range %v to %v, torchvision's is %g to %g", name, samples[0], samples[n-1], want[0], want[len(want)-1])
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

// RandomCrop finds every place equally often, and what it cuts is what padding
// and cutting give one after the other.
func TestRandomCrop(t *testing.T) {
	src := readFixture(t, "transforms/colour.png")
	h, w := src.H, src.W
	tr := RandomCrop{Height: h + 1, Width: w - 1, Padding: 2, Mode: PadReflect}
	padded := new(Image)
	padded.CopyFrom(src)
	if err := padded.Crop(-2, -2, h+4, w+4, PadReflect, 0); err != nil {
		t.Fatal(err)
	}
	counts := map[[2]int]int{}
	const n = 2400 // 4x6 places
	for i := range uint64(n) {
		top, left := tr.Params(h, w, rand.New(rng.New(1, "crop", i)))
		counts[[2]int{top, left}]++
		if i >= 50 {
			continue
		}
		got, want := new(Image), new(Image)
		got.CopyFrom(src)
		if err := tr.Apply(got, rand.New(rng.New(1, "crop", i))); err != nil {
			t.Fatal(err)
		}
		want.CopyFrom(padded)
		if err := want.Crop(top+2, left+2, h+1, w-1, PadConstant, 0); err != nil {
			t.Fatal(err)
		}
		wantImage(t, got, want, 0)
	}
	if len(counts) != 4*6 {
		t.Errorf("%d places, want 24", len(counts))
	}
	for at, c := range counts {
		if at[0] < -2 || at[0] > 1 || at[1] < -2 || at[1] > 3 || c < 50 || c > 150 {
			t.Errorf("place %v comes %d times of %d", at, c, n)
		}
	}
}

// Jitter takes its amounts from torchvision's ranges, in every order.
func TestColorJitterParams(t *testing.T) {
	tr := ColorJitter{Brightness: 0.4, Contrast: 1.5, Saturation: 0.2, Hue: 0.1}
	orders := map[[4]int]bool{}
	type bounds struct{ lo, hi float64 }
	got := [4]bounds{{9, -9}, {9, -9}, {9, -9}, {9, -9}}
	for i := range uint64(2000) {
		p := tr.Params(rand.New(rng.New(1, "jitter", i)))
		orders[p.Order] = true
		for j, v := range []float64{p.Brightness, p.Contrast, p.Saturation, p.Hue} {
			got[j] = bounds{min(got[j].lo, v), max(got[j].hi, v)}
		}
	}
	for j, want := range []bounds{{0.6, 1.4}, {0, 2.5}, {0.8, 1.2}, {-0.1, 0.1}} {
		slack := (want.hi - want.lo) / 100
		if got[j].lo < want.lo || got[j].lo > want.lo+slack || got[j].hi > want.hi || got[j].hi < want.hi-slack {
			t.Errorf("amount %d from %g to %g, want %g to %g", j, got[j].lo, got[j].hi, want.lo, want.hi)
		}
	}
	if len(orders) != 24 {
		t.Errorf("%d orders, want 24", len(orders))
	}
}

// Apply does what its parameters say, and nothing at amount zero.
func TestColorJitterApply(t *testing.T) {
	src := readFixture(t, "transforms/colour.png")
	tr := ColorJitter{Brightness: 0.4, Contrast: 0.4, Saturation: 0.4, Hue: 0.2}
	for i := range uint64(30) {
		got, want := new(Image), new(Image)
		got.CopyFrom(src)
		want.CopyFrom(src)
		if err := tr.Apply(got, rand.New(rng.New(2, "jitter", i))); err != nil {
			t.Fatal(err)
		}
		p := tr.Params(rand.New(rng.New(2, "jitter", i)))
		steps := [4]func(){
			func() { want.adjustBrightness(p.Brightness) },
			func() { want.adjustContrast(p.Contrast) },
			func() { want.adjustSaturation(p.Saturation) },
			func() { want.adjustHue(p.Hue) },
		}
		for _, s := range p.Order {
			steps[s]()
		}
		wantImage(t, got, want, 0)
	}
	same := new(Image)
	same.CopyFrom(src)
	if err := (ColorJitter{}).Apply(same, rand.New(rng.New(2, "jitter"))); err != nil {
		t.Fatal(err)
	}
	wantImage(t, same, src, 0)
}

func TestRandomHorizontalFlip(t *testing.T) {
	for _, p := range []float64{0, 0.3, 1} {
		n := 0
		for i := range uint64(2000) {
			if (RandomHorizontalFlip{P: p}).Params(rand.New(rng.New(1, "flip", i))) {
				n++
			}
		}
		if d := math.Abs(float64(n) - 2000*p); d > 5*math.Sqrt(2000*p*(1-p)) {
			t.Errorf("probability %g: %d of 2000 flipped", p, n)
		}
	}
}

// Erasing fills exactly its box, in every channel.
func TestRandomErasing(t *testing.T) {
	const c, h, w = 3, 20, 30
	for _, tr := range []RandomErasing{{P: 1, Value: -7}, {P: 1, Random: true}} {
		var noise []float64
		for i := range uint64(40) {
			x := make([]float32, c*h*w)
			for j := range x {
				x[j] = 100
			}
			tr.apply(x, c, h, w, rand.New(rng.New(1, "erase", i)))
			top, left, height, width, ok := tr.Params(h, w, rand.New(rng.New(1, "erase", i)))
			if !ok {
				t.Fatal("nothing is erased")
			}
			for j, v := range x {
				y, at := j/w%h, j%w
				inside := y >= top && y < top+height && at >= left && at < left+width
				switch {
				case inside && tr.Random:
					noise = append(noise, float64(v))
				case inside != (v == -7), !inside && v != 100:
					t.Fatalf("value %g at (%d, %d), box (%d, %d, %d, %d)", v, y, at, top, left, height, width)
				}
			}
		}
		if !tr.Random {
			continue
		}
		var sum, squares float64
		for _, v := range noise {
			sum, squares = sum+v, squares+v*v
		}
		n := float64(len(noise))
		if math.Abs(sum/n) > 5/math.Sqrt(n) || math.Abs(squares/n-1) > 5*math.Sqrt(2/n) {
			t.Errorf("noise of mean %g and variance %g", sum/n, squares/n)
		}
	}
	x := []float32{1, 2, 3, 4}
	(RandomErasing{}).apply(x, 1, 2, 2, nil) // P of 0 draws nothing
	if !slices.Equal(x, []float32{1, 2, 3, 4}) {
		t.Errorf("erased without being asked: %v", x)
	}
}

func TestTransformErrors(t *testing.T) {
	for _, c := range []struct {
		p    Pipeline
		want string
	}{
		{Pipeline{Transforms: []Transform{RandomCrop{Height: 0, Width: 4}}}, "random crop to 0x4: both sizes must be at least 1"},
		{Pipeline{Transforms: []Transform{RandomCrop{Height: 4, Width: 4, Padding: -1}}}, "padding -1: want at least 0"},
		{Pipeline{Transforms: []Transform{RandomCrop{Height: 4, Width: 4, Mode: "wrap"}}}, `unknown padding mode "wrap"`},
		{Pipeline{Transforms: []Transform{RandomCrop{Height: 4, Width: 40, Padding: 2}}}, "random crop to 4x40 of an image of 10x12 with padding 2: the image is too small"},
		{Pipeline{Transforms: []Transform{CenterCrop{}}}, "center crop to 0x0"},
		{Pipeline{Transforms: []Transform{Resize{Size: -1}}}, "resize to -1x-1"},
		{Pipeline{Transforms: []Transform{ResizeTo{3, 0}}}, "resize to 3x0"},
		{Pipeline{Transforms: []Transform{RandomHorizontalFlip{1.5}}}, "random horizontal flip: probability 1.5: want 0 to 1"},
		{Pipeline{Transforms: []Transform{RandomHorizontalFlip{math.NaN()}}}, "probability NaN"},
		{Pipeline{Transforms: []Transform{RandomResizedCrop{Height: 4, Width: 0}}}, "random resized crop to 4x0"},
		{Pipeline{Transforms: []Transform{RandomResizedCrop{Height: 4, Width: 4, Scale: [2]float64{0.5, 0.2}}}}, "scale 0.5 to 0.2"},
		{Pipeline{Transforms: []Transform{RandomResizedCrop{Height: 4, Width: 4, Ratio: [2]float64{0, 2}}}}, "ratio 0 to 2"},
		{Pipeline{Transforms: []Transform{ColorJitter{Hue: 0.6}}}, "color jitter: hue 0.6: want 0 to 0.5"},
		{Pipeline{Transforms: []Transform{ColorJitter{Contrast: math.NaN()}}}, "color jitter: contrast NaN"},
		{Pipeline{Transforms: []Transform{Channels{2}}}, "channels: cannot make 2 of an image: want 1 or 3"},
		{Pipeline{Erasing: RandomErasing{P: 2}}, "random erasing: probability 2"},
		{Pipeline{Erasing: RandomErasing{P: 1, Scale: [2]float64{0.1, 1.1}}}, "random erasing: scale 0.1 to 1.1"},
		{Pipeline{Normalize: Normalization{[]float32{0}, []float32{1}}}, "normalize: mean and std of 1 channels for images of 3"},
	} {
		_, _, _, err := c.p.Shape(3, 10, 12)
		wantError(t, err, c.want)
	}

	// What only the image can tell.
	r := rand.New(rng.New(1, "errors"))
	for _, tr := range []Transform{
		RandomCrop{Height: 4, Width: 4}, CenterCrop{4, 4}, Resize{Size: 4}, ResizeTo{4, 4}, RandomResizedCrop{Height: 4, Width: 4},
		RandomHorizontalFlip{1}, ColorJitter{Brightness: 1, Hue: 0.5}, Channels{1},
	} {
		if err := tr.Apply(&Image{C: 3, H: 2, W: 2, Pix: make([]uint8, 7)}, r); err == nil {
			t.Errorf("%T takes an image of 7 pixels for (3, 2, 2)", tr)
		}
		if err := tr.Apply(&Image{}, r); err == nil {
			t.Errorf("%T takes an empty image", tr)
		}
	}
	if err := (ResizeTo{4, 4}).Apply(NewImage(2, 3, 3), r); err == nil {
		t.Error("resize takes two channels")
	}
	wantError(t, Pipeline{}.Apply(NewImage(3, 2, 2), r, make([]float32, 11)), "transformed image of shape (3, 2, 2) for 11 values")
}
