//go:build !amd64 && !arm64

package kernel

// nativeTiers returns nothing: there is only plain Go for this architecture.
func nativeTiers() []Tier { return nil }
