//go:build !amd64 && !arm64

package kernel

var tileSets = byTier[tileSet]{Generic: genericTiles}
