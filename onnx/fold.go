package onnx

import (
	"math"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// folds are the norms that become part of the convolution before them.
type folds struct {
	norms    map[*G.Node]*G.Node // by the convolution
	gone     map[*G.Node]bool    // those norms
	replaced map[*G.Node]bool    // parameters that nothing else reads
}

// foldable finds them: norms of what a convolution made, where nothing else reads
// that, or the parameters of the convolution.
func (t *translator) foldable(nodes G.Nodes) folds {
	f := folds{make(map[*G.Node]*G.Node), make(map[*G.Node]bool), make(map[*G.Node]bool)}
	for _, n := range nodes {
		d, _ := op.Describe(n)
		if d.Name != "BatchNormEval" {
			continue
		}
		conv, c := d.Inputs[0], op.Description{}
		for {
			c, _ = op.Describe(conv)
			if t.users[conv] != 1 || c.Name != "ToBlocked" && c.Name != "ToPlanar" {
				break
			}
			conv = c.Inputs[0]
		}
		if t.users[conv] != 1 || c.Name != "Conv2d" && c.Name != "ConvTranspose2d" {
			continue
		}
		params := append(c.Inputs[1:len(c.Inputs):len(c.Inputs)], normParams(d)...)
		if !t.ownParams(params) {
			continue
		}
		f.norms[conv], f.gone[n] = n, true
		for _, p := range params {
			f.replaced[p] = true
		}
	}
	return f
}

// normParams are the inputs of a norm that are neither images nor a residual.
func normParams(d op.Description) G.Nodes {
	in := d.Inputs[1:]
	if d.Attrs["residual"] == true {
		in = in[:len(in)-1]
	}
	return in
}

// ownParams reports whether all of them are parameters that only one node reads.
func (t *translator) ownParams(nodes G.Nodes) bool {
	for _, n := range nodes {
		if t.graph.Param(n.Name()) != n || t.users[n] != 1 {
			return false
		}
	}
	return true
}

// affine is a norm by running statistics: scale*x + shift for each channel.
type affine struct{ scale, shift []float64 }

func (t *translator) affine(norm *G.Node) (a affine, err error) {
	d, _ := op.Describe(norm)
	var values [][]float32
	for _, n := range normParams(d) {
		v, err := t.valuesOf(n)
		if err != nil {
			return a, err
		}
		values = append(values, v)
	}
	mean, variance, rest := values[0], values[1], values[2:]
	n := attributes(d.Attrs)
	a = affine{make([]float64, len(mean)), make([]float64, len(mean))}
	for c := range mean {
		a.scale[c] = 1 / math.Sqrt(float64(variance[c])+n.float("eps"))
		if n.bool("weight") {
			a.scale[c] *= float64(rest[0][c])
		}
		a.shift[c] = -float64(mean[c]) * a.scale[c]
		if n.bool("bias") {
			a.shift[c] += float64(rest[len(rest)-1][c])
		}
	}
	return a, nil
}

// fold makes weight and bias of a convolution that has its norm in it. channel is
// that of the result to which a weight leads, by its place.
func (t *translator) fold(norm *G.Node, in G.Nodes, channel func(i int) int) (weight, bias string, err error) {
	a, err := t.affine(norm)
	if err != nil {
		return "", "", err
	}
	w, err := t.valuesOf(in[1])
	if err != nil {
		return "", "", err
	}
	if len(in) > 2 {
		b, err := t.valuesOf(in[2])
		if err != nil {
			return "", "", err
		}
		bias = in[2].Name()
		for c := range a.shift {
			a.shift[c] += float64(b[c]) * a.scale[c]
		}
	} else {
		bias = t.name(strings.TrimSuffix(in[1].Name(), "weight") + "bias")
	}
	weight = in[1].Name()
	t.initializer(weight, in[1].Shape(), func(dst []float32, from int) {
		for i := range dst {
			dst[i] = float32(float64(w[from+i]) * a.scale[channel(from+i)])
		}
	})
	t.initializer(bias, []int{len(a.shift)}, func(dst []float32, from int) {
		for i := range dst {
			dst[i] = float32(a.shift[from+i])
		}
	})
	return weight, bias, nil
}
