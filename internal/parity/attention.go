package parity

import "slices"

// AttentionOp is a case of attention: of SelfAttention, whose input is qkv; of
// Attention, of q, k, v and mask; or of torch's modules MultiheadAttention and
// TransformerEncoderLayer with batch_first, whose inputs are x and what their state
// dicts hold.
type AttentionOp struct {
	Op
	Attrs AttentionAttrs `json:"attrs"`
}

// AttentionAttrs are the attributes of a case under PyTorch's names.
type AttentionAttrs struct {
	Heads    int     `json:"heads"`
	IsCausal bool    `json:"is_causal"`
	Scale    float64 `json:"scale"` // 0: the default

	DimFeedforward int    `json:"dim_feedforward"`
	NormFirst      bool   `json:"norm_first"`
	Activation     string `json:"activation"` // "relu" or "gelu"
}

// AttentionOps are the cases of the given name.
func AttentionOps(name string) (cases []AttentionOp, err error) {
	err = load("ops_attention.json.gz", &cases)
	return slices.DeleteFunc(cases, func(c AttentionOp) bool { return c.Op.Op != name }), err
}
