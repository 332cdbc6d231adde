package train

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// What an epoch of every task came to is the same after a way through JSON, and
// has nothing of other tasks.
func TestEpochResultJSON(t *testing.T) {
	results := map[zoo.Task]EpochResult{
		zoo.Classification: {TrainLoss: 1.5, TrainTop1: 0.25, ValTop1: 0.5, ValTop5: 0.75, ValLoss: 0.25, ValECE: 0.125, ValImages: 7, ImagesPerSecond: 9},
		zoo.Language:       {TrainLoss: 1.5, ValLoss: 0.25, Token: "word", TokensPerSecond: 9},
		zoo.Generation:     {DLoss: 1.5, GLoss: 0.25, DReal: 0.75, DFake: 0.5, ImagesPerSecond: 9},
	}
	keys := map[zoo.Task][]string{
		zoo.Classification: {"train_loss", "train_top1", "val_top1", "val_top5", "val_ece", "val_loss", "val_images", "images_per_second", "skipped_images"},
		zoo.Language:       {"train_loss", "val_loss", "val_perplexity", "val_bits", "token", "tokens_per_second"},
		zoo.Generation:     {"d_loss", "g_loss", "d_real", "d_fake", "images_per_second", "skipped_images"},
	}
	for task, want := range results {
		want.Task, want.Epoch, want.Epochs, want.Step, want.LR = task, 2, 3, 12, 0.1
		want.Seconds, want.EvalSeconds, want.DataWait = 2, 0.5, 0.25
		for _, loss := range []float64{want.ValLoss, math.NaN()} {
			if task != zoo.Generation {
				want.ValLoss = loss
			}
			text, err := want.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			var got EpochResult
			if err := got.UnmarshalJSON(text); err != nil {
				t.Fatal(err)
			}
			w := want
			if math.IsNaN(w.ValLoss) && math.IsNaN(got.ValLoss) {
				got.ValLoss, w.ValLoss = 0, 0
			}
			if got != w {
				t.Errorf("%s: got %+v, want %+v", text, got, w)
			}
			wantKeys(t, text, append([]string{"task", "epoch", "epochs", "step", "lr", "seconds", "eval_seconds", "data_wait", "skipped_steps"}, keys[task]...))
		}
	}
}

// The JSON of an evaluation has what was measured, and null for what is no number.
func TestEvaluationJSON(t *testing.T) {
	for _, loss := range []float64{0.25, math.NaN(), math.Inf(1), 1e9} {
		text, err := json.Marshal(Evaluation{Task: zoo.Language, Model: "m", N: 7, Loss: loss, Token: "word", Seconds: 2})
		if err != nil {
			t.Fatal(err)
		}
		wantKeys(t, text, []string{"model", "n", "loss", "perplexity", "token", "seconds"})
		var got struct {
			Model            string
			N                int
			Loss, Perplexity finite
			Token            string
			Seconds          float64
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		same := func(got finite, want float64) bool {
			return float64(got) == want || math.IsNaN(float64(got)) && (math.IsNaN(want) || math.IsInf(want, 0))
		}
		if got.Model != "m" || got.N != 7 || !same(got.Loss, loss) || !same(got.Perplexity, math.Exp(loss)) || got.Token != "word" || got.Seconds != 2 {
			t.Errorf("loss %v: %s", loss, text)
		}
	}
	text, err := json.Marshal(Evaluation{Task: zoo.Classification, Model: "m", N: 8, Loss: 0.25, Wrong: 2, Top1: 0.75, Top5: 1, Seconds: 2})
	if want := `{"model":"m","n":8,"wrong":2,"top1":0.75,"top5":1,"loss":0.25,"seconds":2}`; err != nil || string(text) != want {
		t.Errorf("%s, %v, want %s", text, err, want)
	}
}

// wantKeys checks which keys an object has.
func wantKeys(t *testing.T, text []byte, want []string) {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		t.Errorf("%s has the keys %v, want %v", text, got, want)
	}
}
