package main

import (
	"os"
	"runtime/pprof"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

type runE = func(*cobra.Command, []string) error

// profiled returns a command that writes a CPU profile to the file, if there is
// a name for it.
func profiled(file *string, run runE) runE {
	return func(c *cobra.Command, args []string) error {
		if *file == "" {
			return run(c, args)
		}
		f, err := os.Create(*file)
		if err != nil {
			return errors.Wrap(err, "CPU profile")
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return errors.Wrap(err, "CPU profile")
		}
		defer pprof.StopCPUProfile()
		return run(c, args)
	}
}
