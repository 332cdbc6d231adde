package parity

// Count is the size of a network as PyTorch's modules have it, and as it was
// published.
type Count struct {
	Model string `json:"model"`
	// Input is (C, H, W).
	Input  [3]int `json:"input"`
	Params int    `json:"params"`
	// MACs are the multiply-adds of convolutions and linear layers for one image.
	MACs int64 `json:"macs"`
	// PublishedParams is num_params of torchvision's weights and PublishedGMACs
	// the column GFLOPS of its table, for the ImageNet networks.
	PublishedParams int     `json:"published_params"`
	PublishedGMACs  float64 `json:"published_gmacs"`
	// PublishedMillions of parameters are those of He et al. 2015, table 6, for
	// the CIFAR networks.
	PublishedMillions float64 `json:"published_millions"`
}

// Counts are the sizes of all networks.
func Counts() ([]Count, error) {
	var c []Count
	return c, load("counts.json", &c)
}
