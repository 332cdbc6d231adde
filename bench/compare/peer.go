package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// peerCommands are the programs that may be peers, by the script in bench/peers;
// the first interpreter that can run it is taken.
var peerCommands = []struct {
	script       string
	interpreters []string
}{
	{"torch_bench.py", []string{"python3", "/usr/bin/python3", "python"}},
	{"ort_bench.js", []string{"node"}},
}

// peer is a process that answers requests on its standard input, a line each,
// with a line of JSON each; bench/README.md has the protocol.
type peer struct {
	name  string
	kinds map[kind][]string
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
}

// greeting is the first line of a peer, answer any other.
type (
	greeting struct {
		Name  string            `json:"name"`
		Kinds map[kind][]string `json:"kinds"`
	}
	answer struct {
		MS    []float64 `json:"ms"`
		Error string    `json:"error"`
	}
)

// startPeers starts the peers that this machine has, and says which it lacks.
func startPeers(ctx context.Context, root string, threads int) (peers []*peer, missing []string) {
	for _, c := range peerCommands {
		script := filepath.Join(root, "bench", "peers", c.script)
		var reasons []string
		for _, interpreter := range c.interpreters {
			p, err := startPeer(ctx, interpreter, script, "--threads", strconv.Itoa(threads))
			if err == nil {
				peers = append(peers, p)
				reasons = nil
				break
			}
			reasons = append(reasons, err.Error())
		}
		if reasons != nil {
			missing = append(missing, c.script+": "+strings.Join(reasons, "; "))
		}
	}
	return peers, missing
}

// startPeer starts a process and reads its greeting.
func startPeer(ctx context.Context, name string, args ...string) (*peer, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var stderr tail
	cmd.Stderr = &stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Wrap(err, name)
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Wrap(err, name)
	}
	p := &peer{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	p.out.Buffer(nil, 1<<24)
	var g greeting
	if err := p.read(&g); err != nil {
		p.Close()
		return nil, errors.Errorf("%s: %s", name, stderr.last(err))
	}
	p.name, p.kinds = g.Name, g.Kinds
	return p, nil
}

// Name is what the peer calls itself.
func (p *peer) Name() string { return p.name }

// Variants are those that the peer offers.
func (p *peer) Variants(k kind) []string { return p.kinds[k] }

// Time asks the peer for n runs. The context ends the process.
func (p *peer) Time(_ context.Context, w workload, variant string, n int) ([]float64, error) {
	if _, err := fmt.Fprintln(p.in, "run", w.Model, w.Kind, variant, w.Batch, w.Size, n); err != nil {
		return nil, errors.Wrap(err, "asking the peer")
	}
	var a answer
	if err := p.read(&a); err != nil {
		return nil, err
	}
	if a.Error != "" {
		return nil, errors.New(a.Error)
	}
	if len(a.MS) != n {
		return nil, errors.Errorf("the peer timed %d runs, want %d", len(a.MS), n)
	}
	return a.MS, nil
}

// Close ends the process.
func (p *peer) Close() error {
	p.in.Close()
	return p.cmd.Wait()
}

func (p *peer) read(v any) error {
	if !p.out.Scan() {
		if err := p.out.Err(); err != nil {
			return errors.Wrap(err, "reading from the peer")
		}
		return errors.New("the peer has ended")
	}
	return errors.Wrapf(json.Unmarshal(p.out.Bytes(), v), "the peer said %.80q", p.out.Text())
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
