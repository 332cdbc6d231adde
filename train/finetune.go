package train

import (
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
)

// FineTuning says which parts of a model learn less than others, or nothing.
// Patterns are those of path.Match for names of parameters: in "layer1.*" the star
// stands for any characters.
type FineTuning struct {
	// Freeze are patterns of parameters that stay as they are: they have no gradient,
	// no weight decay and no place in the solver. A norm with a parameter or running
	// statistics among them normalises with the latter, as in evaluation, and leaves them
	// as they are.
	Freeze []string `yaml:"freeze,flow"`
	// LRScale are pattern=factor: what the learning rate of parameters is multiplied
	// by. The first that fits counts.
	LRScale []string `yaml:"lr_scale,flow"`
	// LayerDecay multiplies the learning rate of a layer by LayerDecay to the power of
	// the number of layers between it and the last; 0 for the same rate everywhere. See
	// LayerOf.
	LayerDecay float64 `yaml:"layer_decay"`
}

// Given reports whether anything is set.
func (f *FineTuning) Given() bool {
	return len(f.Freeze)+len(f.LRScale) > 0 || f.LayerDecay != 0
}

func (f *FineTuning) validate() error {
	for _, pattern := range f.Freeze {
		if _, err := path.Match(pattern, ""); err != nil {
			return errors.Errorf("freeze %q: %v", pattern, err)
		}
	}
	for _, text := range f.LRScale {
		if _, err := parseScale(text); err != nil {
			return errors.Wrap(err, "lr_scale")
		}
	}
	if !(f.LayerDecay >= 0 && f.LayerDecay <= 1) {
		return errors.Errorf("layer_decay %g, want more than 0 and at most 1, or 0 for none", f.LayerDecay)
	}
	return nil
}

// lrScale is one of LRScale.
type lrScale struct {
	pattern string
	factor  float64
}

func parseScale(text string) (lrScale, error) {
	pattern, number, ok := strings.Cut(text, "=")
	if !ok {
		return lrScale{}, errors.Errorf("%q, want pattern=factor, such as fc.*=10", text)
	}
	if _, err := path.Match(pattern, ""); err != nil {
		return lrScale{}, errors.Errorf("%q: %v", text, err)
	}
	factor, err := strconv.ParseFloat(number, 64)
	if err != nil || !(factor > 0) || math.IsInf(factor, 0) {
		return lrScale{}, errors.Errorf("%q: factor %q, want a number above 0; freeze is for parameters that do not learn", text, number)
	}
	return lrScale{pattern, factor}, nil
}

// frozen reports whether the parameter or buffer of that name is frozen.
func (f *FineTuning) frozen(name string) bool {
	return slices.ContainsFunc(f.Freeze, func(pattern string) bool { return fits(pattern, []string{name}) })
}

// Frozen returns how many of the parameters of the model do not learn.
func (r *Run) Frozen() int {
	n := 0
	for p := range r.params.All() {
		if !p.Buffer && r.config.FineTuning.frozen(p.Name) {
			n += p.Value.Shape().TotalSize()
		}
	}
	return n
}

// GraphOptions are those of a training graph.
func (f *FineTuning) GraphOptions() []graph.Option {
	if len(f.Freeze) == 0 {
		return nil
	}
	return []graph.Option{graph.WithFrozen(f.frozen), graph.WithFrozenNorms(f.frozen)}
}

// Check reports settings that are not valid for a graph with the GraphOptions:
// patterns that fit nothing, and that nothing learns.
func (f *FineTuning) Check(g *graph.Graph) error {
	if err := f.validate(); err != nil {
		return err
	}
	var names, learning []string
	for p := range g.Params().All() {
		names = append(names, p.Name)
	}
	for _, n := range g.Trainable() {
		learning = append(learning, n.Name())
	}
	for _, pattern := range f.Freeze {
		if err := fitsSome(pattern, names); err != nil {
			return errors.Wrap(err, "freeze")
		}
	}
	if len(learning) == 0 {
		return errors.New("freeze: all parameters are frozen: there is nothing to train")
	}
	for _, text := range f.LRScale {
		pattern, _, _ := strings.Cut(text, "=")
		if err := fitsSome(pattern, names); err != nil {
			return errors.Wrap(err, "lr_scale")
		}
		if !fits(pattern, learning) {
			return errors.Errorf("lr_scale: nothing that fits %q learns", pattern)
		}
	}
	return nil
}

// fits reports whether a pattern fits one of the names.
func fits(pattern string, names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		ok, _ := path.Match(pattern, name)
		return ok
	})
}

// fitsSome reports a pattern that fits none of the names.
func fitsSome(pattern string, names []string) error {
	if fits(pattern, names) {
		return nil
	}
	if near := nearest.Of(pattern, names); len(near) > 0 {
		return errors.Errorf("no parameter's name fits %q; did you mean %s?", pattern, strings.Join(near, " or "))
	}
	return errors.Errorf("no parameter's name fits %q; a name is %s", pattern, names[0])
}

// Scale returns what the learning rate of each parameter is multiplied by, for
// SolverOptions; nil for 1. Where both settings say something it is the product.
func (f *FineTuning) Scale(p *graph.Params) func(name string) float64 {
	if len(f.LRScale) == 0 && f.LayerDecay == 0 {
		return nil
	}
	layers, last := LayerOf(p)
	return func(name string) float64 {
		scale := f.scaleByName(name)
		if f.LayerDecay != 0 {
			scale *= math.Pow(f.LayerDecay, float64(last-layers[name]))
		}
		return scale
	}
}

// scaleByName is the factor that LRScale has for a parameter.
func (f *FineTuning) scaleByName(name string) float64 {
	for _, text := range f.LRScale {
		s, err := parseScale(text)
		if ok, _ := path.Match(s.pattern, name); ok && err == nil {
			return s.factor
		}
	}
	return 1
}

// LayerOf counts the layers of a model for a decay of the learning rate by layers
// (Clark et al. 2020, "ELECTRA", where it is 0.8), and returns that of each parameter
// and the last one.
//
// Where names have numbers, as blocks have in "layer1.0.conv1.weight" and
// "transformer_encoder.layers.0.norm1.bias" and recurrent layers in
// "rnn.weight_ih_l0", each block is a layer; what comes before the first block is layer
// 0, and what comes after the last one is the last layer: for ResNets these are the
// groups of timm. Other models have a layer for each first part of a name, "conv1" of
// "conv1.weight".
func LayerOf(p *graph.Params) (layers map[string]int, last int) {
	layers = make(map[string]int)
	numbered := false
	for e := range p.All() {
		_, ok := block(e.Name)
		numbered = numbered || ok
	}
	known := make(map[string]int)
	begun := false // the blocks
	for e := range p.All() {
		key, ok := block(e.Name)
		switch {
		case !numbered:
			key, _, _ = strings.Cut(e.Name, ".")
		case ok:
			begun = true
		case begun:
			key = "after the blocks"
		default:
			key = "before the blocks"
		}
		if _, ok := known[key]; !ok {
			known[key] = len(known)
		}
		layers[e.Name] = known[key]
	}
	return layers, max(0, len(known)-1)
}

// recurrent is the name of a parameter of torch.nn.LSTM and its like.
var recurrent = regexp.MustCompile(`^(.*\.)?(?:weight|bias)_[ih]h_l(\d+)$`)

// block returns the part of a name up to its first number, "layer1.0", if it has
// one.
func block(name string) (string, bool) {
	if m := recurrent.FindStringSubmatch(name); m != nil {
		return m[1] + m[2], true
	}
	parts := strings.Split(name, ".")
	for i, part := range parts[:len(parts)-1] {
		if _, err := strconv.Atoi(part); err == nil {
			return strings.Join(parts[:i+1], "."), true
		}
	}
	return "", false
}
