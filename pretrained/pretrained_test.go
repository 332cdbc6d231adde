package pretrained

import (
	"image"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// What ships is small, is of a registered model, and says all that a user asks.
func TestCards(t *testing.T) {
	list := List()
	if len(list) == 0 {
		t.Fatal("nothing is there")
	}
	for _, e := range list {
		name := e.Model + " of " + e.Data
		if e.Size == 0 || e.Size >= 3e6 {
			t.Errorf("%s: %d bytes, want less than 3 MB", name, e.Size)
		}
		if _, err := zoo.Lookup(e.Model); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		m := e.Meta
		for what, missing := range map[string]bool{
			"model": m.Model != e.Model, "configuration": m.Config == "", "metrics": len(m.Metrics) == 0,
			"recipe": !strings.Contains(m.Recipe, "data: "), "source": m.Source == "", "license": m.License == "",
		} {
			if missing {
				t.Errorf("%s: the card lacks its %s", name, what)
			}
		}
		p, err := Load(e.Model, e.Data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Model.Task() == zoo.Classification && (len(m.Classes) != p.Model.Classes() || len(m.Input.Mean) == 0 || len(m.Input.Std) == 0) {
			t.Errorf("%s: the card lacks classes or normalisation", name)
		}
	}
}

// A picture that is made here keeps its logits.
func TestPredictions(t *testing.T) {
	picture := image.NewRGBA(image.Rect(0, 0, 48, 40))
	for y := range 40 {
		for x := range 48 {
			picture.Set(x, y, color.RGBA{uint8(5 * x), uint8(6 * y), uint8(3 * (x + y)), 255})
		}
	}
	for _, c := range []struct {
		model, data string
		want        []float32
	}{
		{"resnet20", "cifar10", []float32{2.3070, -2.9684, 1.4108, 2.5740, 1.8882, 1.1091, 1.0527, -2.5848, -1.2819, -3.5066}},
		{"resnet20", "fashion-mnist", []float32{2.0629, -0.7363, 0.2453, -0.6424, -2.5358, 0.8622, -2.0874, 0.5145, 2.5058, -0.1887}},
		{"convnet", "fashion-mnist", []float32{2.1322, -0.1468, -0.0333, -3.0650, -6.7377, -1.4854, 0.4156, -0.8425, 6.9906, 2.3878}},
	} {
		p, err := Load(c.model, c.data)
		if err != nil {
			t.Fatal(err)
		}
		predictor, err := p.Predictor()
		if err != nil {
			t.Fatal(err)
		}
		got, err := predictor.Predict(picture)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range got.Logits {
			if i >= len(c.want) || math.Abs(float64(v-c.want[i])) > 1e-3 {
				t.Errorf("%s: logits %v, want %v", c.model, got.Logits, c.want)
				break
			}
		}
	}
}

// The most probable characters after a prompt stay the same.
func TestTexts(t *testing.T) {
	for _, c := range []struct{ model, data, want string }{
		{"lstm-lm", "tinyshakespeare", "What is the state of the sea to the state,\nAnd t"},
		{"transformer-lm", "tinyshakespeare", "What says you shall be so better than the sea\nTh"},
	} {
		p, err := Load(c.model, c.data)
		if err != nil {
			t.Fatal(err)
		}
		var got strings.Builder
		err = p.Continue("First Citizen:\n", 48, zoo.Sampling{}, func(text string) bool {
			got.WriteString(text)
			return true
		})
		if err != nil || got.String() != c.want {
			t.Errorf("%s: %q, %v, want %q", c.model, &got, err, c.want)
		}
	}
}

// What the generator makes shows things of all classes, in the eyes of the ConvNet that
// is inside, too.
func TestGenerators(t *testing.T) {
	const n = 400
	generator, err := Load("gan", "fashion-mnist")
	if err != nil {
		t.Fatal(err)
	}
	images, err := generator.Images(n, 1)
	if err != nil {
		t.Fatal(err)
	}
	judge, err := Load("convnet", "fashion-mnist")
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range images.Float32s() { // from -1 to 1
		images.Float32s()[i] = ((v+1)/2 - judge.Meta.Input.Mean[0]) / judge.Meta.Input.Std[0]
	}
	predictor, err := judge.Predictor()
	if err != nil {
		t.Fatal(err)
	}
	logits, err := predictor.Logits(images)
	if err != nil {
		t.Fatal(err)
	}
	counts := make([]int, 10)
	for row := range slices.Chunk(logits.Float32s(), len(counts)) {
		counts[slices.Index(row, slices.Max(row))]++
	}
	for class, count := range counts {
		if count < n/50 || count > n/4 {
			t.Errorf("%d of %d images show class %d", count, n, class)
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct{ model, data, want string }{
		{"", "cifar10", ""},
		{"convnet", "", ""},
		{"", "", "there are several sets of pretrained weights, name model and data: convnet of fashion-mnist, "},
		{"", "fashion-mnist", "several models have pretrained weights of fashion-mnist, name the one: convnet, gan, resnet20"},
		{"resnet20", "", "resnet20 has several sets of pretrained weights, name the data: cifar10, fashion-mnist"},
		{"", "cifar", `no pretrained weights for data called "cifar"; did you mean cifar10?`},
		{"resnet18", "cifar10", `no pretrained weights for a model called "resnet18"; did you mean resnet20?`},
		{"gpt", "cifar10", `no pretrained weights for a model called "gpt"; there are resnet20`},
	} {
		_, err := Load(c.model, c.data)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%q %q: %v, want %q", c.model, c.data, err, c.want)
		}
	}
}
