// Package cli is what the commands have in common: how they end, and how they
// speak of a call that is wrong.
package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
)

// Exit statuses, beside 0.
const (
	Failed   = 1
	BadUsage = 2
)

// usageError is an error in how the program was called.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Usage marks an error as one in how the program was called; nil remains nil.
func Usage(err error) error {
	if err == nil {
		return nil
	}
	return usageError{err}
}

// Prepare makes a command, and those below it, leave errors to Report: without
// the text of --help, and with what was perhaps meant by an unknown name.
func Prepare(c *cobra.Command) {
	c.SilenceErrors, c.SilenceUsage = true, true
	c.CompletionOptions.HiddenDefaultCmd = true
	c.SetFlagErrorFunc(flagError) // holds for the commands below too
	if c.Args == nil && c.HasSubCommands() {
		c.Args = noCommand
	}
	if check := c.Args; check != nil {
		c.Args = func(c *cobra.Command, args []string) error {
			if err := check(c, args); err != nil {
				return Usage(argsError(c, args, err))
			}
			return Usage(c.ValidateFlagGroups())
		}
	}
	for _, sub := range c.Commands() {
		Prepare(sub)
	}
}

// Report prints an error after the name of the program and returns the exit
// status for it.
func Report(w io.Writer, program string, err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(w, "%s: %v\n", program, err)
	if u := (usageError{}); errors.As(err, &u) {
		return BadUsage
	}
	return Failed
}

// noCommand refuses what should have been a command.
func noCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			names = append(names, sub.Name())
		}
	}
	return errors.Errorf("no command %q; %s", args[0], nearest.Hint(args[0], names))
}

// argsError says how the command is called, where cobra counts arguments.
func argsError(c *cobra.Command, args []string, err error) error {
	if c.HasSubCommands() {
		return err
	}
	call := strings.TrimSuffix(c.UseLine(), " [flags]")
	if len(args) == 0 {
		return errors.Errorf("an argument is missing, want %s", call)
	}
	return errors.Errorf("found %s, want %s", strings.Join(args, " "), call)
}

// wants is what values of flags must be, by the type that --help has for them.
var wants = map[string]string{"int": "a whole number", "float64": "a number"}

// flagError says what was wrong with a flag, and which flags were perhaps meant.
func flagError(c *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		if want, ok := wants[invalid.GetFlag().Value.Type()]; ok {
			return Usage(errors.Errorf("invalid argument %q for %q flag: want %s", invalid.GetValue(), "--"+invalid.GetFlag().Name, want))
		}
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return Usage(err)
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	name := unknown.GetSpecifiedName()
	near := nearest.Of(name, names)
	if len(near) == 0 {
		return Usage(errors.Errorf("no flag --%s; see %s --help", name, c.CommandPath()))
	}
	return Usage(errors.Errorf("no flag --%s; did you mean --%s?", name, strings.Join(near, " or --")))
}
