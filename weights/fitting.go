package weights

import (
	"fmt"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// Fitting says what may be done to weights that were saved elsewhere so that they
// fit a model. Its zero value wants all that the model has, and nothing else, under
// names that are plainly the model's; see Archive.RenameFor.
type Fitting struct {
	// Names renames the tensors before anything else; nil for not at all.
	Names *NameMap
	// AdaptInput changes the first convolution to the model's channels.
	AdaptInput bool
	// NewHead leaves the last layer of the model as it is, for other classes than
	// those of the weights.
	NewHead bool
	// Skip leaves more of the model as it is, by patterns of names; see the function
	// Skip.
	Skip []string
	// Partial loads what the weights have under the names of the model, and reports
	// the rest.
	Partial bool
	// Report is told what was changed and what was left out, in a line or a table;
	// nil for nobody.
	Report func(message string)
}

// Load brings the weights into the parameters of a model, which must have been
// built. What is not loaded keeps the values that it has. The archive may be
// changed.
func (f *Fitting) Load(a *Archive, p *graph.Params) error {
	if f.Names != nil {
		if err := a.Rename(f.Names); err != nil {
			return err
		}
	}
	a.RenameFor(p)
	if f.AdaptInput {
		message, err := a.AdaptInput(p)
		if err != nil {
			return err
		}
		f.report(message)
	}
	options, err := f.options(a, p)
	if err != nil {
		return err
	}
	return a.Into(p, options...)
}

// Keeps reports whether some of the model may keep the values that it has.
func (f *Fitting) Keeps() bool { return f.Partial || f.NewHead || len(f.Skip) > 0 }

func (f *Fitting) options(a *Archive, p *graph.Params) ([]LoadOption, error) {
	var options []LoadOption
	if len(f.Skip) > 0 {
		options = append(options, Skip(f.Skip...))
	}
	if f.Partial {
		options = append(options, Partial(func(e *MismatchError) { f.report(e.Error()) }))
	}
	if f.NewHead {
		head, err := Head(p)
		if err != nil {
			return nil, err
		}
		options = append(options, Skip(head+".*"))
		f.report(newHead(head, a, p))
	}
	return options, nil
}

// newHead says that a layer begins anew.
func newHead(head string, a *Archive, p *graph.Params) string {
	w, _ := p.Get(head + ".weight")
	classes := w.Value.Shape()[0]
	if t, ok := a.Get("", head+".weight"); ok && len(t.Shape) > 0 {
		return fmt.Sprintf("%s: the weights have %d classes, the model has %d: it begins anew", head, t.Shape[0], classes)
	}
	return fmt.Sprintf("%s: the weights have no such layer: that of the model, of %d classes, begins anew", head, classes)
}

func (f *Fitting) report(message string) {
	if f.Report != nil && message != "" {
		f.Report(message)
	}
}
