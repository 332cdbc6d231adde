package op

import (
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
)

func TestParity(t *testing.T) {
	checkParity(t, "Conv2d", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		a := c.Attrs
		return Conv2d(in["x"], in["weight"], in["bias"], Conv2dOptions{Stride: a.Stride, Padding: a.Padding, Dilation: a.Dilation, Groups: a.Groups})
	}, nil)
	checkParity(t, "ConvTranspose2d", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		a := c.Attrs
		return ConvTranspose2d(in["x"], in["weight"], in["bias"], ConvTranspose2dOptions{Stride: a.Stride, Padding: a.Padding, OutputPadding: a.OutputPadding, Dilation: a.Dilation, Groups: a.Groups})
	}, nil)
	checkParity(t, "Linear", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		return Linear(in["x"], in["weight"], in["bias"])
	}, nil)
	checkParity(t, "Add", 0, func(c parity.Op, in map[string]*G.Node) (*G.Node, error) {
		return Add(in["a"], in["b"])
	}, nil)
}
