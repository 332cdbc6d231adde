package kernel

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// hugePage is the size of a huge page of amd64 and of arm64 with pages of 4 KiB.
const hugePage = 2 << 20

// useHugePages asks the kernel to back whole huge pages of memory, which nobody
// has touched yet, as such. It is only advice: where it is not taken, nothing
// else changes.
func useHugePages(m []float32) {
	start := uintptr(unsafe.Pointer(unsafe.SliceData(m)))
	skip := int(-start & (hugePage - 1))
	size := (4*len(m) - skip) &^ (hugePage - 1)
	if size <= 0 {
		return
	}
	_ = unix.Madvise(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(m)), skip)), size), unix.MADV_HUGEPAGE)
}
