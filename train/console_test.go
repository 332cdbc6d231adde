package train

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func TestConsole(t *testing.T) {
	steps := []Progress{
		{Epoch: 1, Epochs: 2, Batch: 1, Batches: 2, Loss: 2.5, LR: 0.1, Unit: "images", Done: 10, Total: 60},
		{Epoch: 1, Epochs: 2, Batch: 2, Batches: 2, Loss: 1.25, LR: 0.05, Unit: "images", Done: 20, Total: 60},
		{Epoch: 1, Epochs: 2, Batch: 10, Batches: 10, Evaluating: true, Unit: "images", Done: 30, Total: 60},
	}
	result := EpochResult{Epoch: 1, Epochs: 2, Step: 2, TrainLoss: 1.875, ValTop1: 0.5, ValTop5: 0.9, ValLoss: 1.5}
	for _, c := range []struct {
		name     string
		console  Console
		out, err []string // parts of what is written, in order
	}{
		{"lines", Console{Every: 1}, []string{"epoch 1/2  training: loss 1.8750", "validation: loss 1.5000, top-1 50.00 %, top-5 90.00 %", "\n"},
			[]string{"epoch 1/2  training 2/2  loss 1.2500  lr 0.05  ", "images/s, ", "left\n", "epoch 1/2  evaluating 10/10  ", "\n"}},
		{"few lines", Console{Every: time.Hour}, []string{"epoch 1/2", "\n"}, nil},
		{"terminal", Console{Terminal: true}, []string{"epoch 1/2", "\n"}, []string{"epoch 1/2, loss 2.5000", "images", "\r"}},
		{"json", Console{JSON: true, Every: 1}, []string{"{", "}\n"}, []string{"epoch 1/2  training 2/2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out, err strings.Builder
			c.console.Out, c.console.Err = &out, &err
			for _, p := range steps {
				c.console.Progress(p)
				time.Sleep(time.Millisecond)
			}
			c.console.Epoch(result)
			c.console.Close()
			inOrder(t, out.String(), c.out)
			inOrder(t, err.String(), c.err)
			if len(c.err) == 0 && err.Len() > 0 {
				t.Errorf("on standard error: %q", err.String())
			}
			if c.console.JSON {
				var got EpochResult
				if err := json.Unmarshal([]byte(out.String()), &got); err != nil || got != result {
					t.Errorf("%v, %+v", err, got)
				}
			}
		})
	}
}

func inOrder(t *testing.T, text string, parts []string) {
	t.Helper()
	rest := text
	for _, p := range parts {
		i := strings.Index(rest, p)
		if i < 0 {
			t.Errorf("%q lacks %q, or has it too early", text, p)
			return
		}
		rest = rest[i+len(p):]
	}
}
