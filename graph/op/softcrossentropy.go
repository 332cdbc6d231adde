package op

import (
	"fmt"
	"slices"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// SoftCrossEntropyOptions are the settings of SoftCrossEntropy, with the meaning
// of those of CrossEntropy.
type SoftCrossEntropyOptions struct {
	LabelSmoothing float64
	Reduction      Reduction
}

// SoftCrossEntropy is the cross-entropy of softmax(logits) against the
// probabilities of the classes, as torch.nn.CrossEntropyLoss with a target of
// floats: logits and target (N, C). It is what mixed images are trained with. It
// is differentiable with respect to logits alone. Mean divides by N.
func SoftCrossEntropy(logits, target *G.Node, o SoftCrossEntropyOptions) (*G.Node, error) {
	const name = "SoftCrossEntropy"
	l := pairLoss{
		name: name, attrs: fmt.Sprintf("label_smoothing=%v, reduction=%v", o.LabelSmoothing, o.Reduction),
		reduction: o.Reduction,
	}
	if err := l.check(logits, target); err != nil {
		return nil, err
	}
	s := logits.Shape()
	switch {
	case s.Dims() != 2:
		return nil, errors.Errorf("%s: input has shape %v, want (N, C)", name, s)
	case !(o.LabelSmoothing >= 0 && o.LabelSmoothing <= 1):
		return nil, errors.Errorf("%s: label smoothing is %v, want 0 to 1", name, o.LabelSmoothing)
	}
	k := kernel.SoftCrossEntropy{
		N: s[0], C: s[1], LabelSmoothing: float32(o.LabelSmoothing), Reduction: kernel.Reduction(o.Reduction),
	}
	l.forward, l.backward, l.terms = k.Forward, k.Backward, slices.Clone(s[:1])
	return l.of(logits, target)
}
