//go:build !linux

package freememory

type unknown struct{}

var system unknown

func (unknown) bytes() (int64, bool) { return 0, false }
