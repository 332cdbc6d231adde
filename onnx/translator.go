package onnx

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
	"github.com/gorgonia-zoo/modelzoo/internal/onnxmodel"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// value is what a node of the graph is in the model.
type value struct {
	name string
	dims dims
}

// translator makes a model of a graph.
type translator struct {
	graph   *graph.Graph
	options Options
	model   onnxmodel.Model

	scope  string // of the operation that is being translated
	values map[*G.Node]value
	known  map[string]int // the sizes behind the names of axes
	taken  map[string]int // how often a name was asked for
	shared map[string]string
	users  map[*G.Node]int
	folds  folds
	states map[*G.Node][3]value // of a layer of LSTM: y, hn, cn
}

// translation writes one operation; in are its inputs.
type translation func(t *translator, n *G.Node, d attributes, in []value) (value, error)

func translate(g *graph.Graph, meta weights.Meta, o Options) (*onnxmodel.Model, error) {
	if g.Mode() != graph.Eval {
		return nil, errors.Errorf("a graph for %v cannot be written as ONNX: want one for %v", g.Mode(), graph.Eval)
	}
	t := &translator{
		graph: g, options: o,
		values: make(map[*G.Node]value), known: make(map[string]int), taken: make(map[string]int),
		shared: make(map[string]string), users: make(map[*G.Node]int), states: make(map[*G.Node][3]value),
	}
	a := weights.FromParams(g.Params())
	a.Meta = meta
	props, err := a.Annotation()
	if err != nil {
		return nil, err
	}
	t.model.Name, t.model.Props = cmp.Or(meta.Model, "graph"), props
	return &t.model, t.run()
}

func (t *translator) run() error {
	nodes := t.live()
	if len(nodes) == 0 {
		return errors.New("the graph has no outputs: there is nothing to write as ONNX")
	}
	t.reserve(nodes)
	if !t.options.KeepNorms {
		t.folds = t.foldable(nodes)
	}
	for _, n := range t.graph.Inputs() {
		if slices.Contains(nodes, n) {
			if err := t.input(n); err != nil {
				return err
			}
		}
	}
	for _, n := range nodes {
		if _, done := t.values[n]; done {
			continue
		}
		if err := t.node(n); err != nil {
			if t.scope != "" {
				err = errors.Wrap(err, t.scope)
			}
			return err
		}
	}
	t.outputs()
	return nil
}

// live are the nodes that the outputs depend on, each after its inputs, and counts
// how many of them take each.
func (t *translator) live() G.Nodes {
	seen := make(map[*G.Node]bool)
	var todo, nodes G.Nodes
	for _, name := range t.graph.Outputs() {
		n := t.graph.Output(name)
		todo, t.users[n] = append(todo, n), t.users[n]+1
	}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if seen[n] {
			continue
		}
		seen[n] = true
		nodes = append(nodes, n)
		d, _ := op.Describe(n)
		for _, in := range d.Inputs {
			t.users[in]++
			todo = append(todo, in)
		}
	}
	slices.SortFunc(nodes, func(a, b *G.Node) int { return cmp.Compare(a.ID(), b.ID()) })
	return nodes
}

// reserve keeps names for what is known by them.
func (t *translator) reserve(nodes G.Nodes) {
	for _, n := range nodes {
		if n.Op() == nil {
			t.taken[n.Name()] = 1
		}
	}
	for _, name := range t.graph.Outputs() {
		t.taken[name] = 1
	}
}

// input declares an input of the graph.
func (t *translator) input(n *G.Node) error {
	shape := n.Shape()
	axes, ok := t.options.Axes[n.Name()]
	switch {
	case !ok && len(shape) > 0:
		axes = make([]string, len(shape))
		axes[0] = "batch"
	case len(axes) != len(shape):
		return errors.Errorf("input %s has %d axes, want as many names, not %q", n.Name(), len(shape), axes)
	}
	v := value{n.Name(), fixed(shape...)}
	for i, axis := range axes {
		if axis == "" {
			continue
		}
		if size, ok := t.known[axis]; ok && size != shape[i] {
			return errors.Errorf("axis %q has size %d in one input and %d in %s", axis, size, shape[i], n.Name())
		}
		t.known[axis] = shape[i]
		v.dims[i].names = []string{axis}
	}
	kind := onnxmodel.Float
	if n.Dtype() == tensor.Int {
		kind = onnxmodel.Int64
	}
	t.values[n] = v
	t.model.Inputs = append(t.model.Inputs, onnxmodel.Value{Name: v.name, Type: kind, Shape: v.dims.shape()})
	return nil
}

// node translates a node whose inputs have been.
func (t *translator) node(n *G.Node) (err error) {
	t.scope = t.graph.Where(n)
	d, ok := op.Describe(n)
	if !ok {
		return t.param(n)
	}
	translation, ok := translations[d.Name]
	if !ok {
		return errors.Errorf("operation %s cannot be written as ONNX", d.Name)
	}
	var in []value
	for _, n := range d.Inputs {
		in = append(in, t.values[n])
	}
	t.values[n], err = translation(t, n, attributes(d.Attrs), in)
	return errors.Wrap(err, d.Name)
}

// param makes an initialiser of a parameter, unless it is folded into another.
func (t *translator) param(n *G.Node) error {
	values, err := t.valuesOf(n)
	if err != nil {
		return err
	}
	t.values[n] = value{n.Name(), fixed(n.Shape()...)}
	if !t.folds.replaced[n] {
		t.initializer(n.Name(), n.Shape(), func(dst []float32, from int) { copy(dst, values[from:]) })
	}
	return nil
}

func (t *translator) initializer(name string, shape []int, values func(dst []float32, from int)) {
	t.model.Initializers = append(t.model.Initializers, onnxmodel.Initializer{Name: name, Shape: slices.Clone(shape), Values: values})
}

// valuesOf are those of a parameter.
func (t *translator) valuesOf(n *G.Node) ([]float32, error) {
	e, ok := t.graph.Params().Get(n.Name())
	if !ok || t.graph.Param(n.Name()) != n {
		return nil, errors.Errorf("%s is neither an input nor a parameter of the graph", n.Name())
	}
	if !e.InMemory() {
		return nil, errors.Errorf("the values of %s are not in memory", n.Name())
	}
	return e.Value.Float32s(), nil
}

// outputs gives the outputs their names.
func (t *translator) outputs() {
	made := make(map[string]bool)
	for _, n := range t.model.Nodes {
		for _, name := range n.Outputs {
			made[name] = true
		}
	}
	renamed := make(map[string]string)
	for _, name := range t.graph.Outputs() {
		v := t.values[t.graph.Output(name)]
		t.model.Outputs = append(t.model.Outputs, onnxmodel.Value{Name: name, Type: onnxmodel.Float, Shape: v.dims.shape()})
		if _, twice := renamed[v.name]; twice || !made[v.name] {
			t.model.Nodes = append(t.model.Nodes, onnxmodel.Node{Op: "Identity", Name: name, Inputs: []string{v.name}, Outputs: []string{name}})
			continue
		}
		renamed[v.name] = name
	}
	for _, n := range t.model.Nodes {
		for _, list := range [][]string{n.Inputs, n.Outputs} {
			for i, name := range list {
				list[i] = cmp.Or(renamed[name], name)
			}
		}
	}
}

// name returns one that nothing else has.
func (t *translator) name(wanted string) string {
	for {
		t.taken[wanted]++
		n := t.taken[wanted]
		if n == 1 {
			return wanted
		}
		if other := fmt.Sprintf("%s_%d", wanted, n); t.taken[other] == 0 {
			t.taken[other] = 1
			return other
		}
	}
}

// emit adds an operation of ONNX with one output.
func (t *translator) emit(op string, in []string, attrs ...onnxmodel.Attr) string {
	return t.emitAll(op, 1, in, attrs...)[0]
}

// emitAll is emit for one with several.
func (t *translator) emitAll(op string, outputs int, in []string, attrs ...onnxmodel.Attr) (out []string) {
	label := op
	if t.scope != "" {
		label = t.scope + "/" + op
	}
	label = t.name(label)
	for i := range outputs {
		if i == 0 {
			out = append(out, label)
		} else {
			out = append(out, t.name(fmt.Sprintf("%s.%d", label, i)))
		}
	}
	t.model.Nodes = append(t.model.Nodes, onnxmodel.Node{Op: op, Name: label, Inputs: in, Outputs: out, Attrs: attrs})
	return out
}

// once returns the value that make emits, which is the same for all who ask with
// one key.
func (t *translator) once(key string, make func() string) string {
	if t.shared[key] == "" {
		t.shared[key] = make()
	}
	return t.shared[key]
}

// ints is a constant list.
func (t *translator) ints(list ...int) string {
	return t.once(fmt.Sprint("ints ", list), func() string {
		return t.emit("Constant", nil, attr("value", onnxmodel.Tensor{Shape: []int{len(list)}, Ints: append([]int{}, list...)}))
	})
}

// int is a constant number.
func (t *translator) int(v int) string {
	return t.once(fmt.Sprint("int ", v), func() string {
		return t.emit("Constant", nil, attr("value", onnxmodel.Tensor{Ints: []int{v}}))
	})
}

// float is a constant number.
func (t *translator) float(v float64) string {
	return t.once(fmt.Sprint("float ", v), func() string {
		return t.floats([]float32{float32(v)})
	})
}

// floats is a constant tensor.
func (t *translator) floats(values []float32, shape ...int) string {
	return t.emit("Constant", nil, attr("value", onnxmodel.Tensor{Shape: shape, Floats: values}))
}

// filled is a constant vector of equal numbers.
func (t *translator) filled(v float32, n int) string {
	return t.once(fmt.Sprint("filled ", v, n), func() string { return t.floats(slices.Repeat([]float32{v}, n), n) })
}

func attr(name string, v any) onnxmodel.Attr { return onnxmodel.Attr{Name: name, Value: v} }

// attributes are those of op.Describe.
type attributes map[string]any

func (a attributes) int(name string) int          { v, _ := a[name].(int); return v }
func (a attributes) ints(name string) []int       { v, _ := a[name].([]int); return v }
func (a attributes) float(name string) float64    { v, _ := a[name].(float64); return v }
func (a attributes) bool(name string) bool        { v, _ := a[name].(bool); return v }
func (a attributes) text(name string) string      { v, _ := a[name].(string); return v }
func (a attributes) floats(name string) []float32 { v, _ := a[name].([]float32); return v }
