package parity

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// Net is what PyTorch computes for one network and one batch: evaluation, and
// one forward and backward pass of training.
type Net struct {
	// Name is the fixture's. Model is the registered model, with Options laid
	// over it.
	Name    string     `json:"name"`
	Model   string     `json:"model"`
	Options NetOptions `json:"options"`
	// Input is (N, C, H, W) and Labels has a class for each of the N.
	Input  Tensor `json:"input"`
	Labels []int  `json:"labels"`
	// State is the state dict in PyTorch's order, without num_batches_tracked.
	State []Param `json:"state"`
	// Logits (N, classes) and EvalLoss come from the running statistics.
	Logits   Want   `json:"logits"`
	EvalLoss Number `json:"eval_loss"`
	// EvalGrads are the gradients of EvalLoss, of a few networks.
	EvalGrads []Want `json:"eval_grads"`
	// Loss is the mean cross-entropy in training mode, Grads are its gradients,
	// Running the running statistics after the step, none without norms.
	Loss    Number `json:"loss"`
	Grads   []Want `json:"grads"`
	Running []Want `json:"running"`
	// Deviation is by how much PyTorch's float32 strays from these results, by
	// the JSON name of the field.
	Deviation map[string]Number `json:"deviation"`
}

// Param is an entry of a state dict.
type Param struct {
	Tensor
	Buffer bool `json:"buffer"`
}

// NetOptions are the settings in which a network differs from the registered
// one; zero values mean that it does not.
type NetOptions struct {
	NumClasses int `json:"num_classes"`
	InChannels int `json:"in_channels"`
	// Block is "basic" or "bottleneck", Layers the number of them by stage: given
	// where no registered model is the starting point.
	Block         string  `json:"block"`
	Layers        []int   `json:"layers"`
	Groups        int     `json:"groups"`
	WidthPerGroup int     `json:"width_per_group"`
	NormEps       float64 `json:"norm_eps"`
	NormMomentum  float64 `json:"norm_momentum"`
	// Stem is "cifar" for a 3x3 convolution of stride 1 and no pool.
	Stem                      string `json:"stem"`
	ReplaceStrideWithDilation []bool `json:"replace_stride_with_dilation"`
}

// NetNames lists the networks that LoadNet knows, in alphabetical order.
func NetNames() ([]string, error) { return fixtures("models") }

// LoadNet reads the fixture of one network.
func LoadNet(name string) (*Net, error) {
	n := new(Net)
	return n, load("models/"+name+".json.gz", n)
}

// fixtures lists the .json.gz files of a sub-folder, without that ending.
func fixtures(sub string) ([]string, error) {
	dir, err := folder()
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(filepath.Join(dir, sub))
	if err != nil {
		return nil, errors.Wrap(err, "parity fixtures")
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".json.gz"); ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}
