package op

import (
	"testing"

	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/internal/parity"
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
