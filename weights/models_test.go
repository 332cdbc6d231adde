package weights_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// TestModelsInEveryFormat wants every bit of a model back from every format, read
// to memory and straight into a model.
func TestModelsInEveryFormat(t *testing.T) {
	saves := map[string]func(*weights.Archive, string) error{
		".gob": (*weights.Archive).Save, ".npz": (*weights.Archive).SaveNPZ,
		".safetensors": func(a *weights.Archive, path string) error { return a.SaveSafetensors(path) },
	}
	names, err := zoo.Names("*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		m, from := narrow(t, name)
		a := weights.FromParams(from)
		a.Meta.Model = m.Name()
		if err := a.Meta.SetConfig(m.Config()); err != nil {
			t.Fatal(err)
		}
		for ext, save := range saves {
			path := filepath.Join(t.TempDir(), "weights"+ext)
			if err := save(a, path); err != nil {
				t.Fatal(err)
			}
			got, err := weights.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(a.Meta, got.Meta); d != "" {
				t.Errorf("%s%s: %s", m.Name(), ext, d)
			}
			equal(t, m.Name()+ext, got, a)
			for _, opts := range [][]weights.LoadOption{nil, {weights.Deferred()}} {
				to := from.Clone()
				for e := range to.All() {
					clear(e.Value.Float32s())
				}
				if _, err := weights.LoadInto(path, to, opts...); err != nil {
					t.Fatal(err)
				}
				if err := to.Fetch(); err != nil {
					t.Fatal(err)
				}
				equal(t, m.Name()+ext, weights.FromParams(to), a)
			}
		}
	}
}

// narrow returns a registered model, a ResNet with one block in a stage and few
// channels, and values for it that are easily lost.
func narrow(t *testing.T, name string) (*zoo.Model, *graph.Params) {
	t.Helper()
	entry, err := zoo.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	var options []zoo.Option
	if entry.Architecture.Family() == "resnet" {
		options = append(options, zoo.WithResNet(func(r *zoo.ResNet) {
			r.Width = 16
			for i := range r.Blocks {
				r.Blocks[i] = 1
			}
		}))
	}
	m, err := zoo.New(name, options...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Init(1)
	if err != nil {
		t.Fatal(err)
	}
	bits := uint32(1)
	for e := range p.All() {
		for i := range e.Value.Float32s() {
			bits = bits*1664525 + 1013904223 // every pattern: NaN, infinite, denormal
			e.Value.Float32s()[i] = math.Float32frombits(bits)
		}
	}
	return m, p
}

func equal(t *testing.T, what string, got, want *weights.Archive) {
	t.Helper()
	if len(got.Tensors) != len(want.Tensors) {
		t.Fatalf("%s: %d tensors, want %d", what, len(got.Tensors), len(want.Tensors))
	}
	for i := range want.Tensors {
		g, w := got.Tensors[i], want.Tensors[i]
		if g.Buffer != w.Buffer || g.NoDecay != w.NoDecay || g.Name != w.Name || !cmp.Equal(g.Shape, w.Shape) {
			t.Fatalf("%s: got %s %v, want %s %v", what, g.Name, g.Shape, w.Name, w.Shape)
		}
		v := w.Values.([]float32)
		for j, x := range g.Values.([]float32) {
			if math.Float32bits(x) != math.Float32bits(v[j]) {
				t.Fatalf("%s: %s[%d] is %v, want %v", what, g.Name, j, x, v[j])
			}
		}
	}
}
