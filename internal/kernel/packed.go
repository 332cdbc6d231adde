package kernel

func (b *blockedConv) packedLen() int { return b.forwardPass.packedLen() }
func (c *implicit) packedLen() int    { return len(c.forwardPass.phases[0].weights) }
func (e *entry) packedLen() int       { return len(e.weights) }

// PackedLen returns the number of values of the packed weights.
func (c *Conv) PackedLen() int { return c.packedLen() }
