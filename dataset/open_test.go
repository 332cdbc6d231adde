package dataset

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

func TestOpenErrors(t *testing.T) {
	for _, c := range []struct{ spec, want string }{
		{"cifar:data", `unknown data set "cifar": did you mean cifar10 or cifar100? known are glyphs, mnist, fashion-mnist, cifar10, cifar100, imagefolder`},
		{"glyph", `did you mean glyphs?`},
		{"minst:data", `did you mean mnist?`},
		{"fashion_mnist:data", `did you mean fashion-mnist?`},
		{"elephants", `unknown data set "elephants": known are`},
		{"", `unknown data set ""`},
		{"mnist", "data set mnist needs a path: mnist:DIR"},
		{"mnist:", "data set mnist needs a path: mnist:DIR"},
		{"glyphs:data", `data set glyphs takes no path, found "data"`},
		{"mnist:no/such/folder", "no/such/folder: want a folder, found nothing"},
		{"imagefolder:no/such/folder", "no/such/folder: want a folder, found nothing"},
		{"mnist:open_test.go", "open_test.go: want a folder, found a file"},
	} {
		_, err := Open(c.spec, Options{})
		wantError(t, err, c.want)
	}
}

func TestKindsAreComplete(t *testing.T) {
	for _, k := range kinds {
		if k.open == nil || len(k.norm.Mean) == 0 || k.norm.check(len(k.norm.Mean)) != nil {
			t.Errorf("%s: incomplete", k.name)
		}
	}
	for _, r := range remotes {
		if !slices.Contains(Kinds(), r.kind) || !strings.HasSuffix(r.base, "/") {
			t.Errorf("%s: no such kind, or no folder %s", r.kind, r.base)
		}
		for _, f := range r.files {
			if len(f.sha256) != 64 || f.size <= 0 {
				t.Errorf("%s: sum %s, size %d", f.name, f.sha256, f.size)
			}
		}
	}
}

func TestPipelines(t *testing.T) {
	mnist, err := Open("mnist:"+writeFiles(t, mnistFiles()), Options{}) // 3x5
	if err != nil {
		t.Fatal(err)
	}
	cifar, err := Open("cifar10:"+writeFiles(t, cifar10Files()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	glyphs, err := Open("glyphs", Options{TrainLen: 1, ValLen: 1})
	if err != nil {
		t.Fatal(err)
	}
	folder, err := Open("imagefolder:"+writeFiles(t, map[string][]uint8{"train/a/1.png": onePixel(1), "val/a/1.png": onePixel(1)}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	flip := RandomHorizontalFlip{P: 0.5}
	for _, c := range []struct {
		name       string
		data       *Data
		c, h, w    int
		train, val []Transform
	}{
		{"mnist", mnist, 1, 3, 5, []Transform{RandomCrop{Height: 3, Width: 5, Padding: 2}}, nil},
		{"mnist scaled, in colour", mnist, 3, 32, 32,
			[]Transform{ResizeTo{32, 32}, RandomCrop{Height: 32, Width: 32, Padding: 2}, Channels{3}},
			[]Transform{ResizeTo{32, 32}, Channels{3}}},
		{"cifar10", cifar, 3, 32, 32, []Transform{RandomCrop{Height: 32, Width: 32, Padding: 4}, flip}, nil},
		{"cifar10 in grey", cifar, 1, 32, 32, []Transform{RandomCrop{Height: 32, Width: 32, Padding: 4}, flip, Channels{1}}, []Transform{Channels{1}}},
		{"glyphs", glyphs, 1, 28, 28, nil, nil},
		{"imagefolder", folder, 3, 224, 224,
			[]Transform{RandomResizedCrop{Height: 224, Width: 224}, flip},
			[]Transform{Resize{Size: 256}, CenterCrop{224, 224}}},
		{"imagefolder of 64", folder, 3, 64, 48,
			[]Transform{RandomResizedCrop{Height: 64, Width: 48}, flip},
			[]Transform{Resize{Size: 73}, CenterCrop{64, 48}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			train, val := c.data.TrainPipeline(c.c, c.h, c.w), c.data.ValPipeline(c.c, c.h, c.w)
			if diff := cmp.Diff(c.train, train.Transforms); diff != "" {
				t.Errorf("training: %s", diff)
			}
			if diff := cmp.Diff(c.val, val.Transforms); diff != "" {
				t.Errorf("evaluation: %s", diff)
			}
			for _, p := range []Pipeline{train, val} {
				gotC, gotH, gotW, err := p.Shape(c.data.Train.Shape())
				if err != nil || gotC != c.c || gotH != c.h || gotW != c.w {
					t.Errorf("shape (%d, %d, %d), %v", gotC, gotH, gotW, err)
				}
				var m Image
				if _, err := c.data.Train.Get(0, &m); err != nil {
					t.Fatal(err)
				}
				if err := p.Apply(&m, rand.New(rng.New(1, "test")), make([]float32, c.c*c.h*c.w)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestNormalizationFor(t *testing.T) {
	grey := Normalization{Mean: []float32{0.25}, Std: []float32{0.5}}
	if got, want := grey.For(3), (Normalization{[]float32{0.25, 0.25, 0.25}, []float32{0.5, 0.5, 0.5}}); !cmp.Equal(got, want) {
		t.Errorf("grey for colour: %v, want %v", got, want)
	}
	got := ImageNet.For(1)
	if len(got.Mean) != 1 || got.Mean[0] < 0.4583 || got.Mean[0] > 0.4592 || got.Std[0] < 0.22 || got.Std[0] > 0.23 {
		t.Errorf("colour for grey: %v", got) // 0.299*0.485 + 0.587*0.456 + 0.114*0.406 = 0.45897
	}
	for _, n := range []Normalization{grey.For(1), ImageNet.For(3), {}} {
		if err := n.check(len(n.Mean)); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		n    Normalization
		want string
	}{
		{Normalization{Mean: []float32{1}}, "normalize: 1 means and 0 standard deviations"},
		{Normalization{Mean: []float32{1}, Std: []float32{0}}, "normalize: std of channel 0 is 0"},
		{ImageNet, "normalize: mean and std of 3 channels for images of 1"},
	} {
		wantError(t, c.n.check(1), c.want)
	}
}
