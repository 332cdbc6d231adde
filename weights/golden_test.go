package weights

import (
	"flag"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:generate go test -run ^TestGolden$ -update .

var update = flag.Bool("update", false, "write testdata/v1.gob anew")

// golden is the content of testdata/v1.gob.
func golden() *Archive {
	return &Archive{
		Meta: Meta{
			Model: "tiny", Config: "classes: 2\nwidth: 3\n",
			Classes: []string{"cat", "dog"},
			Input: Input{
				Channels: 3, Height: 32, Width: 48, Resize: 36, Interpolation: "bilinear",
				Mean: []float32{0.485, 0.456, 0.406}, Std: []float32{0.229, 0.224, 0.225},
			},
			Vocabulary: &Vocabulary{Unit: "word", Tokens: []string{"<unk>", "gopher", ""}},
			Epoch:      7, Step: 4200,
			Metrics: map[string]float64{"top1": 0.9375, "loss": math.Inf(1)},
			Source:  "runs/first", License: "Apache-2.0",
			Notes: map[string]string{"author": "gopher", "empty": ""},
		},
		Tensors: []Tensor{
			{Name: "conv.weight", Shape: []int{2, 1, 1, 3}, Values: []float32{1, -2, 0.5, -0.25, 3e38, 1e-45}},
			{Name: "bn.running_mean", Shape: []int{2}, Values: odd(), Buffer: true, NoDecay: true},
			{Name: "fc.weight", Shape: []int{2, 2}, Values: []float32{1, 2, 3, 4}},
			{Name: "fc.bias", Shape: []int{2}, Values: []float32{-1, 0}, NoDecay: true},
			{Section: "solver", Name: "step", Values: []int64{-4200}},
			{Section: "solver", Name: "seed", Shape: []int{1}, Values: []uint64{math.MaxUint64}},
			{Section: "run", Name: "state", Shape: []int{0}, Values: []byte{}},
		},
	}
}

// TestGolden reads a file that an earlier build wrote. If it fails, files that
// people have cannot be read any more: the answer is a new version of the format
// beside this one, not -update.
func TestGolden(t *testing.T) {
	const path = "testdata/v1.gob"
	if *update {
		if err := golden().Save(path); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(golden(), got, bits); d != "" {
		t.Error(d)
	}
}

// The first files had no vocabulary.
func TestGoldenWithoutVocabulary(t *testing.T) {
	got, err := Load("testdata/v1-first.gob")
	if err != nil {
		t.Fatal(err)
	}
	want := golden()
	want.Meta.Vocabulary = nil
	if d := cmp.Diff(want, got, bits); d != "" {
		t.Error(d)
	}
}
