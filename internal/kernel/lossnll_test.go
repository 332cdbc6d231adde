package kernel

import (
	"math"
	"strings"
	"testing"
)

// NLL of log-softmax is the cross-entropy, value and gradient of the former.
func TestNLLIsCrossEntropyOfLogProbabilities(t *testing.T) {
	const n, classes, inner = 3, 4, 5
	logits, logProbs := make([]float32, n*classes*inner), make([]float32, n*classes*inner)
	for i := range logits {
		logits[i] = float32(math.Sin(float64(7 * i)))
	}
	LogSoftmax(logProbs, logits, n, classes, inner)
	labels := make([]int, n*inner)
	for i := range labels {
		labels[i] = i * 3 % classes
	}
	for _, reduction := range []Reduction{ReductionMean, ReductionSum, ReductionNone} {
		for _, weight := range [][]float32{nil, {0.5, 2, 0, 1}} {
			c := CrossEntropy{N: n, C: classes, Inner: inner, Weight: weight, IgnoreIndex: 1, HasIgnore: true, Reduction: reduction}
			want, got := make([]float32, reduction.results(len(labels))), make([]float32, reduction.results(len(labels)))
			if err := c.Forward(want, logits, labels); err != nil {
				t.Fatal(err)
			}
			if err := c.NLLForward(got, logProbs, labels); err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if math.Abs(float64(got[i]-want[i])) > 1e-6*max(1, math.Abs(float64(want[i]))) {
					t.Errorf("%v, weight %v: loss[%d] is %v, want %v", reduction, weight, i, got[i], want[i])
				}
				want[i] = float32(i%3) - 0.5 // the gradient that comes in
			}
			wantGrad, grad := make([]float32, len(logits)), make([]float32, len(logits))
			if err := c.Backward(wantGrad, logits, labels, want); err != nil {
				t.Fatal(err)
			}
			Fill(grad, 9)
			if err := c.NLLBackward(grad, logProbs, labels, want); err != nil {
				t.Fatal(err)
			}
			LogSoftmaxGrad(grad, logProbs, grad, n, classes, inner)
			for i := range grad {
				if math.Abs(float64(grad[i]-wantGrad[i])) > 1e-6 {
					t.Errorf("%v, weight %v: gradient[%d] is %v, want %v", reduction, weight, i, grad[i], wantGrad[i])
				}
			}
		}
	}
}

func TestNLLRefusesLabels(t *testing.T) {
	c := CrossEntropy{N: 2, C: 3, Inner: 1}
	loss, x := make([]float32, 1), make([]float32, 6)
	for _, labels := range [][]int{{0, 3}, {0, -1}} {
		for _, err := range []error{c.NLLForward(loss, x, labels), c.NLLBackward(x, x, labels, loss)} {
			if err == nil || !strings.Contains(err.Error(), "label 1 is") {
				t.Errorf("labels %v: error %v", labels, err)
			}
		}
	}
}
