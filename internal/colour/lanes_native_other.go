//go:build !amd64

package colour

func saturateLanes(r, g, b []uint8, factor float32) int { return 0 }

func turnLanes(r, g, b []uint8, steps uint8) int { return 0 }

func normalizeLanes(dst []float32, src []uint8, mean, std float32) bool { return false }
