package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// layerNormShapes are rows around the widths of vectors, and many of them.
var layerNormShapes = []LayerNorm{
	{Rows: 1, E: 1}, {Rows: 5, E: 1}, {Rows: 3, E: 2}, {Rows: 2, E: 3}, {Rows: 1, E: 8}, {Rows: 4, E: 15}, {Rows: 3, E: 17}, {Rows: 2, E: 31},
	{Rows: 7, E: 33}, {Rows: 2, E: 63}, {Rows: 67, E: 65}, {Rows: 300, E: 128}, {Rows: 9, E: 768}, {Rows: 2, E: 5000}, {Rows: 2500, E: 3}, {E: 4},
}

// A layerNormCase is a layer norm with all that goes in.
type layerNormCase struct {
	n                             LayerNorm
	x, residual, weight, bias, dy []float32
}

func newLayerNormCase(r *rand.Rand, n LayerNorm, affine, bias, residual bool) *layerNormCase {
	if n.Eps == 0 {
		n.Eps = 1e-5
	}
	c := &layerNormCase{n: n, x: randomSlice(r, n.Rows*n.E), dy: randomSlice(r, n.Rows*n.E)}
	if affine {
		c.weight = randomSlice(r, n.E)
	}
	if bias {
		c.bias = randomSlice(r, n.E)
	}
	if residual {
		c.residual = randomSlice(r, n.Rows*n.E)
	}
	return c
}

// layerNormWant is a layer norm straight from the definition, and the size of
// what was added up for each value.
type layerNormWant struct {
	y, dx, dweight, dbias               []float64
	sizeY, sizeDX, sizeWeight, sizeBias []float64
}

// want computes everything in float64, of the sums x + residual in float32.
func (c *layerNormCase) want() *layerNormWant {
	e := c.n.E
	w := &layerNormWant{}
	for _, p := range []*[]float64{&w.y, &w.dx, &w.sizeY, &w.sizeDX} {
		*p = make([]float64, len(c.x))
	}
	for _, p := range []*[]float64{&w.dweight, &w.dbias, &w.sizeWeight, &w.sizeBias} {
		*p = make([]float64, e)
	}
	for at := 0; at < len(c.x); at += e {
		z := wide(c.x[at : at+e])
		for i := range z {
			if c.residual != nil {
				z[i] = float64(c.x[at+i] + c.residual[at+i])
			}
		}
		var mean, variance, sum, product, sizeG, sizeZ float64
		for _, v := range z {
			mean += v / float64(e)
		}
		for _, v := range z {
			variance += (v - mean) * (v - mean) / float64(e)
		}
		scale := 1 / math.Sqrt(variance+c.n.Eps)
		g := wide(c.dy[at : at+e])
		for i, v := range z {
			z[i] = (v - mean) * scale
			weight, bias := 1.0, 0.0
			if c.weight != nil {
				weight = float64(c.weight[i])
			}
			if c.bias != nil {
				bias = float64(c.bias[i])
			}
			w.y[at+i] = z[i]*weight + bias
			w.sizeY[at+i] = math.Abs(z[i]*weight) + math.Abs(bias)
			w.dweight[i] += g[i] * z[i]
			w.sizeWeight[i] += math.Abs(g[i] * z[i])
			w.dbias[i] += g[i]
			w.sizeBias[i] += math.Abs(g[i])
			g[i] *= weight
			sum += g[i] / float64(e)
			product += g[i] * z[i] / float64(e)
			sizeG += math.Abs(g[i]) / float64(e)
			sizeZ += math.Abs(g[i]*z[i]) / float64(e)
		}
		for i := range z {
			w.dx[at+i] = (g[i] - sum - z[i]*product) * scale
			w.sizeDX[at+i] = (math.Abs(g[i]) + sizeG + math.Abs(z[i])*sizeZ) * scale
		}
	}
	return w
}

func (c *layerNormCase) check(t *testing.T) {
	w, n := c.want(), c.n
	name := fmt.Sprintf("%dx%d", n.Rows, n.E)
	y, guard := bordered(len(c.x))
	n.Forward(y, c.x, c.residual, c.weight, c.bias)
	guard(t, "Forward")
	checkNear(t, "y of "+name, y, w.y, w.sizeY, 8)

	dx, guardX := bordered(len(c.x))
	dweight, guardWeight := bordered(n.E)
	dbias, guardBias := bordered(n.E)
	n.Backward(dx, dweight, dbias, c.x, c.residual, c.dy, c.weight)
	guardX(t, "dx")
	guardWeight(t, "dweight")
	guardBias(t, "dbias")
	checkNear(t, "dx of "+name, dx, w.dx, w.sizeDX, 12)
	checkNear(t, "dweight of "+name, dweight, w.dweight, w.sizeWeight, 12)
	checkNear(t, "dbias of "+name, dbias, w.dbias, w.sizeBias, 8)

	alone := fresh(len(c.x))
	n.Backward(alone, nil, nil, c.x, c.residual, c.dy, c.weight)
	if !sameBits(alone, dx) {
		t.Errorf("%s: dx differs if it is made alone", name)
	}
	y = slices.Clone(c.x)
	n.Forward(y, y, c.residual, c.weight, c.bias)
	checkNear(t, "y in place of "+name, y, w.y, w.sizeY, 8)
	dy := slices.Clone(c.dy)
	n.Backward(dy, dweight, nil, c.x, c.residual, dy, c.weight)
	if !sameBits(dy, dx) {
		t.Errorf("%s: dx differs in place", name)
	}
}

func TestLayerNorm(t *testing.T) {
	r := rand.New(rand.NewPCG(81, 82))
	for _, n := range layerNormShapes {
		for i := range 8 {
			c := newLayerNormCase(r, n, i&1 != 0, i&2 != 0, i&4 != 0)
			onEachTier(t, func(t *testing.T) { c.check(t) })
		}
	}
}

// Neither a mean far from 0 nor a tiny or huge variance costs digits, and the eps
// counts.
func TestLayerNormScales(t *testing.T) {
	r := rand.New(rand.NewPCG(83, 84))
	for _, s := range []struct{ scale, offset float32 }{{1, 1e4}, {1e-3, 1}, {1e-6, 0}, {1e6, -1e7}, {1e15, 1e15}} {
		for _, e := range []int{2, 17, 128} {
			c := newLayerNormCase(r, LayerNorm{Rows: 5, E: e, Eps: 1e-6}, true, true, false)
			for i := range c.x {
				c.x[i] = c.x[i]*s.scale + s.offset
			}
			onEachTier(t, func(t *testing.T) { c.check(t) })
		}
	}
}

// A row of equal values becomes the bias exactly and one with NaN or an infinity
// NaN throughout; rows beside it are untouched.
func TestLayerNormSpecialValues(t *testing.T) {
	for _, c := range []struct {
		name string
		x    float32 // all values of row 1, or only one
		all  bool
		want float64
	}{
		{"constant", 0.1, true, 0.5}, {"constant and huge", 3e38, true, 0.5}, {"NaN", nan, false, math.NaN()},
		{"+Inf", inf, false, math.NaN()}, {"-Inf", -inf, false, math.NaN()},
	} {
		onEachTier(t, func(t *testing.T) {
			for _, e := range []int{1, 2, 17, 128} {
				r := rand.New(rand.NewPCG(85, 86))
				k := newLayerNormCase(r, LayerNorm{Rows: 3, E: e}, true, true, false)
				fill(k.bias, 0.5)
				beside := make([]float32, 3*e)
				k.n.Forward(beside, k.x, nil, k.weight, k.bias)
				for i := range e {
					if c.all || i == e/2 {
						k.x[e+i] = c.x
					}
				}
				y, dx, dw, db := fresh(3*e), fresh(3*e), fresh(e), fresh(e)
				k.n.Forward(y, k.x, nil, k.weight, k.bias)
				k.n.Backward(dx, dw, db, k.x, nil, k.dy, k.weight)
				for i, v := range y {
					want := float64(beside[i])
					if i/e == 1 {
						want = c.want
						if math.IsNaN(float64(dx[i])) != math.IsNaN(want) {
							t.Errorf("%s, %d values: dx[%d] = %v", c.name, e, i-e, dx[i])
						}
					}
					if got := float64(v); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
						t.Errorf("%s, %d values: y[%d, %d] = %v, want %v", c.name, e, i/e, i%e, v, want)
					}
				}
				if math.IsNaN(float64(dw[0])) != math.IsNaN(c.want) || math.IsNaN(float64(db[0])) {
					t.Errorf("%s, %d values: gradients %v of weight and %v of bias", c.name, e, dw[0], db[0])
				}
			}
		})
	}
}

func TestLayerNormRepeats(t *testing.T) {
	r := rand.New(rand.NewPCG(87, 88))
	for _, n := range []LayerNorm{{Rows: 999, E: 128}, {Rows: 3, E: 20000}, {Rows: 7000, E: 5}} {
		c := newLayerNormCase(r, n, true, true, true)
		out := fresh(2*len(c.x) + 2*n.E)
		y, dx, dw, db := out[:len(c.x)], out[len(c.x):2*len(c.x)], out[2*len(c.x):][:n.E], out[2*len(c.x)+n.E:]
		onEachTier(t, func(t *testing.T) {
			checkRepeats(t, "layer norm", func() []float32 {
				c.n.Forward(y, c.x, c.residual, c.weight, c.bias)
				c.n.Backward(dx, dw, db, c.x, c.residual, c.dy, c.weight)
				return out
			})
		})
	}
}

// The loops agree with their twins, value by value.
func TestLayerNormLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(89, 90))
	twins := layerNorms[Generic]
	for _, n := range lengths {
		x, a, b, w := randomSlice(r, n), randomSlice(r, n), randomSlice(r, n), randomSlice(r, n)
		c := &rowNorm{0.25, 1e-9, 1.5, -0.75, 0.5}
		onEachTier(t, func(t *testing.T) {
			k := layerNorms.get()
			sumLike := func(what string, got, want float64) {
				t.Helper()
				if math.Abs(got-want) > 1e-6*(1+math.Abs(want))*math.Sqrt(float64(n+1)) {
					t.Errorf("%s of %d is %v, want %v", what, n, got, want)
				}
			}
			y, want := fresh(n), fresh(n)
			sumLike("addSum", k.addSum(y, x, a), twins.addSum(want, x, a))
			checkNear(t, "addSum", y, wide(want), nil, 0)
			sumLike("deviations", k.deviations(x, 0.3), twins.deviations(x, 0.3))
			k.affine(y, x, w, b, c)
			twins.affine(want, x, w, b, c)
			ones := make([]float64, n)
			for i := range ones {
				ones[i] = 10
			}
			checkNear(t, "affine", y, wide(want), ones, 4)
			k.inputGrad(y, x, a, w, c)
			twins.inputGrad(want, x, a, w, c)
			checkNear(t, "inputGrad", y, wide(want), ones, 4)
			dw, db := slices.Clone(b), slices.Clone(w)
			wantW, wantB := slices.Clone(b), slices.Clone(w)
			sum, product := k.products(dw, db, x, a, w, c)
			wantSum, wantProduct := twins.products(wantW, wantB, x, a, w, c)
			sumLike("the sum", sum, wantSum)
			sumLike("the product", product, wantProduct)
			checkNear(t, "dweight", dw, wide(wantW), ones, 4)
			checkNear(t, "dbias", db, wide(wantB), ones, 4)
		})
	}
}

func BenchmarkLayerNorm(b *testing.B) {
	for _, n := range []LayerNorm{{Rows: 768, E: 128}, {Rows: 4096, E: 768}} {
		for _, residual := range []bool{false, true} {
			c := newLayerNormCase(rand.New(rand.NewPCG(1, 2)), n, true, true, residual)
			name, arrays := fmt.Sprintf("%dx%d", n.Rows, n.E), 2
			if residual {
				name, arrays = name+"+residual", 3
			}
			y, dw, db := fresh(len(c.x)), fresh(n.E), fresh(n.E)
			b.Run(name+"/forward", func(b *testing.B) {
				b.SetBytes(int64(4 * arrays * len(y)))
				for range b.N {
					c.n.Forward(y, c.x, c.residual, c.weight, c.bias)
				}
			})
			b.Run(name+"/backward", func(b *testing.B) {
				b.SetBytes(int64(4 * (arrays + 1) * len(y)))
				for range b.N {
					c.n.Backward(y, dw, db, c.x, c.residual, c.dy, c.weight)
				}
			})
		}
	}
}
