package cli

import (
	"strings"
	"testing"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
)

func run(args ...string) (status int, stdout, stderr string) {
	root := &cobra.Command{Use: "prog", RunE: func(*cobra.Command, []string) error { return nil }}
	root.Flags().String("from", "", "")
	sub := &cobra.Command{Use: "inspect FILE", Args: cobra.ExactArgs(1), RunE: func(c *cobra.Command, args []string) error {
		if args[0] == "usage" {
			return errors.Wrap(Usage(errors.New("that is not how")), "inspect")
		}
		return errors.New("it failed")
	}}
	sub.Flags().Int("count", 0, "")
	root.AddCommand(sub)
	Prepare(root)
	var out, err strings.Builder
	root.SetOut(&out)
	root.SetErr(&err)
	root.SetArgs(args)
	status = Report(&err, "prog", root.Execute())
	return status, out.String(), err.String()
}

func TestReport(t *testing.T) {
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"", 0, ""},
		{"inspect a", Failed, "prog: it failed\n"},
		{"inspect usage", BadUsage, "prog: inspect: that is not how\n"},
		{"inspect", BadUsage, "prog: an argument is missing, want prog inspect FILE\n"},
		{"inspect a b", BadUsage, "prog: found a b, want prog inspect FILE\n"},
		{"inspct a", BadUsage, "prog: no command \"inspct\"; did you mean inspect?\n"},
		{"--form a", BadUsage, "prog: no flag --form; did you mean --from?\n"},
		{"--xyz", BadUsage, "prog: no flag --xyz; see prog --help\n"},
		{"inspect --cuont 1 a", BadUsage, "prog: no flag --cuont; did you mean --count?\n"},
		{"inspect --count x a", BadUsage, "prog: invalid argument \"x\" for \"--count\" flag: want a whole number\n"},
	} {
		status, stdout, stderr := run(strings.Fields(c.args)...)
		if status != c.status || stdout != "" || stderr != c.want {
			t.Errorf("%q: got %d, %q, %q, want %d, %q", c.args, status, stdout, stderr, c.status, c.want)
		}
	}
	if Usage(nil) != nil {
		t.Error("no error became one")
	}
}
