package parity

// LM is what PyTorch computes for one language model and one batch of tokens:
// one forward and backward pass, without dropout.
type LM struct {
	Name string `json:"name"`
	// Model is "lstm-lm" or "transformer-lm".
	Model   string    `json:"model"`
	Options LMOptions `json:"options"`
	// Tokens is (N, T).
	Tokens [][]int `json:"tokens"`
	// Labels has one for each token, row by row; Ignored counts for nothing.
	Labels []int `json:"labels"`
	// H0 and C0 (layers, N, hidden) are the hidden state before the first token,
	// Hn and Cn the one after the last; nil for a Transformer.
	H0 *Tensor `json:"h0"`
	C0 *Tensor `json:"c0"`
	Hn *Want   `json:"hn"`
	Cn *Want   `json:"cn"`
	// State is the state dict in PyTorch's order; a tied decoder.weight is absent.
	State []Param `json:"state"`
	// Logits is (N, T, vocab).
	Logits Want `json:"logits"`
	// Loss is the mean cross-entropy of the labels that are not Ignored, Grads are
	// its gradients, one for each entry of State.
	Loss  Number `json:"loss"`
	Grads []Want `json:"grads"`
	// Deviation is by how much PyTorch's float32 strays from these results:
	// "logits", "loss", "grads" and, for an LSTM, "hidden".
	Deviation map[string]Number `json:"deviation"`
}

// Ignored is the label of a place that counts for nothing.
const Ignored = -100

// LMOptions are all settings of a language model.
type LMOptions struct {
	Vocab  int `json:"vocab"`
	Layers int `json:"layers"`
	// Tied means that the decoder's weight is the encoder's.
	Tied bool `json:"tied"`

	// Dim is the width of the embedding of an lstm-lm, Hidden that of its LSTM.
	Dim    int `json:"dim"`
	Hidden int `json:"hidden"`

	// The rest is a transformer-lm's. Width is that of the embedding and FF that
	// inside a layer.
	Width int `json:"width"`
	Heads int `json:"heads"`
	FF    int `json:"ff"`
	// Context is the number of rows of pos_encoder.weight, and the most tokens.
	Context int `json:"context"`
	// Positions is "learned", "sinusoidal" or "none".
	Positions string `json:"positions"`
	// PreNorm means norm_first, and a norm after the last layer.
	PreNorm    bool   `json:"pre_norm"`
	Causal     bool   `json:"causal"`
	Activation string `json:"activation"` // "relu" or "gelu"
}

// LMNames lists the language models that LoadLM knows, in alphabetical order.
func LMNames() ([]string, error) { return fixtures("lm") }

// LoadLM reads the fixture of one language model.
func LoadLM(name string) (*LM, error) {
	m := new(LM)
	return m, load("lm/"+name+".json.gz", m)
}
