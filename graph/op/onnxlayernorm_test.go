package op

import (
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/onnxtest"
)

func init() {
	onnxOps = append(onnxOps, "LayerNormalization")
	onnxBuilders["LayerNormalization"] = (*onnxGraph).layerNorm
}

// layerNorm is over all axes from a given one on, which are made one here. Its
// other outputs are statistics that this package keeps to itself: they are those
// of the definition.
func (m *onnxGraph) layerNorm(n *onnxtest.Node) (*G.Node, error) {
	var in [3]*G.Node
	for i := range in {
		var err error
		if in[i], err = m.in(n, i); err != nil {
			return nil, err
		}
	}
	shape := in[0].Shape()
	axis := n.Int("axis", -1)
	if axis < 0 {
		axis += shape.Dims()
	}
	e, eps := shape[axis:].TotalSize(), n.Float("epsilon", 1e-5)
	m.rowStatistics(n.Outputs[1:], in[0], axis, eps)
	for i, s := range [][]int{{shape[:axis].TotalSize(), e}, {e}, {e}} {
		var err error
		if in[i] == nil {
			continue
		}
		if in[i], err = Reshape(in[i], s...); err != nil {
			return nil, err
		}
	}
	y, err := LayerNorm(in[0], in[1], in[2], LayerNormOptions{Eps: eps})
	if err != nil {
		return nil, err
	}
	return Reshape(y, shape...)
}

// rowStatistics are the mean and the inverse of the deviation of x over all axes
// from the given one on, which have the size 1 in the results.
func (m *onnxGraph) rowStatistics(outputs []string, x *G.Node, axis int, eps float64) {
	shape := x.Shape().Clone()
	e := shape[axis:].TotalSize()
	for i := axis; i < shape.Dims(); i++ {
		shape[i] = 1
	}
	for i, name := range outputs {
		m.after[name] = func() (*onnxtest.Tensor, error) {
			r := &onnxtest.Tensor{Shape: shape}
			all := float64s(x.Value().(*tensor.Dense))
			for ; len(all) > 0; all = all[e:] {
				var mean, variance float64
				for _, v := range all[:e] {
					mean += v / float64(e)
				}
				for _, v := range all[:e] {
					variance += (v - mean) * (v - mean) / float64(e)
				}
				r.Floats = append(r.Floats, float32([]float64{mean, 1 / math.Sqrt(variance+eps)}[i]))
			}
			return r, nil
		}
	}
}
