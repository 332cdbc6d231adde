package kernel

func (b *blockedConv) packedLen() int { return b.forwardPass.packedLen() }
func (c *implicit) packedLen() int    { return len(c.forwardPass.phases[0].weights) }
func (e *entry) packedLen() int       { return len(e.weights) }

// PackedLen returns the number of values of the packed weights.
func (c *Conv) PackedLen() int { return c.packedLen() }

// room returns the memory of the packed weights, which pack overwrites.
func (b *blockedConv) room() []float32 {
	if b.packed == nil {
		b.packed = Aligned(b.packedLen())
	}
	return b.packed
}

// room of an implicit is nil: its panels are padded with zeros, which stay.
func (c *implicit) room() []float32 { return nil }

func (e *entry) room() []float32 { return e.weights }

// Room returns memory that the caller may use for anything until the next Pack:
// that of the packed weights, or nil where Pack leaves some of it as it is.
func (c *Conv) Room() []float32 { return c.room() }
