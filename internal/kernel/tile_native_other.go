//go:build !amd64

package kernel

var tileSets = byTier[tileSet]{Generic: genericTiles}
