package weights

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

type shapes []struct {
	name string
	dims []int
}

// model returns parameters of these names and shapes, filled with begin and the
// numbers after it.
func model(t testing.TB, begin float32, list shapes) *graph.Params {
	t.Helper()
	p := graph.NewParams(1)
	for _, e := range list {
		v := tensor.New(tensor.WithShape(e.dims...), tensor.Of(tensor.Float32))
		for i := range v.Float32s() {
			v.Float32s()[i] = begin
			begin++
		}
		buffer := strings.Contains(e.name, "running")
		if err := p.Add(graph.Param{Name: e.name, Value: v, Buffer: buffer, NoDecay: buffer}); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func small(classes int) shapes {
	return shapes{
		{"conv1.weight", []int{2, 1, 3, 3}},
		{"bn1.running_mean", []int{2}},
		{"fc.weight", []int{classes, 2}},
		{"fc.bias", []int{classes}},
	}
}

func value(t *testing.T, p *graph.Params, name string) []float32 {
	t.Helper()
	e, ok := p.Get(name)
	if !ok {
		t.Fatalf("no parameter %s", name)
	}
	return e.Value.Float32s()
}

func TestParamsRoundTrip(t *testing.T) {
	from, to := model(t, 1, small(3)), model(t, 100, small(3))
	value(t, from, "fc.bias")[0] = float32(math.NaN())
	data := encode(t, FromParams(from))
	a, err := Decode(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Into(to); err != nil {
		t.Fatal(err)
	}
	for e := range from.All() {
		got := value(t, to, e.Name)
		for i, want := range e.Value.Float32s() {
			if math.Float32bits(got[i]) != math.Float32bits(want) {
				t.Errorf("%s[%d]: got %v, want %v", e.Name, i, got[i], want)
			}
		}
		if kept, _ := a.Get("", e.Name); kept.Buffer != e.Buffer || kept.NoDecay != e.NoDecay {
			t.Errorf("%s: the flags are lost", e.Name)
		}
	}
}

func TestFromParamsSharesMemory(t *testing.T) {
	p := model(t, 1, small(3))
	a := FromParams(p)
	value(t, p, "fc.bias")[0] = -7
	if got, _ := a.Get("", "fc.bias"); got.Values.([]float32)[0] != -7 {
		t.Error("the archive has a copy")
	}
}

func TestOtherSectionsAreNotTheModel(t *testing.T) {
	p := model(t, 1, small(3))
	a := FromParams(p)
	a.Tensors = append(a.Tensors, Tensor{Section: "solver", Name: "fc.bias", Shape: []int{3}, Values: []float32{9, 9, 9}})
	to := model(t, 50, small(3))
	if err := a.Into(to); err != nil {
		t.Fatal(err)
	}
	if got, want := value(t, to, "fc.bias")[0], value(t, p, "fc.bias")[0]; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := a.Sections(); fmt.Sprint(got) != "[ solver]" {
		t.Errorf("sections %q", got)
	}
	if got := a.Section("solver"); len(got) != 1 || got[0].Name != "fc.bias" {
		t.Errorf("section solver: %v", got)
	}
	if _, ok := a.Get("solver", "fc.weight"); ok {
		t.Error("fc.weight is not in the section solver")
	}
}

func TestMismatch(t *testing.T) {
	type change func(a *Archive)
	drop := func(name string) change {
		return func(a *Archive) {
			for i := range a.Tensors {
				if a.Tensors[i].Name == name {
					a.Tensors = append(a.Tensors[:i], a.Tensors[i+1:]...)
					return
				}
			}
		}
	}
	add := func(name string, dims ...int) change {
		return func(a *Archive) {
			n, _ := elements(dims, 1)
			a.Tensors = append(a.Tensors, Tensor{Name: name, Shape: dims, Values: make([]float32, n)})
		}
	}
	reshape := func(name string, dims ...int) change {
		return func(a *Archive) {
			drop(name)(a)
			add(name, dims...)(a)
		}
	}
	for _, c := range []struct {
		name    string
		changes []change
		opts    []LoadOption
		want    string // "" if it loads
	}{
		{"nothing", nil, nil, ""},
		{"one missing", []change{drop("conv1.weight")}, nil,
			"conv1.weight: checkpoint does not have it, model wants (2, 1, 3, 3)"},
		{"one unexpected", []change{add("conv2.weight", 2, 2)}, nil,
			"conv2.weight: checkpoint has (2, 2), model does not have it"},
		{"one of another shape", []change{reshape("conv1.weight", 2, 3, 3, 3)}, nil,
			"conv1.weight: checkpoint has (2, 3, 3, 3), model wants (2, 1, 3, 3)"},
		{"as many values", []change{reshape("conv1.weight", 1, 2, 3, 3)}, nil,
			"conv1.weight: checkpoint has (1, 2, 3, 3), model wants (2, 1, 3, 3)"},
		{"vector and column", []change{reshape("bn1.running_mean", 2, 1)}, nil,
			"bn1.running_mean: checkpoint has (2, 1), model wants (2)"},
		{"another type", []change{func(a *Archive) { a.Tensors[1].Values = []int64{1, 2} }}, nil,
			"bn1.running_mean: checkpoint has (2) of int64, model wants (2)"},
		{"classes", []change{reshape("fc.weight", 100, 2), reshape("fc.bias", 100)}, nil,
			"fc.weight: checkpoint has 100 classes, model wants 3"},
		{"classes of the bias only", []change{reshape("fc.bias", 100)}, nil,
			"fc.bias: checkpoint has (100), model wants (3)"},
		{"features of the head", []change{reshape("fc.weight", 3, 5)}, nil,
			"fc.weight: checkpoint has (3, 5), model wants (3, 2)"},
		{"several", []change{reshape("fc.weight", 100, 2), reshape("fc.bias", 100), drop("bn1.running_mean"), add("a", 1), add("b", 2)}, nil,
			"checkpoint of resnet9 does not fit the model: 1 of another shape, 1 missing, 2 unexpected\n" +
				"  parameter         checkpoint has  model wants\n" +
				"  fc.weight         100 classes     3\n" +
				"  bn1.running_mean  -               (2)\n" +
				"  a                 (1)             -\n" +
				"  b                 (2)             -"},
		{"partial", []change{drop("conv1.weight"), add("conv2.weight", 2, 2)}, []LoadOption{Partial()}, ""},
		{"partial with another shape", []change{drop("conv1.weight"), reshape("bn1.running_mean", 3)}, []LoadOption{Partial()},
			"bn1.running_mean: checkpoint has (3), model wants (2)"},
		{"partial without anything in common", []change{func(a *Archive) {
			for i := range a.Tensors {
				a.Tensors[i].Name = "other." + a.Tensors[i].Name
			}
		}}, []LoadOption{Partial()},
			"checkpoint of resnet9 does not fit the model: 0 of another shape, 4 missing, 4 unexpected\n" +
				"  parameter               checkpoint has  model wants\n" +
				"  conv1.weight            -               (2, 1, 3, 3)\n" +
				"  bn1.running_mean        -               (2)\n" +
				"  fc.weight               -               (3, 2)\n" +
				"  fc.bias                 -               (3)\n" +
				"  other.conv1.weight      (2, 1, 3, 3)    -\n" +
				"  other.bn1.running_mean  (2)             -\n" +
				"  other.fc.weight         (3, 2)          -\n" +
				"  other.fc.bias           (3)             -"},
		{"skip the head", []change{reshape("fc.weight", 100, 2), drop("fc.bias"), add("fc.0.weight", 1)}, []LoadOption{Skip("fc.*")}, ""},
		{"skip the weight", []change{reshape("fc.weight", 100, 2), reshape("fc.bias", 100)}, []LoadOption{Skip("fc.weight")},
			"fc.bias: checkpoint has (100), model wants (3)"},
		{"skip nothing", nil, []LoadOption{Skip("fc.*", "head.*")},
			`no parameter matches "head.*", so there is nothing to skip`},
		{"skip badly", nil, []LoadOption{Skip("[")},
			`pattern "[" of parameters to skip: syntax error in pattern`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := FromParams(model(t, 1, small(3)))
			a.Meta.Model = "resnet9"
			for _, change := range c.changes {
				change(a)
			}
			to := model(t, 1000, small(3))
			before := to.Clone()
			err := a.Into(to, c.opts...)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || err.Error() != c.want {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
			for e := range before.All() {
				if got, want := fmt.Sprint(value(t, to, e.Name)), fmt.Sprint(e.Value.Float32s()); got != want {
					t.Errorf("%s was changed", e.Name)
				}
			}
		})
	}
}

func TestSkipAndPartialLoadTheRest(t *testing.T) {
	a := FromParams(model(t, 1, small(3)))
	to := model(t, 1000, small(3))
	if err := a.Into(to, Skip("fc.*")); err != nil {
		t.Fatal(err)
	}
	if got := value(t, to, "conv1.weight")[0]; got != 1 {
		t.Errorf("conv1.weight begins with %v, want 1", got)
	}
	if got := value(t, to, "fc.weight")[0]; got != 1020 {
		t.Errorf("fc.weight begins with %v, want 1020 as before", got)
	}

	a.Tensors = a.Tensors[1:]
	to = model(t, 1000, small(3))
	if err := a.Into(to, Partial()); err != nil {
		t.Fatal(err)
	}
	if got := value(t, to, "conv1.weight")[0]; got != 1000 {
		t.Errorf("conv1.weight begins with %v, want 1000 as before", got)
	}
	if got := value(t, to, "fc.weight")[0]; got != 21 {
		t.Errorf("fc.weight begins with %v, want 21", got)
	}
}

func TestLongTables(t *testing.T) {
	var many shapes
	for i := range 25 {
		many = append(many, small(3)[:1]...)
		many[i].name = fmt.Sprintf("layer%d.weight", i)
	}
	err := FromParams(model(t, 1, many)).Into(model(t, 1, small(3)))
	var m *MismatchError
	if !errors.As(err, &m) || len(m.Unexpected) != 25 || len(m.Missing) != 4 {
		t.Fatalf("got %v", err)
	}
	lines := strings.Split(err.Error(), "\n")
	if want := 2 + 4 + shown + 1; len(lines) != want || lines[len(lines)-1] != "  and 15 more" {
		t.Errorf("%d lines, want %d:\n%v", len(lines), want, err)
	}
}

func TestModelThatIsNotBuilt(t *testing.T) {
	err := FromParams(model(t, 1, small(3))).Into(graph.NewParams(1))
	if err == nil || !strings.Contains(err.Error(), "build one of its graphs") {
		t.Errorf("got %v", err)
	}
}
