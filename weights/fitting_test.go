package weights

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// tensors returns parameters of those shapes, the first value of each being number
// plus its index.
func tensors(t *testing.T, number float32, shapes ...any) *graph.Params {
	t.Helper()
	p := graph.NewParams(1)
	for i := 0; i < len(shapes); i += 2 {
		v := tensor.New(tensor.WithShape(shapes[i+1].([]int)...), tensor.Of(tensor.Float32))
		v.Float32s()[0] = number + float32(i/2)
		if err := p.Add(graph.Param{Name: shapes[i].(string), Value: v}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestFitting(t *testing.T) {
	m, err := ParseNameMap([]byte(`trunk\.(.*) $1`))
	if err != nil {
		t.Fatal(err)
	}
	headless, err := ParseNameMap([]byte("classifier.* -\nextra -\ntrunk\\.(.*) $1"))
	if err != nil {
		t.Fatal(err)
	}
	saved := func() *Archive {
		return FromParams(tensors(t, 1, "trunk.conv.weight", []int{2, 3, 1, 1}, "extra", []int{1}, "classifier.weight", []int{5, 2}, "classifier.bias", []int{5}))
	}
	to := func() *graph.Params {
		return tensors(t, 100, "conv.weight", []int{2, 1, 1, 1}, "fc.weight", []int{3, 2}, "fc.bias", []int{3})
	}
	for _, c := range []struct {
		name    string
		fitting Fitting
		want    string   // the error
		first   []string // of the parameters
		reports []string
	}{
		{name: "as they are", want: "checkpoint does not fit the model: 1 of another shape, 1 missing, 2 unexpected"},
		{name: "no channels", fitting: Fitting{Names: m, NewHead: true, Partial: true}, want: "conv.weight: checkpoint has (2, 3, 1, 1)"},
		{name: "no head", fitting: Fitting{Names: m, AdaptInput: true, Partial: true}, want: "fc.weight: checkpoint has 5 classes, model wants 3"},
		{name: "an extra", fitting: Fitting{Names: m, AdaptInput: true, NewHead: true}, want: "extra: checkpoint has (1), model does not have it"},
		{
			name: "all", fitting: Fitting{Names: m, AdaptInput: true, NewHead: true, Partial: true},
			first: []string{"1", "101", "102"},
			reports: []string{
				"conv: 1 input channels made of 3",
				"fc: the weights have 5 classes, the model has 3: it begins anew",
				"extra: checkpoint has (1), model does not have it",
			},
		},
		{
			name: "without a head", fitting: Fitting{Names: headless, AdaptInput: true, NewHead: true},
			first: []string{"1", "101", "102"},
			reports: []string{
				"conv: 1 input channels made of 3",
				"fc: the weights have no such layer: that of the model, of 3 classes, begins anew",
			},
		},
		{
			name: "skipped", fitting: Fitting{Names: m, Skip: []string{"conv.*", "fc.*", "extra"}},
			first: []string{"100", "101", "102"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var reports []string
			c.fitting.Report = func(m string) { reports = append(reports, m) }
			p := to()
			err := c.fitting.Load(saved(), p)
			if c.want != "" {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("error %v, want %q", err, c.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var first []string
			for e := range p.All() {
				first = append(first, fmt.Sprint(e.Value.Float32s()[0]))
			}
			if !slices.Equal(first, c.first) || !slices.Equal(reports, c.reports) {
				t.Errorf("values %q, want %q; reports %q, want %q", first, c.first, reports, c.reports)
			}
		})
	}
	if err := (&Fitting{NewHead: true}).Load(saved(), tensors(t, 1, "conv.weight", []int{2, 3, 1, 1})); err == nil || !strings.Contains(err.Error(), "it has no head") {
		t.Errorf("a model without a head: %v", err)
	}
	if err := (&Fitting{AdaptInput: true}).Load(saved(), tensors(t, 1, "fc.weight", []int{5, 2})); err == nil || !strings.Contains(err.Error(), "no convolution") {
		t.Errorf("a model without convolutions: %v", err)
	}
}
