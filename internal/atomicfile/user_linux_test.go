package atomicfile

import (
	"os"
	"runtime"
	"syscall"
)

// ordinaryUser takes the right to write everywhere from the calling goroutine,
// in case the test is run by root, until the function that it returns is called.
func ordinaryUser() (restore func()) {
	if os.Geteuid() != 0 {
		return func() {}
	}
	runtime.LockOSThread() // the user of file operations is a thread's
	if syscall.Setfsuid(65534) != nil {
		return runtime.UnlockOSThread
	}
	return func() {
		syscall.Setfsuid(0)
		runtime.UnlockOSThread()
	}
}
