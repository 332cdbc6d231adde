//go:build unix

package main

import (
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestInterruptTwice interrupts a process that cannot stop by itself, since it
// waits for settings that never come: the first signal is taken as a request, the
// second ends it.
func TestInterruptTwice(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "settings.yaml")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	c, _, stderr := begin(t, "--config", pipe)
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // returns when the process reads: it has begun
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range 600 {
			if c.Process.Signal(os.Interrupt) != nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		c.Process.Kill()
	}()
	io.Copy(io.Discard, c.out)
	c.Wait()
	<-ended
	status, ok := c.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("the process ended with %v, want it to be ended by the signal\n%s", c.ProcessState, stderr)
	}
}
