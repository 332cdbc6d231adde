package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// process answers requests on its standard input, a line each, with a line of
// JSON each; bench/README.md has the protocol.
type process struct {
	greeting greeting
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Scanner
}

// greeting is the first line of a process, answer any other.
type (
	greeting struct {
		Name  string                     `json:"name"`
		Kinds map[workload.Kind][]string `json:"kinds"`
		// Only has the variants that not all models have, and the models that do.
		Only map[workload.Kind]map[string][]string `json:"only,omitempty"`
	}
	answer struct {
		MS    []float64 `json:"ms,omitempty"`
		Error string    `json:"error,omitempty"`
	}
)

// startProcess starts a process and reads its greeting. The context ends it.
func startProcess(ctx context.Context, command ...string) (*process, error) {
	p, stderr, err := launch(ctx, command...)
	if err != nil {
		return nil, err
	}
	if err := p.read(&p.greeting); err != nil {
		p.Close()
		return nil, errors.Errorf("%s: %s", command[0], stderr.last(err))
	}
	return p, nil
}

// launch starts a process with pipes.
func launch(ctx context.Context, command ...string) (*process, *tail, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	stderr := new(tail)
	cmd.Stderr = stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, errors.Wrap(err, command[0])
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, errors.Wrap(err, command[0])
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, errors.Wrap(err, command[0])
	}
	p := &process{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	p.out.Buffer(nil, 1<<24)
	return p, stderr, nil
}

// ask sends a line and reads the answer.
func (p *process) ask(words ...any) (a answer, err error) {
	if _, err := fmt.Fprintln(p.in, words...); err != nil {
		return a, errors.Wrap(err, "asking the process")
	}
	if err := p.read(&a); err != nil {
		return a, err
	}
	if a.Error != "" {
		return a, errors.New(a.Error)
	}
	return a, nil
}

func (p *process) read(v any) error {
	line, err := p.line()
	if err != nil {
		return err
	}
	return errors.Wrapf(json.Unmarshal([]byte(line), v), "the process said %.80q", line)
}

func (p *process) line() (string, error) {
	if !p.out.Scan() {
		if err := p.out.Err(); err != nil {
			return "", errors.Wrap(err, "reading from the process")
		}
		return "", errors.New("the process has ended")
	}
	return p.out.Text(), nil
}

// Memory is the largest resident set of the process so far in bytes, without
// its children; 0 where the system does not tell, as Linux does.
func (p *process) Memory() int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		var kB int64
		if n, _ := fmt.Sscanf(string(line), "VmHWM: %d kB", &kB); n == 1 {
			return kB << 10
		}
	}
	return 0
}

// Close ends the input of the process and waits for its end.
func (p *process) Close() error {
	p.in.Close()
	return p.cmd.Wait()
}

// tail keeps the last of what a process writes.
type tail struct{ text []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(b), nil
}

// last is the last line written that names an error, as Python's and Node's do
// at the end of a trace, or err.
func (t *tail) last(err error) string {
	lines := strings.Split(string(t.text), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		if strings.Contains(lines[i], "Error: ") {
			return lines[i]
		}
	}
	return err.Error()
}
