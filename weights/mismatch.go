package weights

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// MismatchError says how an archive differs from the model that it was to be
// loaded into.
type MismatchError struct {
	// Model is the name of the model that the archive was made from, if known.
	Model string
	// Missing are names that only the model has, Unexpected that only the archive
	// has, and Different those whose shapes or types differ.
	Missing, Unexpected, Different []Difference
}

// Difference is one name that does not fit.
type Difference struct {
	Name string
	// Have describes what the archive has, and Want what the model wants: a shape,
	// "(64, 3, 7, 7)", or "100 classes"; "" for nothing.
	Have, Want string
}

func (d Difference) String() string {
	switch {
	case d.Have == "":
		return fmt.Sprintf("%s: checkpoint does not have it, model wants %s", d.Name, d.Want)
	case d.Want == "":
		return fmt.Sprintf("%s: checkpoint has %s, model does not have it", d.Name, d.Have)
	}
	return fmt.Sprintf("%s: checkpoint has %s, model wants %s", d.Name, d.Have, d.Want)
}

// shown is how many names of each sort an error prints.
const shown = 10

// trailing is what a table has after the last word of a line.
var trailing = regexp.MustCompile(`(?m) +$`)

// Error is one line for one difference, or a table of them.
func (e *MismatchError) Error() string {
	all := slices.Concat(e.Different, e.Missing, e.Unexpected)
	if len(all) == 1 {
		return all[0].String()
	}
	var b strings.Builder
	b.WriteString("checkpoint ")
	if e.Model != "" {
		fmt.Fprintf(&b, "of %s ", e.Model)
	}
	fmt.Fprintf(&b, "does not fit the model: %d of another shape, %d missing, %d unexpected\n",
		len(e.Different), len(e.Missing), len(e.Unexpected))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "  parameter\tcheckpoint has\tmodel wants")
	for _, list := range [][]Difference{e.Different, e.Missing, e.Unexpected} {
		for _, d := range list[:min(shown, len(list))] {
			fmt.Fprintf(t, "\n  %s\t%s\t%s", d.Name, cmp.Or(d.Have, "-"), cmp.Or(d.Want, "-"))
		}
		if more := len(list) - shown; more > 0 {
			fmt.Fprintf(t, "\n  and %d more\t\t", more)
		}
	}
	t.Flush()
	return trailing.ReplaceAllString(b.String(), "")
}

func (e *MismatchError) empty() bool {
	return len(e.Missing)+len(e.Unexpected)+len(e.Different) == 0
}

// compare returns the tensors that fit a parameter, and what does not fit.
func (a *Archive) compare(p *graph.Params, skip map[string]bool) (fits []*Tensor, e *MismatchError) {
	e = &MismatchError{Model: a.Meta.Model}
	have := make(map[string]*Tensor)
	for _, t := range a.Section("") {
		have[t.Name] = t
		if _, ok := p.Get(t.Name); !ok && !skip[t.Name] && !counted(t.Name) {
			e.Unexpected = append(e.Unexpected, Difference{Name: t.Name, Have: t.describe()})
		}
	}
	head := FromParams(p).head()
	otherHead := head != nil && !skip[head.Name] && otherRows(have[head.Name], head.Shape)
	for want := range p.All() {
		t, ok := have[want.Name]
		switch {
		case skip[want.Name]:
		case !ok:
			e.Missing = append(e.Missing, Difference{Name: want.Name, Want: describe(want)})
		case t.DType() == Float32 && slices.Equal(t.Shape, want.Value.Shape()):
			fits = append(fits, t)
		case otherHead && want.Name == layer(head.Name)+".bias" && otherRows(t, want.Value.Shape()):
			// the line of the weight says it
		case otherHead && want.Name == head.Name:
			e.Different = append(e.Different, Difference{
				Name: want.Name,
				Have: fmt.Sprintf("%d classes", t.Shape[0]),
				Want: fmt.Sprint(want.Value.Shape()[0]),
			})
		default:
			e.Different = append(e.Different, Difference{Name: want.Name, Have: t.describe(), Want: describe(want)})
		}
	}
	return fits, e
}

func describe(p *graph.Param) string { return fmt.Sprint(p.Value.Shape()) }

func (t *Tensor) describe() string {
	if d := t.DType(); d != Float32 {
		return fmt.Sprintf("%v of %s", shape(t.Shape), d)
	}
	return fmt.Sprint(shape(t.Shape))
}

// otherRows reports whether a tensor is of that shape but for the first size.
func otherRows(t *Tensor, want []int) bool {
	return t != nil && t.DType() == Float32 && len(t.Shape) == len(want) && len(want) > 0 &&
		t.Shape[0] != want[0] && slices.Equal(t.Shape[1:], want[1:])
}
