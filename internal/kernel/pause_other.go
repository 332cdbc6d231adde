//go:build !amd64 && !arm64

package kernel

import "runtime"

// pause lets other goroutines run; there is no cheaper wait here.
func pause(int) { runtime.Gosched() }
