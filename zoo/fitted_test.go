package zoo_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// colours is what is saved of a small ResNet for four classes of colour images, under
// names with something in front.
func colours(t *testing.T) string {
	t.Helper()
	p := small(t)
	a := weights.FromParams(p.Params)
	for i := range a.Tensors {
		a.Tensors[i].Name = "trunk/" + a.Tensors[i].Name
	}
	a.Meta = p.Meta
	a.Meta.Model = p.Model.Name()
	if err := a.Meta.SetConfig(p.Model.Config()); err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/weights.gob"
	if err := a.Save(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// Weights are fitted to a model that the options change; what is left of them is the
// model's own.
func TestLoadFitting(t *testing.T) {
	names, err := weights.ParseNameMap([]byte("trunk/(.*) $1"))
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	f := &weights.Fitting{Names: names, NewHead: true, AdaptInput: true, Report: func(m string) { said = append(said, m) }}
	p, err := zoo.LoadFitting(colours(t), "", f, zoo.WithClasses(6), zoo.WithInput(1, 16, 16))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"conv1: 1 input channels made of 3", "fc: the weights have 4 classes, the model has 6: it begins anew"}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
	if p.Model.Classes() != 6 || len(p.Meta.Classes) != 0 {
		t.Errorf("%d classes with the names %q, want 6 without", p.Model.Classes(), p.Meta.Classes)
	}
	fresh, err := p.Model.Init(0)
	if err != nil {
		t.Fatal(err)
	}
	old := small(t).Params
	for e := range p.Params.All() {
		want := fresh
		if !strings.HasPrefix(e.Name, "fc.") {
			want = old
		}
		w, ok := want.Get(e.Name)
		if e.Name != "conv1.weight" && (!ok || !slices.Equal(e.Value.Float32s(), w.Value.Float32s())) {
			t.Errorf("%s: other values", e.Name)
		}
	}
	if f.Names == nil {
		t.Error("the Fitting was changed")
	}
}

func TestLoadFittingErrors(t *testing.T) {
	m, p := smallText(t, "lstm-lm")
	text := saved(t, m, p, nil)
	for _, f := range []*weights.Fitting{{NewHead: true}, {AdaptInput: true}} {
		_, err := zoo.LoadFitting(text, "", f)
		oneLine(t, err, "only image classifiers get a new head or other input channels")
	}
	names, err := weights.ParseNameMap([]byte("stem x"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = zoo.LoadFitting(text, "", &weights.Fitting{Names: names})
	oneLine(t, err, "no tensor's name is used by line 1, stem")
	_, err = zoo.LoadFitting(colours(t), "", &weights.Fitting{Partial: true})
	if err == nil || !strings.Contains(err.Error(), "does not fit the model") {
		t.Errorf("nothing that fits: %v", err)
	}
}
