package kernel

// pause waits for n YIELD instructions. n must be positive.
//
//go:noescape
func pause(n int)
