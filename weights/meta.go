package weights

import (
	"github.com/pkg/errors"
	"go.yaml.in/yaml/v3"
)

// Meta says what the tensors of an Archive are and how to use them. Everything
// in it is optional.
type Meta struct {
	// Model is the registered name of the model, "resnet18", and Config its
	// configuration as YAML; see SetConfig.
	Model  string `json:"model,omitempty"`
	Config string `json:"config,omitempty"`
	// Classes are the names of a classifier's classes, by index.
	Classes []string `json:"classes,omitempty"`
	// Vocabulary are the tokens of a language model.
	Vocabulary *Vocabulary `json:"vocabulary,omitempty"`
	// Input says how the data must be prepared.
	Input Input `json:"input,omitzero"`
	// Epoch and Step count what the training has completed.
	Epoch int `json:"epoch,omitempty"`
	Step  int `json:"step,omitempty"`
	// Metrics are what was measured, by name: "top1", in [0, 1], "loss".
	Metrics map[string]float64 `json:"metrics,omitempty"`
	// Recipe are the settings of the training as YAML, those of train.Config without
	// the places of files.
	Recipe string `json:"recipe,omitempty"`
	// Source says where the weights come from, a run or an address, and License
	// under which terms (an SPDX identifier, "Apache-2.0").
	Source  string `json:"source,omitempty"`
	License string `json:"license,omitempty"`
	// Notes are anything else, by name.
	Notes map[string]string `json:"notes,omitempty"`
}

// Vocabulary is what the tokens of a language model stand for.
type Vocabulary struct {
	// Unit is what a token is, "character" or "word", and Tokens are the tokens by
	// their indices.
	Unit   string   `json:"unit"`
	Tokens []string `json:"tokens"`
}

// Input describes what an image model expects.
type Input struct {
	// Channels, Height and Width are the shape of an image.
	Channels int `json:"channels,omitempty"`
	Height   int `json:"height,omitempty"`
	Width    int `json:"width,omitempty"`
	// Resize is the size to which the shorter side is brought before (Height,
	// Width) is cut from the centre; 0 for images that are not resized.
	Resize int `json:"resize,omitempty"`
	// Interpolation is that of the resize, "bilinear" or "bicubic".
	Interpolation string `json:"interpolation,omitempty"`
	// Mean and Std normalise pixels in [0, 1], one value a channel.
	Mean []float32 `json:"mean,omitempty"`
	Std  []float32 `json:"std,omitempty"`
}

// SetConfig keeps the configuration of a model, such as a *zoo.ResNet, as YAML.
func (m *Meta) SetConfig(config any) error {
	text, err := yaml.Marshal(config)
	if err != nil {
		return errors.Wrap(err, "model configuration")
	}
	m.Config = string(text)
	return nil
}

// DecodeConfig fills a configuration with what SetConfig kept; zoo.WithConfig
// takes it as it is. Without a Config it changes nothing.
func (m *Meta) DecodeConfig(into any) error { return yaml.Unmarshal([]byte(m.Config), into) }
