package weights

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// Head returns the name of the layer that a model ends in, "fc", if that is a
// linear one.
func Head(p *graph.Params) (string, error) {
	w := FromParams(p).head()
	if w == nil {
		return "", errors.New("the model does not end in a linear layer: it has no head")
	}
	return layer(w.Name), nil
}

// AdaptInput changes the weights of the first convolution, (K, C, KH, KW), to the
// number of channels that the model has, and says so; "" if there is nothing to
// change. A single channel gets the sum of all, which for three is what a network
// for colours makes of a grey image; several get the old ones in turn, scaled by the
// old number to the new, so that sums keep their size. For three old or one new
// channel this is what timm's adapt_input_conv does.
func (a *Archive) AdaptInput(p *graph.Params) (message string, err error) {
	want := firstConvolution(p)
	if want == nil {
		return "", errors.New("the model has no convolution: there is no input to adapt")
	}
	to := want.Value.Shape()
	t, ok := a.Get("", want.Name)
	if !ok || len(t.Shape) != 4 || t.DType() != Float32 || t.Shape[1] == to[1] ||
		t.Shape[0] != to[0] || !slices.Equal(t.Shape[2:], []int(to[2:])) {
		return "", nil // what else is wrong, loading says
	}
	old := t.Shape[1]
	t.Values = adaptChannels(t.Values.([]float32), to[0], old, to[1], to[2]*to[3])
	t.Shape = slices.Clone([]int(to))
	return fmt.Sprintf("%s: %d input channels made of %d", layer(want.Name), to[1], old), nil
}

// firstConvolution returns the weight of the first convolution of a model.
func firstConvolution(p *graph.Params) *graph.Param {
	for e := range p.All() {
		if len(e.Value.Shape()) == 4 && !e.Buffer {
			return e
		}
	}
	return nil
}

// adaptChannels brings k filters over planes of n values from c to d channels.
func adaptChannels(w []float32, k, c, d, n int) []float32 {
	out := make([]float32, k*d*n)
	for i := range k {
		from, to := w[i*c*n:(i+1)*c*n], out[i*d*n:(i+1)*d*n]
		if d == 1 {
			for j, v := range from {
				to[j%n] += v
			}
			continue
		}
		scale := float32(c) / float32(d)
		for j := range to {
			to[j] = from[j%(c*n)] * scale
		}
	}
	return out
}
