package train

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"strconv"
)

// EpochResult is what was measured in one epoch. Its JSON is a line of
// zoo-train --json; a loss that is not finite is null there.
type EpochResult struct {
	Epoch  int `json:"epoch"`  // counted from 1
	Epochs int `json:"epochs"` // of the run
	Step   int `json:"step"`   // steps of the run so far

	LR        float64 `json:"lr"`         // of the last step
	TrainLoss float64 `json:"train_loss"` // mean of the steps' losses, with label smoothing
	TrainTop1 float64 `json:"train_top1"` // of the batches as they were trained on
	ValTop1   float64 `json:"val_top1"`   // parts of the images, in [0, 1]
	ValTop5   float64 `json:"val_top5"`
	ValLoss   float64 `json:"val_loss"` // without label smoothing
	ValImages int     `json:"val_images"`

	Seconds         float64 `json:"seconds"`           // with the evaluation
	ImagesPerSecond float64 `json:"images_per_second"` // training alone
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

type plainEpochResult EpochResult

// MarshalJSON writes one line.
func (r EpochResult) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		plainEpochResult
		ValLoss finite `json:"val_loss"`
	}{plainEpochResult(r), finite(r.ValLoss)})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (r *EpochResult) UnmarshalJSON(text []byte) error {
	var in struct {
		plainEpochResult
		ValLoss finite `json:"val_loss"`
	}
	err := json.Unmarshal(text, &in)
	*r = EpochResult(in.plainEpochResult)
	r.ValLoss = float64(in.ValLoss)
	return err
}

// columns are those of metrics.csv.
var columns = []struct {
	name  string
	value func(EpochResult) float64
}{
	{"epoch", func(r EpochResult) float64 { return float64(r.Epoch) }},
	{"step", func(r EpochResult) float64 { return float64(r.Step) }},
	{"lr", func(r EpochResult) float64 { return r.LR }},
	{"train_loss", func(r EpochResult) float64 { return r.TrainLoss }},
	{"train_top1", func(r EpochResult) float64 { return r.TrainTop1 }},
	{"val_loss", func(r EpochResult) float64 { return r.ValLoss }},
	{"val_top1", func(r EpochResult) float64 { return r.ValTop1 }},
	{"val_top5", func(r EpochResult) float64 { return r.ValTop5 }},
	{"seconds", func(r EpochResult) float64 { return r.Seconds }},
	{"images_per_second", func(r EpochResult) float64 { return r.ImagesPerSecond }},
}

// writeCSV writes metrics.csv: a line of names and one for each epoch.
func writeCSV(w io.Writer, history []EpochResult) error {
	out := csv.NewWriter(w)
	line := make([]string, len(columns))
	for i, c := range columns {
		line[i] = c.name
	}
	out.Write(line)
	for _, r := range history {
		for i, c := range columns {
			line[i] = strconv.FormatFloat(c.value(r), 'g', -1, 64)
		}
		out.Write(line)
	}
	out.Flush()
	return out.Error()
}
