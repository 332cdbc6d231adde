package parity

// Size is the size of a network that is no classifier, as PyTorch's modules
// have it.
type Size struct {
	// Model is lstm-lm or transformer-lm, or a side of a pair: gan-generator,
	// gan-discriminator, dcgan-generator, dcgan-discriminator.
	Model string `json:"model"`
	// Input is the shape of one image, or of the noise of one; nil for a language
	// model, which has Options.
	Input   []int     `json:"input"`
	Options LMOptions `json:"options"`
	Params  int       `json:"params"`
	// MACs are the multiply-adds of convolutions and linear layers for one image,
	// or of all products with a weight for one token: attention's own grow with
	// the number of tokens and are not counted. A transposed convolution counts
	// as the convolution whose gradient it is, padding included.
	MACs int64 `json:"macs"`
}

// Sizes are the sizes of the networks that Counts lacks.
func Sizes() ([]Size, error) {
	var s []Size
	return s, load("sizes.json", &s)
}
