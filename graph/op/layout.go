package op

import (
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// ToBlocked brings images x (N, C, H, W), with C a multiple of 16, into the
// blocked layout (N, C/16, H, W, 16), in which 16 channels of a pixel lie side by
// side. Operations on images take either layout; the blocked one is the faster.
func ToBlocked(x *G.Node) (*G.Node, error) {
	const name = "ToBlocked"
	if err := rank(name, x, 4, "(N, C, H, W)"); err != nil {
		return nil, err
	}
	s := x.Shape()
	if s[1]%kernel.Block != 0 {
		return nil, errors.Errorf("%s: %d channels in input of shape %v, want a multiple of %d", name, s[1], s, kernel.Block)
	}
	return changeLayout(name, x, kernel.ToBlocked, blockedShape(s), s, ToPlanar)
}

// ToPlanar brings blocked images x (N, C/16, H, W, 16) back to (N, C, H, W).
func ToPlanar(x *G.Node) (*G.Node, error) {
	const name = "ToPlanar"
	if err := rank(name, x, 5, "(N, C/16, H, W, 16)"); err != nil {
		return nil, err
	}
	s, blocked := ImageShape(x)
	if !blocked {
		return nil, errors.Errorf("%s: input has shape %v, want (N, C/16, H, W, 16)", name, x.Shape())
	}
	return changeLayout(name, x, kernel.ToPlanar, s, s, ToBlocked)
}

// changeLayout is the move of x to the shape to; image is (N, C, H, W).
func changeLayout(name string, x *G.Node, move func(y, x []float32, n, c, hw int), to, image tensor.Shape, back func(*G.Node) (*G.Node, error)) (*G.Node, error) {
	return apply(spec{
		name:  name,
		shape: to,
		do: func(y *tensor.Dense, in []*tensor.Dense) error {
			move(y.Float32s(), in[0].Float32s(), image[0], image[1], image[2]*image[3])
			return nil
		},
		grad: func(_ G.Nodes, _, dy *G.Node) (G.Nodes, error) { return only(back(dy)) },
	}, x)
}

// ImageShape gives the shape (N, C, H, W) of a node of images in either layout
// and whether it is the blocked one, in which the node has the shape
// (N, C/16, H, W, 16). It gives no shape for a node that is of neither form.
func ImageShape(x *G.Node) (s tensor.Shape, blocked bool) {
	switch s = x.Shape(); {
	case s.Dims() == 4:
		return s.Clone(), false
	case s.Dims() == 5 && s[4] == kernel.Block:
		return tensor.Shape{s[0], s[1] * kernel.Block, s[2], s[3]}, true
	}
	return nil, false
}

// likewise brings images into the layout that is asked for; what is no images it
// leaves alone.
func likewise(x *G.Node, blocked bool) (*G.Node, error) {
	s, isBlocked := ImageShape(x)
	switch {
	case s == nil || blocked == isBlocked:
		return x, nil
	case blocked:
		return ToBlocked(x)
	}
	return ToPlanar(x)
}

// alike brings the planar one of two nodes into the blocked layout if the other
// one is the same images there; else it leaves them alone.
func alike(a, b *G.Node) (*G.Node, *G.Node, error) {
	sa, blockedA := ImageShape(a)
	sb, blockedB := ImageShape(b)
	if sa == nil || blockedA == blockedB || !slices.Equal(sa, sb) {
		return a, b, nil
	}
	a, err := likewise(a, true)
	if err != nil {
		return nil, nil, err
	}
	b, err = likewise(b, true)
	return a, b, err
}

// blockedShape is the shape in the blocked layout of images (N, C, H, W).
func blockedShape(s tensor.Shape) tensor.Shape {
	return tensor.Shape{s[0], s[1] / kernel.Block, s[2], s[3], kernel.Block}
}

// images is ImageShape of the input of an operation, with an error if that is
// none.
func images(name string, x *G.Node) (s tensor.Shape, blocked bool, err error) {
	if err = float(name, "input", x); err != nil {
		return nil, false, err
	}
	if s, blocked = ImageShape(x); s == nil {
		return nil, false, errors.Errorf("%s: input has shape %v, want (N, C, H, W) or (N, C/%d, H, W, %[3]d)", name, x.Shape(), kernel.Block)
	}
	return s, blocked, nil
}

// inLayout is the shape of a node that holds images (N, C, H, W).
func inLayout(s tensor.Shape, blocked bool) tensor.Shape {
	if blocked {
		return blockedShape(s)
	}
	return s
}
