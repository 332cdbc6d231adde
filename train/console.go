package train

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// Console is a Reporter for somebody at a terminal, or for a program.
type Console struct {
	// Out receives a line for each epoch, of JSON if JSON is set.
	Out  io.Writer
	JSON bool
	// Err receives the progress within epochs: a bar if it is a Terminal, a line
	// now and then otherwise.
	Err      io.Writer
	Terminal bool
	// Every is the time between two lines of progress; default 10 s.
	Every time.Duration

	meter meter
	bar   *progressbar.ProgressBar
	shown time.Time
}

// Progress moves the bar, or writes a line if it is time for one.
func (c *Console) Progress(p Progress) {
	if c.Err == nil {
		return
	}
	c.meter.add(p.Done)
	if c.Terminal {
		c.move(p)
		return
	}
	every := c.Every
	if every == 0 {
		every = 10 * time.Second
	}
	if c.shown.IsZero() {
		c.shown = c.meter.begin
	}
	if time.Since(c.shown) < every {
		return
	}
	c.shown = time.Now()
	fmt.Fprintf(c.Err, "%s  %.0f %s/s, %v left\n", p, c.meter.rate(), p.Unit, c.meter.left(p.Total).Round(time.Second))
}

func (c *Console) move(p Progress) {
	if c.bar == nil {
		c.bar = progressbar.NewOptions(p.Total,
			progressbar.OptionSetWriter(c.Err),
			progressbar.OptionSetWidth(10),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString(p.Unit),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionClearOnFinish(),
		)
	}
	c.bar.Describe(p.short())
	c.bar.Set(p.Done)
}

// Epoch writes the line of an epoch.
func (c *Console) Epoch(r EpochResult) {
	if c.bar != nil {
		c.bar.Clear()
	}
	if c.JSON {
		json.NewEncoder(c.Out).Encode(r)
		return
	}
	fmt.Fprintln(c.Out, r)
}

// Close takes the bar from the terminal.
func (c *Console) Close() {
	if c.bar != nil {
		c.bar.Clear()
		c.bar.Exit()
		c.bar = nil
	}
}

// String is where the run is: "epoch 2/3  training 17/187  loss 0.1234  lr 0.08  data
// 2 %", the last being the time of the steps in which they waited for data.
func (p Progress) String() string {
	if p.Evaluating {
		return p.place()
	}
	return fmt.Sprintf("%s  loss %.4f  lr %.4g  data %.0f %%", p.place(), p.Loss, p.LR, 100*p.DataShare)
}

// place is "epoch 2/3  training 17/187".
func (p Progress) place() string {
	doing := "training"
	if p.Evaluating {
		doing = "evaluating"
	}
	return fmt.Sprintf("epoch %d/%d  %s %d/%d", p.Epoch, p.Epochs, doing, p.Batch, p.Batches)
}

// short is String for beside a bar: a line that wraps would not be cleared.
func (p Progress) short() string {
	if p.Evaluating {
		return fmt.Sprintf("epoch %d/%d, evaluating", p.Epoch, p.Epochs)
	}
	return fmt.Sprintf("epoch %d/%d, loss %.4f", p.Epoch, p.Epochs, p.Loss)
}

// meter measures the rate of images or tokens since the first batch was done.
type meter struct {
	begin       time.Time
	first, done int
}

func (m *meter) add(done int) {
	if m.begin.IsZero() {
		m.begin, m.first = time.Now(), done
	}
	m.done = done
}

// rate returns how many a second, 0 as long as it is unknown.
func (m *meter) rate() float64 {
	d := time.Since(m.begin).Seconds()
	if d <= 0 {
		return 0
	}
	return float64(m.done-m.first) / d
}

// left returns how long the rest takes at that rate.
func (m *meter) left(total int) time.Duration {
	r := m.rate()
	if r == 0 {
		return 0
	}
	return time.Duration(float64(total-m.done) / r * float64(time.Second))
}
