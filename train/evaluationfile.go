package train

import (
	"bytes"
	"encoding/json"
	"image/png"
	"io"
	"log/slog"
	"os"

	"golang.org/x/image/draw"
	"image"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/pkg/errors"
)

// bestEvaluation is what evaluation.json holds: how the model of best.ckpt did on
// the validation images.
type bestEvaluation struct {
	Epoch int    `json:"epoch"`
	N     int    `json:"n"`
	Wrong int    `json:"wrong"`
	ECE   finite `json:"ece"`

	Classes     []classLine     `json:"classes"`
	Confusion   [][]int         `json:"confusion"`
	Calibration Calibration     `json:"calibration"`
	Mistakes    []mistakeRecord `json:"mistakes"`
}

// mistakeRecord is a mistake with its picture.
type mistakeRecord struct {
	Label      int     `json:"label"`
	Prediction int     `json:"prediction"`
	Own        float64 `json:"label_probability"`
	Taken      float64 `json:"prediction_probability"`
	Index      int     `json:"index"` // in the data set
	PNG        []byte  `json:"png"`
}

// evaluationNow is the last evaluation.
func (t *classifier) evaluationNow() (*bestEvaluation, error) {
	m := t.metrics
	e := &bestEvaluation{
		Epoch: len(t.progress.History), N: m.N, Wrong: m.Wrong, ECE: finite(m.Calibration.Error()),
		Classes: classLines(t.data.Val.Classes(), m), Confusion: m.Confusion, Calibration: m.Calibration,
	}
	for _, w := range t.eval.worst {
		sheet, err := t.show.sheet(w.input, 1)
		if err != nil {
			return nil, err
		}
		r := mistakeRecord{Label: w.Label, Prediction: w.Prediction, Own: w.Own, Taken: w.Taken, Index: w.Index}
		if r.PNG, err = encodePNG(thumbnail(sheet)); err != nil {
			return nil, err
		}
		e.Mistakes = append(e.Mistakes, r)
	}
	return e, nil
}

// thumbnailSide is the largest height and width of a mistake.
const thumbnailSide = 128

// thumbnail makes a picture smaller that is larger than need be.
func thumbnail(m image.Image) image.Image {
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	side := max(w, h)
	if side <= thumbnailSide {
		return m
	}
	small := image.NewRGBA(image.Rect(0, 0, max(1, w*thumbnailSide/side), max(1, h*thumbnailSide/side)))
	draw.CatmullRom.Scale(small, small.Bounds(), m, m.Bounds(), draw.Src, nil)
	return small
}

func encodePNG(m image.Image) ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, m)
	return b.Bytes(), err
}

// write writes evaluation.json.
func (e *bestEvaluation) write(path string) error {
	return atomicfile.WriteFile(path, func(w io.Writer) error { return json.NewEncoder(w).Encode(e) })
}

// readEvaluation reads evaluation.json.
func readEvaluation(path string) (*bestEvaluation, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, plain(path, err)
	}
	e := new(bestEvaluation)
	if err := json.Unmarshal(text, e); err != nil {
		return nil, errors.Wrap(err, path)
	}
	return e, errors.Wrap(e.check(), path)
}

// check reports counts and mistakes of other classes than there are.
func (e *bestEvaluation) check() error {
	n := len(e.Classes)
	if len(e.Confusion) != n {
		return errors.Errorf("confusion of %d classes, want %d", len(e.Confusion), n)
	}
	for _, row := range e.Confusion {
		if len(row) != n {
			return errors.Errorf("confusion with %d classes, want %d", len(row), n)
		}
	}
	for _, m := range e.Mistakes {
		if min(m.Label, m.Prediction) < 0 || max(m.Label, m.Prediction) >= n {
			return errors.Errorf("mistake of class %d for %d, want 0 to %d", m.Label, m.Prediction, n-1)
		}
	}
	return nil
}

// bestSoFar is the evaluation of the best epoch, nil if there is none: of a run that
// was resumed what its folder has of it.
func (t *classifier) bestSoFar() *bestEvaluation {
	best := t.Best().Epoch
	if best > 0 && t.best == nil {
		e, err := readEvaluation(t.dir.path(EvaluationFile))
		if err != nil {
			t.log.Warn("the report lacks the best evaluation", slog.String("reason", err.Error()))
			e = new(bestEvaluation)
		}
		t.best = e
	}
	if t.best == nil || t.best.Epoch != best {
		return nil
	}
	return t.best
}
