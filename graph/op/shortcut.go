package op

import (
	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// ShortcutA is the shortcut without parameters of the CIFAR networks (option A
// of He et al. 2015, "Deep Residual Learning for Image Recognition"): of x (N,
// C, H, W) it takes every stride-th row and column from the first on, and puts
// channels of zeros before and behind, half of them each, to make up channels
// in all; an odd one goes behind. The result is (N, channels, OH, OW) with OH =
// H/stride, rounded up. Of x in the blocked layout (N, C/16, H, W, 16) it is
// blocked too, and channels a multiple of 16.
func ShortcutA(x *G.Node, channels, stride int) (*G.Node, error) {
	const name = "ShortcutA"
	s, blocked, err := images(name, x)
	if err != nil {
		return nil, err
	}
	if stride < 1 {
		return nil, errors.Errorf("%s: stride %d, want 1 or more", name, stride)
	}
	if channels < s[1] {
		return nil, errors.Errorf("%s: %d channels, want at least the %d of input %v", name, channels, s[1], s)
	}
	if blocked && channels%kernel.Block != 0 {
		return nil, errors.Errorf("%s: %d channels, want a multiple of %d for blocked input of shape %v", name, channels, kernel.Block, x.Shape())
	}
	return placement{
		x:       s,
		y:       tensor.Shape{s[0], channels, (s[2]-1)/stride + 1, (s[3]-1)/stride + 1},
		channel: (channels - s[1]) / 2,
		stride:  stride,
		blocked: blocked,
	}.put(name, x)
}
