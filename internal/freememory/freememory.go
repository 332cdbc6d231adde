// Package freememory tells how much memory a process may take.
package freememory

// Bytes returns how much memory this process may have in all, what it has already
// included, before others suffer or it is ended; false where nobody tells.
func Bytes() (int64, bool) { return system.bytes() }
