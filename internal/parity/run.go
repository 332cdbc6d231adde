package parity

// Run is a short training of a network by PyTorch.
type Run struct {
	Name      string     `json:"name"`
	Model     string     `json:"model"`
	Options   NetOptions `json:"options"`
	Optimizer Optimizer  `json:"optimizer"`
	// Batches take turns: step i takes Batches[i % len(Batches)].
	Batches []Batch `json:"batches"`
	// Freeze are patterns of parameters that PyTorch leaves as they are, with their
	// norms in evaluation mode, and LRScale are pattern=factor of parameter groups with
	// a learning rate of their own.
	Freeze  []string `json:"freeze"`
	LRScale []string `json:"lr_scale"`
	// State is the state dict before the first step.
	State []Param `json:"state"`
	// Losses are the losses of the steps, each before its update.
	Losses []Number `json:"losses"`
	// After holds the norm of every entry of the state dict after the last step,
	// and no elements.
	After []Want `json:"after"`
	// Deviation is by how much PyTorch's float32 strays, relatively, from "losses"
	// and from the norms of "after".
	Deviation map[string]Number `json:"deviation"`
}

// Batch is a batch (N, C, H, W) with its N labels.
type Batch struct {
	X      Tensor `json:"x"`
	Labels []int  `json:"labels"`
}

// Optimizer is a class of torch.optim, SGD, Adam, AdamW or RMSprop, and its
// settings; zero values mean PyTorch's defaults.
type Optimizer struct {
	Name        string    `json:"name"`
	LR          float64   `json:"lr"`
	Momentum    float64   `json:"momentum"`
	Nesterov    bool      `json:"nesterov"`
	Betas       []float64 `json:"betas"` // two of them, or none
	Eps         float64   `json:"eps"`
	WeightDecay float64   `json:"weight_decay"`
	// MaxNorm is that of clip_grad_norm_, which comes before the step; 0: none.
	MaxNorm float64 `json:"max_norm"`
}

// RunNames lists the trainings that LoadRun knows, in alphabetical order.
func RunNames() ([]string, error) { return fixtures("train") }

// LoadRun reads the fixture of one training.
func LoadRun(name string) (*Run, error) {
	r := new(Run)
	return r, load("train/"+name+".json.gz", r)
}
