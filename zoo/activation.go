package zoo

import (
	"slices"
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// ActivationMap says how much each place of an image speaks for a class (Zhou et
// al. 2016, "Learning deep features for discriminative localization"). The mean of
// its values and the bias of the class make the logit.
type ActivationMap struct {
	Class         int
	Height, Width int // of the last feature map
	Values        []float32
}

// head is the end of a network for which there are activation maps.
type head struct {
	features string // the part of the model that ends in the last feature map
	weight   []float32
	channels int
}

// ActivationMap computes the map of a prepared image (1, C, H, W) for a class, or
// for the most probable one if class is -1, and the prediction. The network must
// end in a global average pool and one linear layer.
func (p *Predictor) ActivationMap(x *tensor.Dense, class int) (ActivationMap, Prediction, error) {
	var none ActivationMap
	h, err := p.head()
	if err != nil {
		return none, Prediction{}, err
	}
	if n := p.programs.model.Classes(); class < -1 || class >= n {
		return none, Prediction{}, errors.Errorf("class %d, want one from 0 to %d", class, n-1)
	}
	if _, err := p.images(x); err != nil {
		return none, Prediction{}, err
	}
	if x.Shape()[0] != 1 {
		return none, Prediction{}, errors.Errorf("%d images, want 1", x.Shape()[0])
	}
	values, err := p.Features(x, h.features, logits)
	if err != nil {
		return none, Prediction{}, err
	}
	prediction := p.Prediction(values[1].Float32s())
	if class < 0 {
		class = prediction.Top(1)[0].Index
	}
	s := values[0].Shape()
	m := ActivationMap{class, s[2], s[3], make([]float32, s[2]*s[3])}
	maps := values[0].Float32s()
	for c, w := range h.weight[class*h.channels : (class+1)*h.channels] {
		for i, v := range maps[c*len(m.Values) : (c+1)*len(m.Values)] {
			m.Values[i] += w * v
		}
	}
	return m, prediction, nil
}

// findHead looks at how the network ends.
func (p *Predictor) findHead() (*head, error) {
	p.programs.quiet.Lock()
	defer p.programs.quiet.Unlock()
	model, params := p.programs.model, p.programs.params
	g, err := model.Graph(params, graph.Infer, 1)
	if err != nil {
		return nil, err
	}
	layers := g.Layers()
	n := len(layers)
	if n < 3 || layers[n-1].Kind != "Linear" || layers[n-2].Kind != "GlobalAvgPool" {
		return nil, errors.Errorf("%s does not end in a global average pool and a linear layer: there is no activation map", model.Name())
	}
	linear, pool := layers[n-1], layers[n-2]
	features, _, _ := strings.Cut(layers[n-3].Name, ".")
	if g, err = model.Graph(params, graph.Infer, 1, graph.WithTaps(features)); err != nil {
		return nil, err
	}
	if s := g.Output(features).Shape(); !slices.Equal(s, pool.In) || len(s) != 4 || !linear.In.Eq(pool.Out) {
		return nil, errors.Errorf("%s: %s of shape %v is not what is averaged: there is no activation map", model.Name(), features, s)
	}
	w, ok := params.Get(linear.Name + ".weight")
	if !ok {
		return nil, errors.Errorf("%s: %s has no weight", model.Name(), linear.Name)
	}
	if !w.InMemory() {
		if err := params.Fetch(); err != nil {
			return nil, err
		}
	}
	return &head{features, w.Value.Float32s(), pool.In[1]}, nil
}
