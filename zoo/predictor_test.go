package zoo_test

import (
	"image"
	"image/color"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// pretrained returns a model with its first weights.
func pretrained(t testing.TB, name string, opts ...zoo.Option) *zoo.Pretrained {
	t.Helper()
	m, err := zoo.New(name, opts...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(1)
	if err != nil {
		t.Fatal(err)
	}
	return &zoo.Pretrained{Model: m, Params: p}
}

// small is a network for images of 16x16 pixels whose file says all.
func small(t testing.TB) *zoo.Pretrained {
	p := pretrained(t, "resnet20", zoo.WithInput(3, 16, 16), zoo.WithClasses(4))
	p.Meta = weights.Meta{
		Classes: []string{"ant", "bee", "cat", "dog"},
		Input:   weights.Input{Channels: 3, Height: 16, Width: 16, Mean: []float32{0.5, 0.5, 0.5}, Std: []float32{0.25, 0.25, 0.25}},
	}
	return p
}

func predictor(t testing.TB, p *zoo.Pretrained) *zoo.Predictor {
	t.Helper()
	r, err := p.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// pictures are n images of (h, w), all different.
func pictures(n, h, w int) []image.Image {
	var out []image.Image
	for i := range n {
		m := image.NewNRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				m.SetNRGBA(x, y, color.NRGBA{uint8(x * 255 / w), uint8(y * (i + 7)), uint8(x*y + 31*i), 255})
			}
		}
		out = append(out, m)
	}
	return out
}

func prepared(n, c, h, w int) *tensor.Dense {
	v := make([]float32, n*c*h*w)
	for i := range v {
		v[i] = float32((i*i+i/7)%29)/14 - 1
	}
	return tensor.New(tensor.WithShape(n, c, h, w), tensor.WithBacking(v))
}

func near(t *testing.T, what string, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i, v := range got {
		if d := math.Abs(float64(v - want[i])); !(d <= 1e-5*(1+math.Abs(float64(want[i])))) {
			t.Fatalf("%s: value %d is %g, want %g", what, i, v, want[i])
		}
	}
}

// The predictor computes what a program of the model does with the same pixels.
func TestPredict(t *testing.T) {
	p := small(t)
	r := predictor(t, p)
	img := pictures(1, 16, 16)[0]
	x := make([]float32, 3*16*16)
	for y := range 16 {
		for c := range 3 {
			for i := range 16 {
				v := img.(*image.NRGBA).Pix[y*64+4*i+c]
				x[(c*16+y)*16+i] = (float32(v)/255 - 0.5) / 0.25
			}
		}
	}
	g, err := p.Model.Graph(p.Params, graph.Infer, 1)
	if err != nil {
		t.Fatal(err)
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	program.Let("x", tensor.New(tensor.WithShape(1, 3, 16, 16), tensor.WithBacking(x)))
	if err := program.Run(); err != nil {
		t.Fatal(err)
	}
	want, err := program.Output("logits")
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Predict(img)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "logits", got.Logits, want.Float32s())
	var sum float64
	for i, v := range got.Probabilities {
		sum += float64(v)
		if i > 0 {
			a := math.Log(float64(v / got.Probabilities[0]))
			if b := float64(got.Logits[i] - got.Logits[0]); math.Abs(a-b) > 1e-4 {
				t.Errorf("class %d: the logarithm of the ratio is %g, want %g", i, a, b)
			}
		}
	}
	if math.Abs(sum-1) > 1e-5 {
		t.Errorf("probabilities sum to %g", sum)
	}
}

func TestTop(t *testing.T) {
	r := predictor(t, small(t))
	p := r.Prediction([]float32{1, 3, float32(math.Inf(-1)), 3})
	for _, c := range []struct {
		k    int
		want []string
	}{
		{1, []string{"bee"}},
		{3, []string{"bee", "dog", "ant"}},
		{9, []string{"bee", "dog", "ant", "cat"}},
		{0, nil},
		{-1, nil},
	} {
		var got []string
		for _, class := range p.Top(c.k) {
			got = append(got, class.Name)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("top %d: %v, want %v", c.k, got, c.want)
		}
	}
	m := small(t)
	m.Meta.Classes = nil
	if got := predictor(t, m).Prediction([]float32{0, 0, 1, 0}).Top(1)[0]; got.Name != "2" || got.Index != 2 {
		t.Errorf("without names: %+v", got)
	}
}

// A batch, of any size and of images of any size, gives what each image alone does.
func TestPredictBatch(t *testing.T) {
	r := predictor(t, small(t))
	images := append(pictures(33, 16, 16), pictures(2, 40, 25)...)
	all, err := r.PredictBatch(images)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(images) {
		t.Fatalf("%d predictions", len(all))
	}
	for _, i := range []int{0, 31, 32, 34} {
		one, err := r.Predict(images[i])
		if err != nil {
			t.Fatal(err)
		}
		near(t, "logits", all[i].Logits, one.Logits)
	}
	if none, err := r.PredictBatch(nil); err != nil || len(none) != 0 {
		t.Errorf("no images: %v, %v", none, err)
	}
	images[3] = nil
	if _, err = r.PredictBatch(images); err == nil || err.Error() != "image 3: image without pixels" {
		t.Errorf("error %v", err)
	}
}

// Sizes other than the usual, batches in parts, and views are all the same to it.
func TestLogits(t *testing.T) {
	r := predictor(t, small(t))
	for _, s := range [][3]int{{1, 16, 16}, {3, 24, 9}, {35, 8, 8}, {1, 1, 1}} {
		x := prepared(s[0], 3, s[1], s[2])
		all, err := r.Logits(x)
		if err != nil {
			t.Fatal(err)
		}
		if !all.Shape().Eq(tensor.Shape{s[0], 4}) {
			t.Fatalf("%v: shape %v", s, all.Shape())
		}
		last := s[0] - 1
		view, err := x.Slice(tensor.S(last, last+1))
		if err != nil {
			t.Fatal(err)
		}
		one := view.Materialize().(*tensor.Dense)
		if err := one.Reshape(1, 3, s[1], s[2]); err != nil {
			t.Fatal(err)
		}
		alone, err := r.Logits(one)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "the last row", all.Float32s()[4*last:], alone.Float32s())
	}
	x := prepared(1, 3, 8, 16)
	want, err := r.Logits(x)
	if err != nil {
		t.Fatal(err)
	}
	turned := tensor.New(tensor.WithShape(1, 3, 16, 8), tensor.Of(tensor.Float32))
	for c := range 3 {
		for y := range 8 {
			for i := range 16 {
				turned.Float32s()[(c*16+i)*8+y] = x.Float32s()[(c*8+y)*16+i]
			}
		}
	}
	if err := turned.T(0, 1, 3, 2); err != nil {
		t.Fatal(err)
	}
	got, err := r.Logits(turned)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "a transposed view", got.Float32s(), want.Float32s())
}

func TestPredictorErrors(t *testing.T) {
	r := predictor(t, small(t))
	bad := func(x *tensor.Dense, want string) {
		t.Helper()
		if _, err := r.Logits(x); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	bad(nil, "images: no tensor")
	bad(prepared(1, 1, 16, 16), "images: got float32 (1, 1, 16, 16), want float32 (N, 3, H, W)")
	bad(tensor.New(tensor.WithShape(3, 16, 16), tensor.Of(tensor.Float32)), "want float32 (N, 3, H, W)")
	bad(tensor.New(tensor.WithShape(1, 3, 4, 4), tensor.Of(tensor.Float64)), "images: got float64")
	_, err := predictor(t, pretrained(t, "convnet")).Logits(prepared(1, 3, 2, 2))
	if err == nil || !strings.Contains(err.Error(), "images of 2x2 pixels, want at least 4x4") {
		t.Errorf("error %v", err)
	}
	for _, c := range []struct {
		change func(*zoo.Pretrained)
		want   string
	}{
		{func(p *zoo.Pretrained) { p.Meta.Classes = p.Meta.Classes[:3] }, "names 3 classes for a model with 4"},
		{func(p *zoo.Pretrained) { p.Meta.Input.Mean = p.Meta.Input.Mean[:2] }, "2 means and 3 standard deviations"},
		{func(p *zoo.Pretrained) { p.Meta.Input.Interpolation = "lanczos" }, `unknown interpolation "lanczos"`},
		{func(p *zoo.Pretrained) { p.Meta.Input.Height = -1 }, "input of 3 channels, -1x16 pixels"},
		{func(p *zoo.Pretrained) { *p = *pretrained(t, "lstm-lm") }, "is no image classifier: it is for language"},
	} {
		p := small(t)
		c.change(p)
		if _, err := p.Predictor(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
	blind := small(t)
	blind.Meta.Input = weights.Input{}
	r = predictor(t, blind)
	if _, err := r.Predict(pictures(1, 4, 4)[0]); err == nil || !strings.Contains(err.Error(), "does not say what resnet20 expects") {
		t.Errorf("error %v", err)
	}
	if _, err := r.Logits(prepared(1, 3, 16, 16)); err != nil {
		t.Error(err)
	}
}

// What a file leaves out is ImageNet's for the models of ImageNet.
func TestInputDefaults(t *testing.T) {
	m, err := zoo.New("resnet18", zoo.WithClasses(7))
	if err != nil {
		t.Fatal(err)
	}
	p := &zoo.Pretrained{Model: m}
	in, err := p.Input()
	if err != nil || in.Resize != 256 || in.Height != 224 || in.Width != 224 || in.Channels != 3 || in.Mean[0] != 0.485 || in.Std[2] != 0.225 {
		t.Errorf("%+v, %v", in, err)
	}
	p.Meta.Input = weights.Input{Height: 64, Width: 48, Mean: []float32{0, 0, 0}, Std: []float32{1, 1, 1}}
	if in, err = p.Input(); err != nil || in.Resize != 0 || in.Height != 64 || in.Width != 48 || in.Mean[0] != 0 {
		t.Errorf("%+v, %v", in, err)
	}
}

func TestFeatures(t *testing.T) {
	r := predictor(t, small(t))
	x := prepared(34, 3, 16, 16)
	v, err := r.Features(x, "layer2", "conv1", "avgpool", "layer2")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []tensor.Shape{{34, 32, 8, 8}, {34, 16, 16, 16}, {34, 64}, {34, 32, 8, 8}} {
		if !v[i].Shape().Eq(want) {
			t.Errorf("shape %v, want %v", v[i].Shape(), want)
		}
	}
	alone, err := r.Features(x, "layer2")
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range alone[0].Float32s() { // computed for inference, and with conv1 for evaluation
		if d := math.Abs(float64(f - v[0].Float32s()[i])); d > 1e-3 {
			t.Fatalf("layer2: value %d differs by %g", i, d)
		}
	}
	for _, c := range []struct {
		names []string
		want  string
	}{
		{[]string{"layer9"}, `no part "layer9"; the nearest names are layer1`},
		{nil, "no name"},
		{[]string{"layer1 layer2"}, `no part "layer1 layer2"`},
	} {
		if _, err := r.Features(x, c.names...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: error %v, want %q", c.names, err, c.want)
		}
	}
	if _, err := r.Features(prepared(1, 3, 16, 16), "layer1", "layer2"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Features(prepared(1, 3, 16, 16), "layer1 layer2"); err == nil {
		t.Error("two names in one were taken")
	}
}

// The mean of a map and the bias make the logit, and the map is that of the class.
func TestActivationMap(t *testing.T) {
	p := small(t)
	bias, _ := p.Params.Get("fc.bias")
	copy(bias.Value.Float32s(), []float32{1, -2, 3, -4})
	p.Params.Changed()
	r := predictor(t, p)
	x := prepared(1, 3, 16, 32)
	for class := -1; class < 4; class++ {
		m, prediction, err := r.ActivationMap(x, class)
		if err != nil {
			t.Fatal(err)
		}
		if m.Height != 4 || m.Width != 8 || len(m.Values) != 32 {
			t.Fatalf("map of %dx%d", m.Height, m.Width)
		}
		if want := prediction.Top(1)[0].Index; class < 0 && m.Class != want || class >= 0 && m.Class != class {
			t.Errorf("class %d: a map of %d", class, m.Class)
		}
		var sum float32
		for _, v := range m.Values {
			sum += v
		}
		near(t, "logit", []float32{sum/32 + bias.Value.Float32s()[m.Class]}, prediction.Logits[m.Class:m.Class+1])
	}
	for _, c := range []struct {
		r     *zoo.Predictor
		x     *tensor.Dense
		class int
		want  string
	}{
		{r, x, 4, "class 4, want one from 0 to 3"},
		{r, x, -2, "class -2"},
		{r, prepared(2, 3, 16, 16), 0, "2 images, want 1"},
		{r, nil, 0, "no tensor"},
		{predictor(t, pretrained(t, "convnet")), x, 0, "convnet does not end in a global average pool and a linear layer"},
	} {
		if _, _, err := c.r.ActivationMap(c.x, c.class); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %q", err, c.want)
		}
	}
}

// Many goroutines with many shapes, more than are kept: for the race detector too.
func TestPredictorConcurrently(t *testing.T) {
	r := predictor(t, small(t))
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			h := 8 + i%5
			x := prepared(1+i%3, 3, h, 8)
			first, err := r.Logits(x)
			if err != nil {
				t.Error(err)
				return
			}
			for range 3 {
				again, err := r.Logits(x)
				if err != nil {
					t.Error(err)
				} else if !slices.Equal(again.Float32s(), first.Float32s()) {
					t.Error("the logits change")
				}
				if _, err := r.Features(x, "layer1"); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	wg.Wait()
}

// After the first one a call allocates its results and a few words: 12 pieces for
// logits, 5 for a prediction. The rest are Gorgonia's, some ten for each operation
// that its machine runs. No tensor but the result is among them.
func TestPredictorAllocations(t *testing.T) {
	p := small(t)
	r := predictor(t, p)
	img := pictures(1, 16, 16)[0]
	x := prepared(1, 3, 16, 16)
	g, err := p.Model.Graph(p.Params, graph.Infer, 1)
	if err != nil {
		t.Fatal(err)
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		t.Fatal(err)
	}
	defer program.Close()
	if err := program.Let("x", x); err != nil {
		t.Fatal(err)
	}
	machine, _ := allocations(t, program.Run)
	for _, c := range []struct {
		name string
		call func() error
		most float64
	}{
		{"logits", func() error { _, err := r.Logits(x); return err }, 24},
		{"predict", func() error { _, err := r.Predict(img); return err }, 24},
	} {
		n, bytes := allocations(t, c.call)
		t.Logf("%s: %g allocations of %d bytes in all, %g of the machine", c.name, n, bytes, machine)
		if n-machine > c.most {
			t.Errorf("%s: %g allocations beside those of the machine, want at most %g", c.name, n-machine, c.most)
		}
		if bytes > 32<<10 {
			t.Errorf("%s: %d bytes a call", c.name, bytes)
		}
	}
}

// allocations returns how many pieces of memory a call takes, and how many bytes.
func allocations(t *testing.T, call func() error) (n float64, bytes uint64) {
	t.Helper()
	if err := call(); err != nil {
		t.Fatal(err)
	}
	const runs = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n = testing.AllocsPerRun(runs, func() { call() })
	runtime.ReadMemStats(&after)
	return n, (after.TotalAlloc - before.TotalAlloc) / (runs + 1)
}
