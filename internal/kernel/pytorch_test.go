package kernel

import (
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// A torchCase is one of testdata/pytorch.json.gz, which testdata/pytorch.py
// describes.
type torchCase struct {
	Op     string             `json:"op"`
	Set    map[string]float64 `json:"set"`
	Ints   map[string][]int   `json:"ints"`
	Arrays map[string]floats  `json:"arrays"`
}

// floats is an array of float32 in base64.
type floats []float32

func (f *floats) UnmarshalText(text []byte) error {
	raw, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		return err
	}
	for ; len(raw) >= 4; raw = raw[4:] {
		*f = append(*f, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
	}
	return nil
}

func (c *torchCase) String() string { return fmt.Sprintf("%s %v %v", c.Op, c.Set, c.Ints["shape"]) }

// check compares an array with the one PyTorch computed: both are float32
// results, which may differ by tol units in the last place of the larger of
// the number and floor.
func (c *torchCase) check(t *testing.T, name string, got []float32, tol, floor float64) {
	t.Helper()
	want := wide(c.Arrays[name])
	scale := make([]float64, len(want))
	for i, v := range want {
		scale[i] = max(math.Abs(v), floor)
	}
	checkNear(t, fmt.Sprintf("%v: %s", c, name), got, want, scale, tol)
}

var torchOps = map[string]func(t *testing.T, c *torchCase){
	"relu":          torchActivation(ReLU, ReLUGrad, true),
	"leaky_relu":    torchActivation(func(y, x []float32) { LeakyReLU(y, x, 0.1) }, func(dx, x, dy []float32) { LeakyReLUGrad(dx, x, dy, 0.1) }, false),
	"sigmoid":       torchActivation(Sigmoid, SigmoidGrad, true),
	"tanh":          torchActivation(Tanh, TanhGrad, true),
	"gelu":          torchActivation(GELU, GELUGrad, false),
	"gelu_tanh":     torchActivation(GELUTanh, GELUTanhGrad, false),
	"softmax":       torchSoftmax(Softmax, SoftmaxGrad),
	"log_softmax":   torchSoftmax(LogSoftmax, LogSoftmaxGrad),
	"batch_norm":    torchBatchNorm,
	"max_pool2d":    torchMaxPool,
	"avg_pool2d":    torchAvgPool,
	"cross_entropy": torchCrossEntropy,
	"bce":           torchBCE,
	"mse":           torchMSE,
	"sgd":           torchSGD,
	"adam":          torchAdam,
	"adamw":         torchAdam,
	"rmsprop":       torchRMSProp,
}

func TestAgainstPyTorch(t *testing.T) {
	f, err := os.Open("testdata/pytorch.json.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []torchCase
	if err := json.NewDecoder(unzipped).Decode(&cases); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range cases {
		seen[c.Op] = true
		run, ok := torchOps[c.Op]
		if !ok {
			t.Errorf("no test of %s", c.Op)
			continue
		}
		onEachTier(t, func(t *testing.T) { run(t, &c) })
	}
	for op := range torchOps {
		if !seen[op] {
			t.Errorf("no case of %s", op)
		}
	}
}

// torchActivation tests a function and its gradient, which takes the output of
// the function or else its input.
func torchActivation(f func(y, x []float32), grad func(dx, xy, dy []float32), output bool) func(t *testing.T, c *torchCase) {
	return func(t *testing.T, c *torchCase) {
		x := c.Arrays["x"]
		y, dx := fresh(len(x)), fresh(len(x))
		f(y, x)
		c.check(t, "y", y, 8, 3) // torch loses digits where GELU cancels
		if output {
			x = y
		}
		grad(dx, x, c.Arrays["dy"])
		c.check(t, "dx", dx, 16, 1)
	}
}

func torchSoftmax(f func(y, x []float32, outer, n, inner int), grad func(dx, y, dy []float32, outer, n, inner int)) func(t *testing.T, c *torchCase) {
	return func(t *testing.T, c *torchCase) {
		s, x := c.Ints["shape"], c.Arrays["x"]
		y, dx := fresh(len(x)), fresh(len(x))
		f(y, x, s[0], s[1], s[2])
		c.check(t, "y", y, 8, 1)
		grad(dx, y, c.Arrays["dy"], s[0], s[1], s[2])
		c.check(t, "dx", dx, 16, 1)
	}
}

func torchBatchNorm(t *testing.T, c *torchCase) {
	n, ch, hw := c.Ints["shape"][0], c.Ints["shape"][1], c.Ints["shape"][2]
	x, dy := c.Arrays["x"], c.Arrays["dy"]
	mean, variance := []float32(c.Arrays["mean"]), []float32(c.Arrays["var"])
	training := c.Set["training"] == 1
	if training {
		m, v := fresh(ch), fresh(ch)
		NormShape{N: n, C: ch, HW: hw}.Stats(m, v, x)
		c.check(t, "mean", m, 4, 1)
		c.check(t, "var", v, 40, 0) // torch's own is rounded
		mean, variance = m, v
	}
	invstd := fresh(ch)
	for i, v := range variance {
		invstd[i] = float32(1 / math.Sqrt(float64(v)+1e-5))
	}
	y, dx, dgamma, dbeta := fresh(len(x)), fresh(len(x)), fresh(ch), fresh(ch)
	NormShape{N: n, C: ch, HW: hw}.Apply(y, x, nil, Norm{Mean: mean, InvStd: invstd, Gamma: c.Arrays["gamma"], Beta: c.Arrays["beta"]}, false)
	// torch folds the mean into the shift, which costs it the digits of the
	// mean: some 100 units at a mean of 50.
	c.check(t, "y", y, 300, 1)
	NormShape{N: n, C: ch, HW: hw}.Reduce(dgamma, dbeta, x, dy, Norm{Mean: mean, InvStd: invstd}, false)
	c.check(t, "dgamma", dgamma, 100, 1)
	c.check(t, "dbeta", dbeta, 100, 1)
	if training {
		NormShape{N: n, C: ch, HW: hw}.InputGrad(dx, x, dy, dgamma, dbeta, Norm{Mean: mean, InvStd: invstd, Gamma: c.Arrays["gamma"]}, false)
	} else {
		NormShape{N: n, C: ch, HW: hw}.InputGradEval(dx, nil, dy, Norm{Mean: invstd, InvStd: invstd, Gamma: c.Arrays["gamma"]}, false)
	}
	c.check(t, "dx", dx, 64, 1)
}

// poolShape reads the shape of a case: n, c, h, w, then kernel, stride, padding
// and dilation in both directions, then whether sizes round up.
func (c *torchCase) poolShape() PoolShape {
	s := c.Ints["shape"]
	return PoolShape{
		N: s[0], C: s[1], H: s[2], W: s[3], KH: s[4], KW: s[5], StrideH: s[6], StrideW: s[7],
		PadTop: s[8], PadBottom: s[8], PadLeft: s[9], PadRight: s[9], DilationH: s[10], DilationW: s[11],
		CeilMode: s[12] == 1, CountIncludePad: c.Set["include"] == 1,
	}
}

func torchMaxPool(t *testing.T, c *torchCase) {
	s, x := c.poolShape(), c.Arrays["x"]
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	oh, ow := s.Out()
	y, dx, idx := fresh(s.N*s.C*oh*ow), fresh(len(x)), make([]int64, s.N*s.C*oh*ow)
	s.MaxForward(y, x)
	c.check(t, "y", y, 0, 0)
	s.MaxIndices(idx, x)
	for i, want := range c.Ints["idx"] {
		if int(idx[i]) != want {
			t.Fatalf("%v: index %d is %d, want %d", c, i, idx[i], want)
		}
	}
	s.MaxBackward(dx, x, c.Arrays["dy"])
	c.check(t, "dx", dx, 4, 1)
}

func torchAvgPool(t *testing.T, c *torchCase) {
	s, x := c.poolShape(), c.Arrays["x"]
	oh, ow := s.Out()
	y, dx := fresh(s.N*s.C*oh*ow), fresh(len(x))
	s.AvgForward(y, x)
	c.check(t, "y", y, 8, 1)
	s.AvgBackward(dx, c.Arrays["dy"])
	c.check(t, "dx", dx, 8, 1)
}

func torchCrossEntropy(t *testing.T, c *torchCase) {
	s, x := c.Ints["shape"], c.Arrays["x"]
	e := CrossEntropy{
		N: s[0], C: s[1], Inner: s[2], Weight: c.Arrays["weight"], IgnoreIndex: -100, HasIgnore: true,
		LabelSmoothing: float32(c.Set["smoothing"]), Reduction: c.reduction(),
	}
	loss, dx := fresh(len(c.Arrays["loss"])), fresh(len(x))
	if err := e.Forward(loss, x, c.Ints["labels"]); err != nil {
		t.Fatal(err)
	}
	c.check(t, "loss", loss, 8, 1)
	if err := e.Backward(dx, x, c.Ints["labels"], c.Arrays["dloss"]); err != nil {
		t.Fatal(err)
	}
	c.check(t, "dx", dx, 16, 0.3)
}

// reduction returns the reduction of a case, numbered mean, sum, none.
func (c *torchCase) reduction() Reduction {
	return []Reduction{ReductionMean, ReductionSum, ReductionNone}[int(c.Set["reduction"])]
}

func torchBCE(t *testing.T, c *torchCase) {
	x := c.Arrays["x"]
	b := BCEWithLogits{Weight: c.Arrays["weight"], PosWeight: c.Arrays["pos_weight"], Reduction: c.reduction()}
	loss, dx := fresh(len(c.Arrays["loss"])), fresh(len(x))
	b.Forward(loss, x, c.Arrays["target"])
	c.check(t, "loss", loss, 8, 1)
	b.Backward(dx, x, c.Arrays["target"], c.Arrays["dloss"])
	c.check(t, "dx", dx, 32, 1)
}

func torchMSE(t *testing.T, c *torchCase) {
	x := c.Arrays["x"]
	loss, dx := fresh(len(c.Arrays["loss"])), fresh(len(x))
	MSE{c.reduction()}.Forward(loss, x, c.Arrays["target"])
	c.check(t, "loss", loss, 8, 1)
	MSE{c.reduction()}.Backward(dx, x, c.Arrays["target"], c.Arrays["dloss"])
	c.check(t, "dx", dx, 8, 0)
}

// steps runs an optimiser through the steps of a case.
func (c *torchCase) steps(t *testing.T, step func(w, g []float32, i int)) {
	w := append([]float32(nil), c.Arrays["w"]...)
	n := len(w)
	var after []float32
	for i := range len(c.Arrays["g"]) / n {
		step(w, c.Arrays["g"][i*n:][:n], i)
		after = append(after, w...)
	}
	c.check(t, "after", after, 16, 0.5)
}

func torchSGD(t *testing.T, c *torchCase) {
	o := SGD{LR: c.Set["lr"], Momentum: c.Set["momentum"], Dampening: c.Set["dampening"],
		WeightDecay: c.Set["weight_decay"], Nesterov: c.Set["nesterov"] == 1}
	var v []float32
	if o.Momentum != 0 {
		v = make([]float32, len(c.Arrays["w"]))
	}
	c.steps(t, func(w, g []float32, i int) { o.Step(w, g, v, i == 0) })
}

func torchAdam(t *testing.T, c *torchCase) {
	o := Adam{LR: c.Set["lr"], Beta1: c.Set["beta1"], Beta2: c.Set["beta2"], Eps: c.Set["eps"],
		WeightDecay: c.Set["weight_decay"], Decoupled: c.Op == "adamw", AMSGrad: c.Set["amsgrad"] == 1}
	n := len(c.Arrays["w"])
	m, v := make([]float32, n), make([]float32, n)
	var vmax []float32
	if o.AMSGrad {
		vmax = make([]float32, n)
	}
	c.steps(t, func(w, g []float32, i int) { o.Step(w, g, m, v, vmax, i+1) })
}

func torchRMSProp(t *testing.T, c *torchCase) {
	o := RMSProp{LR: c.Set["lr"], Alpha: c.Set["alpha"], Eps: c.Set["eps"], WeightDecay: c.Set["weight_decay"],
		Momentum: c.Set["momentum"], Centered: c.Set["centered"] == 1}
	n := len(c.Arrays["w"])
	v := make([]float32, n)
	var a, b []float32
	if o.Centered {
		a = make([]float32, n)
	}
	if o.Momentum != 0 {
		b = make([]float32, n)
	}
	c.steps(t, func(w, g []float32, i int) { o.Step(w, g, v, a, b) })
}
