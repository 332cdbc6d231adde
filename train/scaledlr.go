package train

import "github.com/pkg/errors"

// ScaledLR is the largest learning rate of a run: that of the optimiser or, with
// LRBaseBatch, that times the images or sequences of a step by LRBaseBatch.
func (c *Config) ScaledLR() float64 {
	if c.LRBaseBatch == 0 {
		return c.Optimizer.LR
	}
	return c.Optimizer.LR * float64(c.BatchSize*c.Accumulate) / float64(c.LRBaseBatch)
}

func (c *Config) validateBaseBatch() error {
	if c.LRBaseBatch < 0 {
		return errors.Errorf("lr_base_batch %d, want at least 1, or 0 for a learning rate that is not scaled", c.LRBaseBatch)
	}
	return nil
}
