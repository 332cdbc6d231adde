package cli

import (
	"fmt"
	"io"

	"github.com/pkg/errors"
	"github.com/spf13/pflag"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

// FittingFlags are the flags for weights that do not fit as they are.
type FittingFlags struct {
	names               string
	partial, adaptInput bool
}

// Define adds the flags.
func (f *FittingFlags) Define(flags *pflag.FlagSet) {
	flags.StringVar(&f.names, "map", "", "`FILE` of other names for the tensors: lines of a regular expression and a new name, or - for none")
	flags.BoolVar(&f.partial, "no-strict", false, "load the names that weights and model have in common, and tell of the rest")
	flags.BoolVar(&f.adaptInput, "adapt-input", false, "bring the first convolution to the model's input channels: three to one by their sum")
}

// NeedsModel returns a flag that was given and means nothing without a model to
// fit, "" for none.
func (f *FittingFlags) NeedsModel() string {
	switch {
	case f.partial:
		return "--no-strict"
	case f.adaptInput:
		return "--adapt-input"
	}
	return ""
}

// Fitting returns what the flags say. What is changed or left out is told on stderr
// by the command of that name.
func (f *FittingFlags) Fitting(stderr io.Writer, command string) (*weights.Fitting, error) {
	fitting := &weights.Fitting{
		Partial: f.partial, AdaptInput: f.adaptInput,
		Report: func(message string) { fmt.Fprintf(stderr, "%s: %s\n", command, message) },
	}
	if f.names == "" {
		return fitting, nil
	}
	var err error
	fitting.Names, err = weights.ReadNameMap(f.names)
	return fitting, errors.WithMessage(err, "--map")
}
