package train

import (
	"fmt"
	"io"
	"strconv"
)

// gauge is a number for Prometheus.
type gauge struct {
	name, help string
	value      float64
}

// gauges are what /metrics says of the moment.
func (s *liveStatus) gauges() []gauge {
	evaluating := 0.0
	if s.Evaluating {
		evaluating = 1
	}
	return []gauge{
		{"epoch", "Epoch that the run is in, from 1.", float64(s.Epoch)},
		{"epochs", "Epochs of the run.", float64(s.Epochs)},
		{"epochs_done", "Epochs that are completed.", float64(s.EpochsDone)},
		{"step", "Steps of the run so far.", float64(s.Step)},
		{"evaluating", "1 while the epoch is evaluated.", evaluating},
		{"loss", "Loss of the last step.", float64(s.Loss)},
		{"learning_rate", "Learning rate of the last step.", float64(s.LR)},
		{"items_per_second", "Images or tokens a second, evaluation included.", s.Rate},
		{"data_wait_ratio", "Part of the time of the epoch's steps in which they waited for data.", s.DataShare},
		{"eta_seconds", "Time that the rest of the run takes.", s.LeftSeconds},
		{"skipped_images", "Training images that could not be decoded.", float64(s.Skipped)},
	}
}

// writeMetrics writes the status, and the results of the last epoch, in the text
// format of Prometheus.
func (s *liveStatus) writeMetrics(w io.Writer) {
	list := s.gauges()
	if n := len(s.history); n > 0 {
		last := s.history[n-1]
		for _, c := range columns(last.Task) {
			list = append(list, gauge{"last_epoch_" + c.name, "Of the last epoch: " + c.name + ", as in metrics.csv.", c.value(last)})
		}
	}
	for _, g := range list {
		fmt.Fprintf(w, "# HELP zoo_train_%s %s\n# TYPE zoo_train_%[1]s gauge\nzoo_train_%[1]s %[3]s\n", g.name, g.help, strconv.FormatFloat(g.value, 'g', -1, 64))
	}
}
