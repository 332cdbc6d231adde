package zoo_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// published are the numbers of parameters and of 10⁹ multiply-adds in the table
// of torchvision's weights (https://pytorch.org/vision/0.17/models.html).
var published = map[string]struct {
	params int
	gmacs  float64
}{
	"resnet18":         {11689512, 1.814},
	"resnet34":         {21797672, 3.664},
	"resnet50":         {25557032, 4.089},
	"resnet101":        {44549160, 7.801},
	"resnet152":        {60192808, 11.514},
	"resnext50_32x4d":  {25028904, 4.230},
	"resnext101_32x8d": {88791336, 16.414},
	"resnext101_64x4d": {83455272, 15.460},
	"wide_resnet50_2":  {68883240, 11.398},
	"wide_resnet101_2": {126886696, 22.753},
}

// cifarParams are the parameters of the CIFAR nets in millions, from table 6 of
// He et al. 2015.
var cifarParams = map[string]float64{
	"resnet20": 0.27, "resnet32": 0.46, "resnet44": 0.66, "resnet56": 0.85, "resnet110": 1.7,
}

func describe(t *testing.T, m *zoo.Model) (*graph.Graph, *graph.Params) {
	t.Helper()
	p := graph.NewParams(1)
	g, err := m.Graph(p, graph.Eval, 1, graph.WithoutInit())
	if err != nil {
		t.Fatal(err)
	}
	return g, p
}

// TestRegistry recomputes what every entry says of itself.
func TestRegistry(t *testing.T) {
	entries, err := zoo.List("")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, e := range entries {
		seen[e.Name] = true
		t.Run(e.Name, func(t *testing.T) {
			m, err := zoo.New(e.Name)
			if err != nil {
				t.Fatal(err)
			}
			g, p := describe(t, m)
			if macs := g.MACs() / int64(m.Items(1)); e.Params != p.Count() || e.MACs != macs {
				t.Errorf("registered with %d parameters and %d multiply-adds, has %d and %d", e.Params, e.MACs, p.Count(), macs)
			}
			sum := 0
			for _, l := range g.Layers() {
				sum += l.Params
			}
			if sum != p.Count() {
				t.Errorf("its layers have %d parameters, want %d", sum, p.Count())
			}
			if want, ok := published[e.Name]; ok {
				if p.Count() != want.params || math.Abs(float64(g.MACs())/1e9-want.gmacs) > 0.0006 {
					t.Errorf("%d parameters and %d multiply-adds, torchvision has %d and %v e9", p.Count(), g.MACs(), want.params, want.gmacs)
				}
			}
			if want, ok := cifarParams[e.Name]; ok && math.Abs(float64(p.Count())/1e6-want) > 0.05 {
				t.Errorf("%d parameters, the paper has %v million", p.Count(), want)
			}
			if e.Source == "" {
				t.Error("no source")
			}
		})
	}
	for name := range published {
		if !seen[name] {
			t.Errorf("%s is not registered", name)
		}
	}
	for name := range cifarParams {
		if !seen[name] {
			t.Errorf("%s is not registered", name)
		}
	}
}

// TestModesAgree builds the inference graph of every entry, small, and compares
// its parameters and layers with the eval graph's.
func TestModesAgree(t *testing.T) {
	entries, err := zoo.List("")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		var small []zoo.Option
		if _, ok := e.Architecture.(zoo.Classifier); ok {
			small = []zoo.Option{zoo.WithInput(3, 32, 32), zoo.WithClasses(3)}
		}
		m, err := zoo.New(e.Name, small...)
		if err != nil {
			t.Fatal(err)
		}
		eval, p := describe(t, m)
		entriesBefore := p.Len()
		infer, err := m.Graph(p, graph.Infer, 1)
		if err != nil {
			t.Fatal(err)
		}
		if a, b := len(eval.Layers()), len(infer.Layers()); a != b {
			t.Errorf("%s: %d layers in the eval graph, %d in the inference graph", e.Name, a, b)
		}
		if eval.MACs() != infer.MACs() {
			t.Errorf("%s: %d multiply-adds in the eval graph, %d in the inference graph", e.Name, eval.MACs(), infer.MACs())
		}
		if p.Len() != entriesBefore {
			t.Errorf("%s: the inference graph adds %d parameters", e.Name, p.Len()-entriesBefore)
		}
		for param := range p.All() {
			if infer.Param(param.Name) == nil {
				t.Errorf("%s: the inference graph lacks %s", e.Name, param.Name)
			}
		}
	}
}

func TestNames(t *testing.T) {
	for _, c := range []struct {
		pattern string
		want    []string
	}{
		{"resnet??", []string{"resnet18", "resnet34", "resnet50", "resnet20", "resnet32", "resnet44", "resnet56"}},
		{"wide*", []string{"wide_resnet50_2", "wide_resnet101_2"}},
		{"resnet18", []string{"resnet18"}},
		{"nothing*", nil},
	} {
		got, err := zoo.Names(c.pattern)
		if err != nil || !slices.Equal(got, c.want) && len(got)+len(c.want) > 0 {
			t.Errorf("%s: %v, %v; want %v", c.pattern, got, err, c.want)
		}
	}
	if _, err := zoo.Names("[a"); err == nil {
		t.Error("a bad pattern gave no error")
	}
}

// TestErrors wants one line that says what was expected and what was found.
func TestErrors(t *testing.T) {
	with := func(change func(*zoo.ResNet)) zoo.Option { return zoo.WithResNet(change) }
	for _, c := range []struct {
		what string
		name string
		opt  zoo.Option
		want string
	}{
		{"unknown name", "resnet81", nil, "resnet18"},
		{"no classes", "resnet18", zoo.WithClasses(0), "0 classes"},
		{"no pixels", "resnet18", zoo.WithInput(3, 0, 224), "0x224"},
		{"block", "resnet18", with(func(r *zoo.ResNet) { r.Block = "bottle" }), `"bottle"`},
		{"blocks", "resnet18", with(func(r *zoo.ResNet) { r.Blocks = []int{2, 0} }), "[2 0]"},
		{"groups in basic blocks", "resnet18", with(func(r *zoo.ResNet) { r.Groups = 2 }), "bottleneck"},
		{"dilation", "resnet50", with(func(r *zoo.ResNet) { r.StrideToDilation = []bool{true} }), "want 3"},
		{"stem", "resnet50", with(func(r *zoo.ResNet) { r.Stem.Kernel = 0 }), "kernel 0"},
		{"pool", "resnet50", with(func(r *zoo.ResNet) { r.Stem.PoolPadding = 2 }), "padding"},
		{"eps", "resnet50", with(func(r *zoo.ResNet) { r.Eps = 0 }), "eps 0"},
		{"shortcut", "resnet50", with(func(r *zoo.ResNet) { r.Shortcut = "none" }), `"none"`},
		{"init", "resnet50", with(func(r *zoo.ResNet) { r.Init = "best" }), `"best"`},
	} {
		var opts []zoo.Option
		if c.opt != nil {
			opts = append(opts, c.opt)
		}
		_, err := zoo.New(c.name, opts...)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, want one line with %q", c.what, err, c.want)
		}
	}
}

// TestTooSmall gives a network less than its pools and strides leave room for.
func TestTooSmall(t *testing.T) {
	m, err := zoo.New("resnet18", zoo.WithInput(3, 1, 1), zoo.WithResNet(func(r *zoo.ResNet) { r.Stem.Padding = 0 }))
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Graph(graph.NewParams(1), graph.Eval, 1)
	if err == nil || !strings.Contains(err.Error(), "conv1") || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line that names conv1", err)
	}
}

func TestRegister(t *testing.T) {
	e, err := zoo.Lookup("resnet18")
	if err != nil {
		t.Fatal(err)
	}
	if err := zoo.Register(e); err == nil {
		t.Error("a name was registered twice")
	}
	e.Name = "a*b"
	if err := zoo.Register(e); err == nil {
		t.Error("a name with a wildcard was registered")
	}
	e.Name, e.Architecture = "nothing", nil
	if err := zoo.Register(e); err == nil {
		t.Error("an entry without architecture was registered")
	}
}
