package train

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"strconv"

	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// EpochResult is what was measured in one epoch. Its JSON is a line of
// zoo-train --json: an object with what belongs to the task, in which numbers that
// are not finite are null.
type EpochResult struct {
	// Task says which of the fields have a meaning.
	Task zoo.Task `json:"task"`

	Epoch   int     `json:"epoch"`   // counted from 1
	Epochs  int     `json:"epochs"`  // of the run
	Step    int     `json:"step"`    // steps of the run so far
	LR      float64 `json:"lr"`      // of the last step
	Seconds float64 `json:"seconds"` // with the evaluation

	// Parts of Seconds: those that the evaluation took, and those that steps waited
	// for their data.
	EvalSeconds float64 `json:"eval_seconds"`
	DataWait    float64 `json:"data_wait"`

	// Steps that were left out because they were not finite, and training images that
	// could not be decoded, in whose place others were taken.
	SkippedSteps  int `json:"skipped_steps"`
	SkippedImages int `json:"skipped_images"`

	// Of classifiers and language models: the mean of the steps' losses, with label
	// smoothing and dropout, and the loss on the validation split without.
	TrainLoss float64 `json:"train_loss"`
	ValLoss   float64 `json:"val_loss"`

	// Of classifiers: parts of the images, in [0, 1].
	TrainTop1 float64 `json:"train_top1"` // of the batches as they were trained on
	ValTop1   float64 `json:"val_top1"`
	ValTop5   float64 `json:"val_top5"`
	// ValECE is the expected calibration error, see Calibration.
	ValECE    float64 `json:"val_ece"`
	ValImages int     `json:"val_images"`

	// Of language models: what the tokens are, "character" or "word".
	Token string `json:"token"`

	// Of GANs, means over the steps: the losses of both sides, and what the
	// discriminator takes for the probability that real and generated images are real,
	// D(x) and D(G(z)).
	DLoss float64 `json:"d_loss"`
	GLoss float64 `json:"g_loss"`
	DReal float64 `json:"d_real"`
	DFake float64 `json:"d_fake"`

	// The speed of training alone.
	ImagesPerSecond float64 `json:"images_per_second"`
	TokensPerSecond float64 `json:"tokens_per_second"`
}

// Perplexity is that of the validation text: the number of tokens between which a
// model that knows nothing more would have to choose.
func (r EpochResult) Perplexity() float64 { return math.Exp(r.ValLoss) }

// BitsPerToken is the validation loss in bits.
func (r EpochResult) BitsPerToken() float64 { return r.ValLoss / math.Ln2 }

// DataShare is the part of the time of the steps in which they waited for data, in
// [0, 1].
func (r EpochResult) DataShare() float64 {
	t := tally{Seconds: r.Seconds - r.EvalSeconds, Wait: r.DataWait}
	return t.dataShare()
}

// trained takes over what the steps of the epoch came to.
func (r *EpochResult) trained(t *tally) {
	mean := func(sum float64) float64 { return sum / float64(t.Items) }
	rate := float64(t.Items) / t.Seconds
	r.DataWait, r.SkippedSteps, r.SkippedImages = t.Wait, t.SkippedSteps, t.SkippedImages
	switch r.Task {
	case zoo.Generation:
		r.GLoss, r.DLoss, r.DReal, r.DFake = mean(t.LossSum), mean(t.DLossSum), mean(t.DRealSum), mean(t.DFakeSum)
		r.ImagesPerSecond = rate
	case zoo.Language:
		r.TrainLoss, r.TokensPerSecond = mean(t.LossSum), rate
	default:
		r.TrainLoss, r.TrainTop1, r.ImagesPerSecond = mean(t.LossSum), part(t.Items-t.Wrong, t.Items), rate
	}
}

// column is a value of an EpochResult with its name in metrics.csv and in JSON.
type column struct {
	name  string
	value func(EpochResult) float64
}

var (
	epochColumns = []column{
		{"epoch", func(r EpochResult) float64 { return float64(r.Epoch) }},
		{"step", func(r EpochResult) float64 { return float64(r.Step) }},
		{"lr", func(r EpochResult) float64 { return r.LR }},
	}
	classColumns = []column{
		{"train_loss", func(r EpochResult) float64 { return r.TrainLoss }},
		{"train_top1", func(r EpochResult) float64 { return r.TrainTop1 }},
		{"val_loss", func(r EpochResult) float64 { return r.ValLoss }},
		{"val_top1", func(r EpochResult) float64 { return r.ValTop1 }},
		{"val_top5", func(r EpochResult) float64 { return r.ValTop5 }},
		{"val_ece", func(r EpochResult) float64 { return r.ValECE }},
		{"seconds", func(r EpochResult) float64 { return r.Seconds }},
		{"eval_seconds", func(r EpochResult) float64 { return r.EvalSeconds }},
		{"data_wait", func(r EpochResult) float64 { return r.DataWait }},
		{"images_per_second", func(r EpochResult) float64 { return r.ImagesPerSecond }},
		{"skipped_steps", func(r EpochResult) float64 { return float64(r.SkippedSteps) }},
		{"skipped_images", func(r EpochResult) float64 { return float64(r.SkippedImages) }},
	}
	languageColumns = []column{
		{"train_loss", func(r EpochResult) float64 { return r.TrainLoss }},
		{"val_loss", func(r EpochResult) float64 { return r.ValLoss }},
		{"val_perplexity", EpochResult.Perplexity},
		{"val_bits", EpochResult.BitsPerToken},
		{"seconds", func(r EpochResult) float64 { return r.Seconds }},
		{"eval_seconds", func(r EpochResult) float64 { return r.EvalSeconds }},
		{"data_wait", func(r EpochResult) float64 { return r.DataWait }},
		{"tokens_per_second", func(r EpochResult) float64 { return r.TokensPerSecond }},
		{"skipped_steps", func(r EpochResult) float64 { return float64(r.SkippedSteps) }},
	}
	generationColumns = []column{
		{"d_loss", func(r EpochResult) float64 { return r.DLoss }},
		{"g_loss", func(r EpochResult) float64 { return r.GLoss }},
		{"d_real", func(r EpochResult) float64 { return r.DReal }},
		{"d_fake", func(r EpochResult) float64 { return r.DFake }},
		{"seconds", func(r EpochResult) float64 { return r.Seconds }},
		{"eval_seconds", func(r EpochResult) float64 { return r.EvalSeconds }},
		{"data_wait", func(r EpochResult) float64 { return r.DataWait }},
		{"images_per_second", func(r EpochResult) float64 { return r.ImagesPerSecond }},
		{"skipped_steps", func(r EpochResult) float64 { return float64(r.SkippedSteps) }},
		{"skipped_images", func(r EpochResult) float64 { return float64(r.SkippedImages) }},
	}
)

// columns are those of metrics.csv for a task.
func columns(t zoo.Task) []column {
	switch t {
	case zoo.Generation:
		return append(epochColumns[:3:3], generationColumns...)
	case zoo.Language:
		return append(epochColumns[:3:3], languageColumns...)
	}
	return append(epochColumns[:3:3], classColumns...)
}

// metrics are what the card of the weights says of them.
func (r EpochResult) metrics() map[string]float64 {
	switch r.Task {
	case zoo.Generation:
		return map[string]float64{"d_loss": r.DLoss, "g_loss": r.GLoss}
	case zoo.Language:
		return map[string]float64{"loss": r.ValLoss, "perplexity": r.Perplexity()}
	}
	return map[string]float64{"top1": r.ValTop1, "top5": r.ValTop5, "loss": r.ValLoss}
}

// attrs are the result for a log.
func (r EpochResult) attrs() (list []any) {
	for _, c := range columns(r.Task) {
		list = append(list, slog.Float64(c.name, c.value(r)))
	}
	return list
}

// String is the line of an epoch.
func (r EpochResult) String() string {
	return fmt.Sprintf("epoch %d/%d  %s  %s, %.1f s", r.Epoch, r.Epochs, r.measured(), r.rate(), r.Seconds) + r.faults()
}

// faults says what was skipped, if anything was.
func (r EpochResult) faults() (text string) {
	if r.SkippedSteps > 0 {
		text += fmt.Sprintf(", %d steps skipped", r.SkippedSteps)
	}
	if r.SkippedImages > 0 {
		text += fmt.Sprintf(", %d images that cannot be decoded", r.SkippedImages)
	}
	return text
}

func (r EpochResult) measured() string {
	switch r.Task {
	case zoo.Generation:
		return fmt.Sprintf("discriminator: loss %.4f, D(x) %.3f, D(G(z)) %.3f  generator: loss %.4f ", r.DLoss, r.DReal, r.DFake, r.GLoss)
	case zoo.Language:
		return fmt.Sprintf("training: loss %.4f  validation: %s ", r.TrainLoss, r.Summary())
	}
	return fmt.Sprintf("training: loss %.4f, top-1 %.2f %%  validation: loss %.4f, top-1 %.2f %%, top-5 %.2f %% ",
		r.TrainLoss, 100*r.TrainTop1, r.ValLoss, 100*r.ValTop1, 100*r.ValTop5)
}

func (r EpochResult) rate() string {
	if r.Task == zoo.Language {
		return fmt.Sprintf("%.0f tokens/s", r.TokensPerSecond)
	}
	return fmt.Sprintf("%.0f images/s", r.ImagesPerSecond)
}

// Distinction is what the epoch of Run.Best is for: "best", or "last" of a GAN, which
// has no measure.
func (r EpochResult) Distinction() string {
	if r.Task == zoo.Generation {
		return "last"
	}
	return "best"
}

// Summary says in a few words how good the model is.
func (r EpochResult) Summary() string {
	switch r.Task {
	case zoo.Generation:
		return fmt.Sprintf("D(x) %.3f, D(G(z)) %.3f", r.DReal, r.DFake)
	case zoo.Language:
		text := fmt.Sprintf("loss %.4f, perplexity %.2f", r.ValLoss, r.Perplexity())
		if r.Token == "character" {
			text += fmt.Sprintf(", %.3f bits per character", r.BitsPerToken())
		}
		return text
	}
	return fmt.Sprintf("top-1 %.2f %%, loss %.4f", 100*r.ValTop1, r.ValLoss)
}

// finite is a number that JSON shows as null if it is not finite; null is read
// as NaN.
type finite float64

func (f finite) MarshalJSON() ([]byte, error) {
	if v := float64(f); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

func (f *finite) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*f = finite(math.NaN())
		return nil
	}
	return json.Unmarshal(text, (*float64)(f))
}

// MarshalJSON writes one line.
func (r EpochResult) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"task":%q,"epochs":%d`, r.Task, r.Epochs)
	switch r.Task {
	case zoo.Generation:
	case zoo.Language:
		fmt.Fprintf(&b, `,"token":%q`, r.Token)
	default:
		fmt.Fprintf(&b, `,"val_images":%d`, r.ValImages)
	}
	for _, c := range columns(r.Task) {
		v, err := finite(c.value(r)).MarshalJSON()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ",%q:%s", c.name, v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

type plainEpochResult EpochResult

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *EpochResult) UnmarshalJSON(text []byte) error {
	var in struct {
		plainEpochResult
		ValLoss   finite `json:"val_loss"`
		ValECE    finite `json:"val_ece"`
		TrainLoss finite `json:"train_loss"` // as the others, of an epoch of which all steps were skipped
		TrainTop1 finite `json:"train_top1"`
		DLoss     finite `json:"d_loss"`
		GLoss     finite `json:"g_loss"`
		DReal     finite `json:"d_real"`
		DFake     finite `json:"d_fake"`
	}
	err := json.Unmarshal(text, &in)
	*r = EpochResult(in.plainEpochResult)
	r.ValLoss, r.ValECE = float64(in.ValLoss), float64(in.ValECE)
	r.TrainLoss, r.TrainTop1 = float64(in.TrainLoss), float64(in.TrainTop1)
	r.DLoss, r.GLoss, r.DReal, r.DFake = float64(in.DLoss), float64(in.GLoss), float64(in.DReal), float64(in.DFake)
	return err
}

// writeCSV writes metrics.csv: a line of names and one for each epoch.
func writeCSV(w io.Writer, history []EpochResult) error {
	out := csv.NewWriter(w)
	var task zoo.Task
	if len(history) > 0 {
		task = history[0].Task
	}
	list := columns(task)
	line := make([]string, len(list))
	for i, c := range list {
		line[i] = c.name
	}
	out.Write(line)
	for _, r := range history {
		for i, c := range list {
			line[i] = strconv.FormatFloat(c.value(r), 'g', -1, 64)
		}
		out.Write(line)
	}
	out.Flush()
	return out.Error()
}

// writeLines writes metrics.jsonl: an object for each epoch.
func writeLines(w io.Writer, history []EpochResult) error {
	e := json.NewEncoder(w)
	for _, r := range history {
		if err := e.Encode(r); err != nil {
			return err
		}
	}
	return nil
}
