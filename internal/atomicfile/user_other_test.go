//go:build !linux

package atomicfile

// ordinaryUser is of use where root may be asked to be another user.
func ordinaryUser() (restore func()) { return func() {} }
