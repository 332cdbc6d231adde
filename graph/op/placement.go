package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// placement puts some of the elements of x into an otherwise empty y:
//
//	y[n, channel+c, i, j] = x[n, c, i*stride, j*stride]
//
// for all i and j that are in both. Its gradient puts them back.
type placement struct {
	x, y            tensor.Shape // (N, C, H, W)
	channel, stride int
	blocked         bool // both are in the blocked layout; y holds all of x at the stride
}

func (p placement) attrs() string {
	return fmt.Sprintf("channel=%d, stride=%d, %v -> %v", p.channel, p.stride, p.x, p.y)
}

// put is y from x.
func (p placement) put(name string, x *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  name,
		attrs: p.attrs(),
		data:  map[string]any{"channel": p.channel, "stride": p.stride, "from": []int(p.x), "to": []int(p.y)},
		shape: inLayout(p.y, p.blocked),
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			dst, src := y.Float32s(), in[0].Float32s()
			if p.blocked {
				p.ofBlocks().Put(dst, src)
				return nil
			}
			clear(dst)
			p.rows(func(y, x, n int) {
				for j := range n {
					dst[y+j] = src[x+j*p.stride]
				}
			})
			return nil
		},
		grad: func(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) { return only(p.putBack(name+"Grad", dy)) },
	}, x)
}

// putBack is x from y, zero where x has elements that y has not.
func (p placement) putBack(name string, y *G.Node) (*G.Node, error) {
	return apply(spec{
		name:  name,
		attrs: p.attrs(),
		shape: inLayout(p.x, p.blocked),
		do: func(x *tensor.Dense, in []*tensor.Dense) error {
			dst, src := x.Float32s(), in[0].Float32s()
			if p.blocked {
				p.ofBlocks().PutBack(dst, src)
				return nil
			}
			clear(dst)
			p.rows(func(y, x, n int) {
				for j := range n {
					dst[x+j*p.stride] = src[y+j]
				}
			})
			return nil
		},
		grad: func(_ G.Nodes, _, dx *G.Node) (G.Nodes, error) { return only(p.put(name+"Grad", dx)) },
	}, y)
}

// ofBlocks is the placement in the blocked layout.
func (p placement) ofBlocks() kernel.BlockedPlacement {
	return kernel.BlockedPlacement{N: p.x[0], C: p.x[1], H: p.x[2], W: p.x[3], K: p.y[1], First: p.channel, Stride: p.stride}
}

// rows calls f with the places in y and in x where a row of n common elements
// begins.
func (p placement) rows(f func(y, x, n int)) {
	height := min(p.y[2], (p.x[2]-1)/p.stride+1)
	width := min(p.y[3], (p.x[3]-1)/p.stride+1)
	for n := range p.x[0] {
		for c := range p.x[1] {
			y := (n*p.y[1] + p.channel + c) * p.y[2] * p.y[3]
			x := (n*p.x[1] + c) * p.x[2] * p.x[3]
			for i := range height {
				f(y+i*p.y[3], x+i*p.stride*p.x[3], width)
			}
		}
	}
}
