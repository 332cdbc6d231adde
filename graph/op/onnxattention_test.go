package op

import (
	"math"

	"github.com/pkg/errors"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/internal/onnxtest"
)

func init() {
	onnxOps = append(onnxOps, "Attention")
	onnxBuilders["Attention"] = (*onnxGraph).attention
	for reason, cases := range map[string][]string{
		"keys and values of earlier positions as inputs and outputs; see CachedAttention": {
			"3d_diff_heads_with_past_and_present", "3d_gqa_with_past_and_present", "3d_with_past_and_present",
			"3d_with_past_and_present_qk_matmul", "3d_with_past_and_present_qk_matmul_bias",
			"3d_with_past_and_present_qk_matmul_softcap", "3d_with_past_and_present_qk_matmul_softmax",
			"4d_diff_heads_with_past_and_present", "4d_diff_heads_with_past_and_present_mask3d",
			"4d_diff_heads_with_past_and_present_mask4d", "4d_gqa_with_past_and_present",
			"4d_with_past_and_present", "4d_with_past_and_present_qk_matmul", "4d_with_past_and_present_qk_matmul_bias",
			"4d_with_past_and_present_qk_matmul_bias_3d_mask", "4d_with_past_and_present_qk_matmul_bias_3d_mask_causal",
			"4d_with_past_and_present_qk_matmul_bias_4d_mask", "4d_with_past_and_present_qk_matmul_bias_4d_mask_causal",
		},
		"fewer heads of keys than of queries": {
			"3d_gqa", "3d_gqa_attn_mask", "3d_gqa_causal", "3d_gqa_scaled", "3d_gqa_softcap",
			"4d_gqa", "4d_gqa_attn_mask", "4d_gqa_causal", "4d_gqa_scaled", "4d_gqa_softcap",
		},
		"a bound of the scores (softcap)":         {"3d_diff_heads_sizes_softcap", "3d_softcap", "4d_diff_heads_sizes_softcap", "4d_softcap"},
		"the scores are an output":                {"4d_with_qk_matmul", "4d_with_qk_matmul_bias", "4d_with_qk_matmul_softcap", "4d_with_qk_matmul_softmax"},
		"numbers of keys that differ among items": {"4d_diff_heads_mask4d_padded_kv"},
		"float16: the operations are float32":     {"4d_fp16", "4d_gqa_with_past_and_present_fp16"},
	} {
		for _, c := range cases {
			notApplicable["node/test_attention_"+c] = reason
		}
	}
}

func (m *onnxGraph) attention(n *onnxtest.Node) (*G.Node, error) {
	var in G.Nodes
	for i := range 3 {
		x, err := m.in(n, i)
		if err != nil {
			return nil, err
		}
		in = append(in, x)
	}
	mask, err := m.scoreMask(n)
	if err != nil {
		return nil, err
	}
	o := AttentionOptions{Heads: n.Int("q_num_heads", 0), Causal: n.Int("is_causal", 0) == 1, Scale: n.Float("scale", 0), Mask: mask}
	if in[0].Dims() == 3 {
		return Attention(in[0], in[1], in[2], o)
	}
	o.Heads = in[0].Shape()[1]
	for i, x := range in {
		if in[i], err = headsLast(x); err != nil {
			return nil, err
		}
	}
	y, err := Attention(in[0], in[1], in[2], o)
	if err != nil {
		return nil, err
	}
	return headsFirst(y, o.Heads)
}

// scoreMask is the node of input 3, with -Inf for what is false in a mask of bools.
func (m *onnxGraph) scoreMask(n *onnxtest.Node) (*G.Node, error) {
	v, err := m.value(n, 3)
	if v == nil || err != nil {
		return nil, err
	}
	if v.Type != onnxtest.Bool {
		return m.in(n, 3)
	}
	mask := tensor.New(tensor.WithShape(v.Shape...), tensor.Of(tensor.Float32))
	for i, keep := range v.Ints {
		if keep == 0 {
			mask.Float32s()[i] = float32(math.Inf(-1))
		}
	}
	return G.NodeFromAny(m.g, mask, G.WithName(n.Inputs[3])), nil
}

// headsLast is (N, T, heads*D) of x (N, heads, T, D).
func headsLast(x *G.Node) (*G.Node, error) {
	s := x.Shape()
	if s.Dims() != 4 {
		return nil, errors.Errorf("shape %v, want (N, heads, T, D)", s)
	}
	y, err := G.Transpose(x, 0, 2, 1, 3)
	if err != nil {
		return nil, err
	}
	return Reshape(y, s[0], s[2], s[1]*s[3])
}

// headsFirst is (N, heads, T, D) of x (N, T, heads*D).
func headsFirst(x *G.Node, heads int) (*G.Node, error) {
	s := x.Shape()
	y, err := Reshape(x, s[0], s[1], heads, s[2]/heads)
	if err != nil {
		return nil, err
	}
	if y, err = G.Transpose(y, 0, 2, 1, 3); err != nil {
		return nil, err
	}
	return Reshape(y, y.Shape()...)
}
