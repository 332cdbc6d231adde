//go:build !amd64

package kernel

// These leave all to plain Go.
func layRowsNative(_, _ []float32, _, _, _, _, _ int) bool { return false }

func gatherNative(_, _ []float32, _, _ int, _ []int64, _ []int32) bool { return false }

func interleaveNative(_, _, _ []float32) int { return 0 }
