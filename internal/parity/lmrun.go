package parity

// LMRun is a short training of a language model by PyTorch, on windows of one
// text. An LSTM's hidden state is zero at the start and goes, without gradient,
// from step to step.
type LMRun struct {
	Name      string    `json:"name"`
	Model     string    `json:"model"`
	Options   LMOptions `json:"options"`
	Optimizer Optimizer `json:"optimizer"`
	// Batches has one for each step.
	Batches []LMBatch `json:"batches"`
	// State is the state dict before the first step.
	State []Param `json:"state"`
	// Losses are the losses of the steps, each before its update, and Norms the
	// L2 norms of all gradients together, before they are clipped.
	Losses []Number `json:"losses"`
	Norms  []Number `json:"norms"`
	// After holds the norm of every entry of State after the last step, and no
	// elements; Hn and Cn the hidden state then, nil for a Transformer.
	After []Want `json:"after"`
	Hn    *Want  `json:"hn"`
	Cn    *Want  `json:"cn"`
	// Deviation is by how much PyTorch's float32 strays from "losses", "norms",
	// the norms of "after" and, for an LSTM, "hidden".
	Deviation map[string]Number `json:"deviation"`
}

// LMBatch is a batch (N, T) of tokens with the token that follows each.
type LMBatch struct {
	Tokens [][]int `json:"tokens"`
	Labels []int   `json:"labels"` // row by row
}

// LMRunNames lists the trainings that LoadLMRun knows, in alphabetical order.
func LMRunNames() ([]string, error) { return fixtures("lm_train") }

// LoadLMRun reads the fixture of one training.
func LoadLMRun(name string) (*LMRun, error) {
	r := new(LMRun)
	return r, load("lm_train/"+name+".json.gz", r)
}
