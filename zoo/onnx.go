package zoo

import (
	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/onnx"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// SaveONNX writes the network with the weights p to a file for other programs, with
// the inputs and outputs of Graph. The size of the batch is open, and so is the
// number of tokens of a language model. What meta does not say of the model is
// added. Batch norms become part of the convolutions before them unless keepNorms
// is set.
func (m *Model) SaveONNX(path string, p *graph.Params, meta weights.Meta, keepNorms bool) error {
	g, err := m.Graph(p, graph.Eval, onnx.Batch)
	if err != nil {
		return err
	}
	axes, err := m.openAxes(g)
	if err != nil {
		return err
	}
	if meta.Model == "" {
		meta.Model = m.name
	}
	if meta.Config == "" {
		if err := meta.SetConfig(m.arch); err != nil {
			return err
		}
	}
	return errors.Wrap(onnx.Save(path, g, meta, onnx.Options{KeepNorms: keepNorms, Axes: axes}), m.name)
}

// SaveONNX writes the model to a file for other programs; see Model.SaveONNX.
func (p *Pretrained) SaveONNX(path string, keepNorms bool) error {
	return p.Model.SaveONNX(path, p.Params, p.Meta, keepNorms)
}

// openAxes names the axes of inputs that may have any size: those that are others
// in a graph for another batch, and the tokens of a sequence.
func (m *Model) openAxes(g *graph.Graph) (map[string][]string, error) {
	other, err := m.Graph(g.Params(), g.Mode(), onnx.Batch+1)
	if err != nil {
		return nil, err
	}
	axes := make(map[string][]string)
	for i, in := range g.Inputs() {
		names := make([]string, len(in.Shape()))
		for axis, size := range other.Inputs()[i].Shape() {
			if size != in.Shape()[axis] {
				names[axis] = "batch"
			}
		}
		if m.Task() == Language && in.Name() == "x" {
			names[1] = "sequence"
		}
		axes[in.Name()] = names
	}
	return axes, nil
}
