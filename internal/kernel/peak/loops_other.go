//go:build !amd64

package peak

func nativeLoops() []Loop { return nil }
