package op

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// checkAttention is checkParity for the cases of attention.
func checkAttention(t *testing.T, name string, op func(in map[string]*G.Node, o AttentionOptions) (*G.Node, error)) {
	t.Helper()
	cases, err := parity.AttentionOps(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(cases) == 0 {
		t.Fatalf("no case for %s", name)
	}
	for _, c := range cases {
		checkCases(t, []parity.Op{c.Op}, 1e-5, func(_ parity.Op, in map[string]*G.Node) (*G.Node, error) {
			return op(in, AttentionOptions{Heads: c.Attrs.Heads, Causal: c.Attrs.IsCausal, Scale: c.Attrs.Scale, Mask: in["mask"]})
		}, nil)
	}
}

func TestSelfAttentionParity(t *testing.T) {
	checkAttention(t, "SelfAttention", func(in map[string]*G.Node, o AttentionOptions) (*G.Node, error) {
		return SelfAttention(in["qkv"], o)
	})
}

func TestAttentionParity(t *testing.T) {
	checkAttention(t, "Attention", func(in map[string]*G.Node, o AttentionOptions) (*G.Node, error) {
		return Attention(in["q"], in["k"], in["v"], o)
	})
}

// attentionOf is attention from the definition, of one head: q (tq, d), k (tk, d)
// and v (tk, dv), where query i attends to keys 0 to last(i) and the
// probability of key j is multiplied by keep(i, j).
func attentionOf(q, k, v []float64, d, dv int, scale float64, last func(i int) int, keep func(i, j int) float64) []float64 {
	y := make([]float64, len(q)/d*dv)
	for i := range len(q) / d {
		var sum float64
		var p []float64
		for j := range last(i) + 1 {
			var s float64
			for c := range d {
				s += q[i*d+c] * k[j*d+c]
			}
			p = append(p, math.Exp(scale*s))
			sum += p[j]
		}
		for j := range p {
			for c := range dv {
				y[i*dv+c] += p[j] / sum * keep(i, j) * v[j*dv+c]
			}
		}
	}
	return y
}

// One node may be queries, keys and values at once.
func TestAttentionOfSharedValues(t *testing.T) {
	checkOp(t, opCase{
		name: "shared",
		in:   []*tensor.Dense{random(1, 1, 5, 3)},
		op: func(in G.Nodes) (*G.Node, error) {
			return Attention(in[0], in[0], in[0], AttentionOptions{Heads: 1, Causal: true})
		},
		ref: func(in [][]float64) []float64 {
			return attentionOf(in[0], in[0], in[0], 3, 3, 1/math.Sqrt(3), func(i int) int { return i }, func(int, int) float64 { return 1 })
		},
	})
}

// keepers returns what dropout multiplies the probabilities (heads, tq, tk) of
// attention by, seen through values that are one-hot.
func keepers(t *testing.T, o AttentionOptions, tq, tk int, runs int) (masks [][]float32) {
	q, k := tensor.New(tensor.WithShape(1, tq, o.Heads), tensor.Of(tensor.Float32)), tensor.New(tensor.WithShape(1, tk, o.Heads), tensor.Of(tensor.Float32))
	v := tensor.New(tensor.WithShape(1, tk, o.Heads*tk), tensor.Of(tensor.Float32))
	for j := range tk {
		for h := range o.Heads {
			v.Float32s()[(j*o.Heads+h)*tk+j] = 1
		}
	}
	r := compile(t, func(in G.Nodes) (*G.Node, error) { return Attention(in[0], in[1], in[2], o) }, []*tensor.Dense{q, k, v}, nil)
	for range runs {
		r.run(t)
		mask := make([]float32, o.Heads*tq*tk)
		for i := range tq {
			for h := range o.Heads {
				for j := range tk {
					mask[(h*tq+i)*tk+j] = float32(tk) * r.results()[0][(i*o.Heads+h)*tk+j]
				}
			}
		}
		masks = append(masks, mask)
	}
	return masks
}

func TestAttentionDropout(t *testing.T) {
	o := AttentionOptions{Heads: 3, Dropout: 0.25, Seed: 7}
	onEachTier(t, "statistics", func(t *testing.T) {
		masks := keepers(t, o, 40, 50, 2)
		for _, m := range masks {
			dropped := 0
			for _, v := range m {
				switch {
				case v == 0:
					dropped++
				case math.Abs(float64(v)-1/0.75) > 1e-5:
					t.Fatalf("a probability is multiplied by %v, want 0 or 4/3", v)
				}
			}
			n := float64(len(m))
			if got := float64(dropped) / n; math.Abs(got-0.25) > 5*math.Sqrt(0.25*0.75/n) {
				t.Errorf("%v of the probabilities are dropped, want 0.25", got)
			}
		}
		same := 0
		for i, v := range masks[0] {
			if (v == 0) == (masks[1][i] == 0) {
				same++
			}
		}
		if got := float64(same) / float64(len(masks[0])); math.Abs(got-0.625) > 0.04 {
			t.Errorf("two runs draw the same at %v of the places, want 0.625", got)
		}
		for h := 1; h < 3; h++ {
			if sameBits(masks[0][:2000], masks[0][2000*h:2000*(h+1)]) {
				t.Errorf("head %d drops what head 0 drops", h)
			}
		}
	})
	t.Run("seed", func(t *testing.T) {
		other := o
		other.Seed = 8
		if sameBits(keepers(t, o, 4, 9, 1)[0], keepers(t, other, 4, 9, 1)[0]) {
			t.Error("two seeds draw the same")
		}
	})
}

// The gradient is that of what the forward pass drew, at every step.
func TestAttentionDropoutGradient(t *testing.T) {
	const tq, tk, heads, d, dv = 3, 5, 2, 2, 3
	for _, causal := range []bool{false, true} {
		o := AttentionOptions{Heads: heads, Causal: causal, Dropout: 0.4, Seed: 3}
		full := o
		full.Causal = false
		masks := keepers(t, full, tq, tk, 3)
		in := []*tensor.Dense{random(1, 1, tq, heads*d), random(2, 1, tk, heads*d), random(3, 1, tk, heads*dv)}
		onEachTier(t, fmt.Sprintf("causal %v", causal), func(t *testing.T) {
			r := compile(t, func(in G.Nodes) (*G.Node, error) { return Attention(in[0], in[1], in[2], o) }, in, []bool{true, true, true})
			for step := range 3 {
				r.run(t)
				ref := func(in [][]float64) []float64 { return manyHeads(in, masks[step], tq, tk, heads, d, dv, causal) }
				values := [][]float64{float64s(in[0]), float64s(in[1]), float64s(in[2])}
				got := r.results()
				compare(t, "y", got[0], ref(values), 1e-5)
				for i := range in {
					compare(t, fmt.Sprintf("gradient of input %d", i), got[1+i], differences(ref, values, i, float64s(r.upstream)), 1e-5)
				}
			}
		})
	}
}

// manyHeads is attentionOf for heads side by side and a mask of dropout.
func manyHeads(in [][]float64, mask []float32, tq, tk, heads, d, dv int, causal bool) []float64 {
	y := make([]float64, tq*heads*dv)
	last := func(i int) int {
		if causal {
			return min(i, tk-1)
		}
		return tk - 1
	}
	for h := range heads {
		one := attentionOf(head(in[0], tq, heads, h), head(in[1], tk, heads, h), head(in[2], tk, heads, h), d, dv, 1/math.Sqrt(float64(d)), last,
			func(i, j int) float64 { return math.Round(float64(mask[(h*tq+i)*tk+j])*0.6) / 0.6 })
		for i := range tq {
			copy(y[(i*heads+h)*dv:], one[i*dv:(i+1)*dv])
		}
	}
	return y
}

// head returns the vectors of one of the heads at t positions.
func head(x []float64, t, heads, h int) (part []float64) {
	d := len(x) / t / heads
	for i := range t {
		part = append(part, x[(i*heads+h)*d:][:d]...)
	}
	return part
}

// Attention and Dropout of one seed draw independently.
func TestAttentionDropoutPlaces(t *testing.T) {
	g := G.NewGraph()
	x := inputs(g, random(1, 1, 4, 12))[0]
	var names []string
	for range 2 {
		y, err := SelfAttention(x, AttentionOptions{Heads: 1, Dropout: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Dropout(y, 0.5, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, n := range g.AllNodes() {
		if name := Name(n); name == keyName || name == maskName {
			_, place, _ := strings.Cut(n.Op().String(), "place=")
			names = append(names, place)
		}
	}
	if slices.Sort(names); !slices.Equal(names, []string{"0}", "1}", "2}", "3}"}) {
		t.Errorf("places %v, want 0 to 3", names)
	}
}

func TestDropoutKey(t *testing.T) {
	r := compile(t, func(in G.Nodes) (*G.Node, error) { return dropoutKey(in[0], 5) }, []*tensor.Dense{random(1, 2)}, nil)
	for step := range uint64(3) {
		r.run(t)
		if got, want := readKey(r.results()[0]), rng.New(5, "dropout", 0, step).State(); got != want {
			t.Errorf("step %d: key %x, want %x", step, got, want)
		}
	}
}

func TestAttentionErrors(t *testing.T) {
	in := nodes(tensor.Shape{2, 3, 4}, tensor.Shape{2, 5, 4}, tensor.Shape{2, 5, 6}, tensor.Shape{2, 3, 12}, tensor.Shape{3, 5}, tensor.Shape{2, 2, 2, 4, 5})
	q, k, v, qkv, mask, wide := in[0], in[1], in[2], in[3], in[4], in[5]
	two := AttentionOptions{Heads: 2}
	for _, c := range []struct {
		of   G.Nodes
		o    AttentionOptions
		want []string
	}{
		{G.Nodes{nil, k, v}, two, []string{"Attention: query is nil"}},
		{G.Nodes{q, mask, v}, two, []string{"key has shape (3, 5)", "(N, Tk, E)"}},
		{G.Nodes{q, v, v}, two, []string{"(2, 3, 4), (2, 5, 6) and (2, 5, 6)"}},
		{G.Nodes{q, k, q}, two, []string{"(2, 3, 4), (2, 5, 4) and (2, 3, 4)"}},
		{G.Nodes{q, k, v}, AttentionOptions{}, []string{"0 heads"}},
		{G.Nodes{q, k, v}, AttentionOptions{Heads: 4}, []string{"4 heads", "divides 4 and 6"}},
		{G.Nodes{q, k, v}, AttentionOptions{Heads: 2, Scale: math.NaN()}, []string{"scale is NaN"}},
		{G.Nodes{q, k, v}, AttentionOptions{Heads: 2, Dropout: 1.5}, []string{"dropout is 1.5"}},
		{G.Nodes{q, k, v}, AttentionOptions{Heads: 2, Dropout: math.NaN()}, []string{"dropout is NaN"}},
		{G.Nodes{q, k, v}, AttentionOptions{Heads: 2, Mask: q}, []string{"mask has shape (2, 3, 4)", "(2, 2, 3, 5)"}},
		{G.Nodes{q, k, v}, AttentionOptions{Heads: 2, Mask: wide}, []string{"mask has shape (2, 2, 2, 4, 5)"}},
		{G.Nodes{nil}, two, []string{"SelfAttention: input is nil"}},
		{G.Nodes{mask}, two, []string{"SelfAttention: input has shape (3, 5), want (N, T, 3E)"}},
		{G.Nodes{q}, two, []string{"input has shape (2, 3, 4), want (N, T, 3E)"}},
		{G.Nodes{qkv}, AttentionOptions{Heads: 3}, []string{"3 heads", "divides 4 and 4"}},
	} {
		var err error
		if len(c.of) == 1 {
			_, err = SelfAttention(c.of[0], c.o)
		} else {
			_, err = Attention(c.of[0], c.of[1], c.of[2], c.o)
		}
		wantError(t, err, c.want...)
	}
}

// A certain dropout leaves nothing.
func TestAttentionCertainDropout(t *testing.T) {
	r := compile(t, func(in G.Nodes) (*G.Node, error) {
		return SelfAttention(in[0], AttentionOptions{Heads: 2, Dropout: 1})
	}, []*tensor.Dense{random(1, 2, 5, 12)}, []bool{true})
	r.run(t)
	for _, values := range r.results() {
		for _, v := range values {
			if v != 0 {
				t.Fatalf("results %v, want 0", r.results())
			}
		}
	}
}

func TestAttentionAllocatesNothing(t *testing.T) {
	o := AttentionOptions{Heads: 4, Causal: true, Dropout: 0.1}
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) { return SelfAttention(in[0], o) },
		[]*tensor.Dense{random(1, 4, 64, 3*64)}, []bool{true})
	checkAllocates(t, 1<<16, func(in G.Nodes) (*G.Node, error) {
		o := o
		o.Mask = in[3]
		return Attention(in[0], in[1], in[2], o)
	}, []*tensor.Dense{random(1, 4, 64, 64), random(2, 4, 96, 64), random(3, 4, 96, 64), random(4, 64, 96)}, []bool{true, true, true, false})
}

// The threads have no say in the results.
func TestAttentionThreads(t *testing.T) {
	op := func(in G.Nodes) (*G.Node, error) {
		return SelfAttention(in[0], AttentionOptions{Heads: 4, Causal: true, Dropout: 0.1})
	}
	results := func(threads int) [][]float32 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		r := compile(t, op, []*tensor.Dense{random(1, 2, 130, 3*4*33)}, []bool{true})
		r.run(t)
		return r.results()
	}
	onEachTier(t, "threads", func(t *testing.T) {
		want := results(1)
		for _, threads := range []int{2, 5} {
			for i, got := range results(threads) {
				if !sameBits(got, want[i]) {
					t.Errorf("%d threads give another result %d", threads, i)
				}
			}
		}
	})
}
