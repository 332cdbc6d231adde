package parity

// GAN is what PyTorch computes for a generator and its discriminator: with
// running statistics, and in a few alternating steps of training.
//
// In a step the discriminator sees the real images and the generated ones in
// passes of their own, each with the batch's own statistics, the images without
// a way back to the generator. It takes a step down the sum of both losses, BCE
// with logits for real 1 and for generated 0. Then it sees the same generated
// images once more, with its new weights, and the generator takes a step down
// the loss for 1. The norms' running statistics follow every pass: three a step
// in the discriminator.
type GAN struct {
	Name string `json:"name"`
	// Model is "gan" or "dcgan".
	Model string `json:"model"`
	// Optimizer is that of each side.
	Optimizer Optimizer `json:"optimizer"`
	// Batches has one for each of Steps.
	Batches []GANBatch `json:"batches"`
	// State is the state dict of both sides, generator.* and then discriminator.*,
	// in PyTorch's order, without num_batches_tracked.
	State []Param `json:"state"`
	// Eval comes from the running statistics, before the first step.
	Eval GANOutputs `json:"eval"`
	// Outputs are those of the first step, before the discriminator's update.
	Outputs GANOutputs `json:"outputs"`
	// Grads are the gradients with which the first step updates each parameter,
	// in the order of State.
	Grads []Want `json:"grads"`
	// Running are the buffers after the first step. After holds the norms of the
	// parameters then, and no elements.
	Running []Want `json:"running"`
	After   []Want `json:"after"`
	// Steps has what every step prints.
	Steps []GANStep `json:"steps"`
	// Deviation is by how much PyTorch's float32 strays from these results, by
	// the JSON name of the field.
	Deviation map[string]Number `json:"deviation"`
}

// GANBatch is the noise (N, 100) or (N, 100, 1, 1) and the real images (N, C, H,
// W) of a step.
type GANBatch struct {
	Z    Tensor `json:"z"`
	Real Tensor `json:"real"`
}

// GANOutputs are the generated images (N, C, H, W) and the discriminator's
// logits (N) for the real ones and for those.
type GANOutputs struct {
	Samples    Want `json:"samples"`
	RealLogits Want `json:"real_logits"`
	FakeLogits Want `json:"fake_logits"`
}

// GANStep is what a step prints: the losses, and the means of the sigmoids of
// the discriminator's logits.
type GANStep struct {
	LossD Number `json:"loss_d"` // of real and generated images, summed
	LossG Number `json:"loss_g"`
	DX    Number `json:"d_x"`    // for real images
	DGZ1  Number `json:"d_g_z1"` // for generated ones, before the discriminator's update
	DGZ2  Number `json:"d_g_z2"` // for the same ones after it
}

// GANNames lists the fixtures that LoadGAN knows, in alphabetical order.
func GANNames() ([]string, error) { return fixtures("gan") }

// LoadGAN reads the fixture of a generator and its discriminator.
func LoadGAN(name string) (*GAN, error) {
	g := new(GAN)
	return g, load("gan/"+name+".json.gz", g)
}
