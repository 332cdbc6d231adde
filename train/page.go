package train

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
	"go.yaml.in/yaml/v3"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// page is what the report of a run says. It does not change once it is made.
type page struct {
	Title, Subtitle string
	Written         string
	State           string
	Best            *fact // what the epoch that is kept is, and came to
	Live            bool  // is it served while the run lasts?
	Facts           []fact
	Charts          []chart
	Timings         *chart
	Columns         []string
	Rows            [][]string // an epoch each, the last first
	BestRow         int        // -1 for none
	Evaluation      *evaluationPart
	Texts           []sampleText
	Grids           []sampleGrid
	Recipe          string
	Environment     []fact

	history []EpochResult
	skipped int
}

// fact is a name with a value.
type fact struct{ Name, Value string }

// evaluationPart is what the report says of the best evaluation of a classifier.
type evaluationPart struct {
	Epoch     int
	N, Wrong  int
	ECE       float64
	Confusion []confusionRow
	Upright   bool         // are the names of the columns too long to stand side by side?
	Picture   template.URL // instead of Confusion
	Frequent  []confused
	Classes   []classLine
	Folded    bool // are there too many classes to show them at once?
	Chart     chart
	Mistakes  []mistakePicture
}

// mistakePicture is a mistake with the names of its classes.
type mistakePicture struct {
	URL          template.URL
	Class, Taken string
	Own, Sure    float64
	Index        int
}

// sampleText is what a language model wrote after an epoch.
type sampleText struct{ Head, Text string }

// sampleGrid is the images that a GAN made after an epoch.
type sampleGrid struct {
	Epoch string
	URL   template.URL
}

// page returns the report of the run as it is now.
func (r *Run) page() (*page, error) {
	kind, _, _ := strings.Cut(r.config.Data, ":")
	p := &page{
		Title: r.model.Name() + " on " + kind, Subtitle: r.subtitle(),
		Written: time.Now().Format("2006-01-02 15:04:05"),
		State:   r.standing(),
		Facts:   r.facts(), Environment: environment(), BestRow: -1,
		history: r.progress.History, skipped: r.task.skipped(),
	}
	if best := r.Best(); best.Epoch > 0 {
		p.Best = &fact{best.Distinction(), fmt.Sprintf("epoch %d: %s", best.Epoch, best.Summary())}
	}
	var recipe bytes.Buffer
	e := yaml.NewEncoder(&recipe)
	e.SetIndent(2)
	if err := e.Encode(r.config); err != nil {
		return nil, err
	}
	p.Recipe = recipe.String()
	p.addEpochs(r.progress.History, r.model.Task(), r.progress.Best)
	return p, r.task.illustrate(p)
}

// standing says how far the run has got.
func (r *Run) standing() string {
	text := fmt.Sprintf("%d of %d epochs", r.progress.Epoch, r.config.Epochs)
	switch {
	case r.StoppedEarly():
		text += ", stopped early"
	case r.Done():
		text += ", complete"
	}
	return text
}

func (r *Run) subtitle() string {
	switch r.model.Task() {
	case zoo.Generation:
		return "generator and discriminator"
	case zoo.Language:
		return "language model"
	}
	return fmt.Sprintf("image classifier, %d classes", r.model.Classes())
}

func (r *Run) facts() []fact {
	c := &r.config
	o := c.Optimizer
	return []fact{
		{"parameters", grouped(r.params.Count())},
		{"input", shapeText(r.model.InputShape())},
		{"training " + r.Unit(), grouped(r.progress.TrainItems)},
		{"validation " + r.Unit(), grouped(r.progress.ValItems)},
		{"batch", fmt.Sprintf("%d, %s steps an epoch", c.BatchSize, grouped(r.stepsPerEpoch))},
		{"optimiser", fmt.Sprintf("%s, learning rate %g", o.Name, o.LR)},
		{"schedule", c.Schedule.Name},
		{"seed", fmt.Sprint(c.Seed)},
	}
}

// grouped writes a number with commas.
func grouped(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0 && n >= 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// environment is what a run ran on, without a name.
func environment() []fact {
	return []fact{
		{"kernels", kernel.CurrentTier().String()},
		{"threads", fmt.Sprintf("%d of %d processors", runtime.GOMAXPROCS(0), runtime.NumCPU())},
		{"Go", runtime.Version()},
		{"system", runtime.GOOS + "/" + runtime.GOARCH},
	}
}

// learningRate is the panel of that.
var learningRate = panel{"learning rate, last step", []curve{{"learning rate", blue, func(r EpochResult) float64 { return r.LR }}}}

// heading makes the heading of a column of its name.
var heading = strings.NewReplacer("_per_second", "/s", "_", " ")

// addEpochs draws the curves and fills the table.
func (p *page) addEpochs(history []EpochResult, t zoo.Task, best int) {
	if len(history) == 0 {
		return
	}
	for _, panel := range append(panels(t), learningRate) {
		p.Charts = append(p.Charts, newChart(panel, history))
	}
	timings := timingChart(history)
	p.Timings = &timings
	list := columns(t)
	for _, c := range list {
		p.Columns = append(p.Columns, heading.Replace(c.name))
	}
	p.Columns = append(p.Columns, "waiting")
	for _, r := range slices.Backward(history) {
		row := make([]string, 0, len(list)+1)
		for _, c := range list {
			row = append(row, cell(c.name, c.value(r)))
		}
		p.Rows = append(p.Rows, append(row, fmt.Sprintf("%.1f %%", 100*r.DataShare())))
	}
	p.BestRow = len(history) - 1 - best
}

// cell writes a value of the table: counts whole, others with four digits.
func cell(name string, v float64) string {
	if name == "epoch" || name == "step" {
		return fmt.Sprintf("%.0f", v)
	}
	return number(v)
}

// illustrate adds the evaluation of the best epoch.
func (t *classifier) illustrate(p *page) (err error) {
	e := t.bestSoFar()
	if e == nil {
		return nil
	}
	part := &evaluationPart{
		Epoch: e.Epoch, N: e.N, Wrong: e.Wrong, ECE: float64(e.ECE),
		Confusion: e.confusionRows(), Frequent: e.frequentConfusions(),
		Upright: longest(t.data.Val.Classes()) > 2,
		Classes: e.Classes, Folded: len(e.Classes) > tabledClasses, Chart: calibrationChart(&e.Calibration),
	}
	if part.Folded {
		if part.Picture, err = e.confusionPicture(); err != nil {
			return err
		}
	}
	for _, m := range e.Mistakes {
		part.Mistakes = append(part.Mistakes, mistakePicture{
			pngURL(m.PNG), e.Classes[m.Label].Class, e.Classes[m.Prediction].Class, m.Own, m.Taken, m.Index,
		})
	}
	p.Evaluation = part
	return nil
}

// shownSamples is the number of texts or grids in the report.
const shownSamples = 6

// illustrate adds the last texts, as samples.txt has them.
func (t *writer) illustrate(p *page) error {
	text, err := os.ReadFile(t.dir.path(SamplesFile))
	if err != nil {
		if os.IsNotExist(err) {
			return nil
		}
		return plain(t.dir.path(SamplesFile), err)
	}
	const rule = "----------"
	parts := strings.Split("\n"+string(text), "\n"+rule+" epoch ")[1:]
	for _, part := range slices.Backward(parts[max(0, len(parts)-shownSamples):]) {
		head, body, _ := strings.Cut(part, "\n")
		p.Texts = append(p.Texts, sampleText{"epoch " + strings.TrimSuffix(head, " "+rule), strings.TrimSpace(body)})
	}
	return nil
}

// illustrate adds grids of images, from the first to the last epoch.
func (t *adversary) illustrate(p *page) error {
	n := len(t.progress.History)
	for i := range min(n, shownSamples) {
		epoch := i + 1
		if n > shownSamples {
			epoch = 1 + i*(n-1)/(shownSamples-1)
		}
		path := filepath.Join(t.dir.path(SamplesDir), sampleName(epoch))
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it could not be written then
		}
		if err != nil {
			return plain(path, err)
		}
		p.Grids = append(p.Grids, sampleGrid{fmt.Sprintf("epoch %d", epoch), pngURL(data)})
	}
	return nil
}
