package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// contender can be measured at workloads.
type contender interface {
	// Name tells the contender and its version.
	Name() string
	// Variants are the ways in which it does a workload, "eager" and "frozen"; none
	// if it cannot.
	Variants(workload.Workload) []string
	// Enter makes a player that does a variant of a workload and nothing else.
	Enter(ctx context.Context, w workload.Workload, variant string) (player, error)
}

// player does one variant of a workload, in a process of its own.
type player interface {
	// Time makes one run that does not count and then n that do, and returns the
	// milliseconds of each.
	Time(n int) ([]float64, error)
	// Memory is the most bytes that the process has had in memory so far, 0 where
	// the system does not tell.
	Memory() int64
	Close() error
}

// program is a contender: how its processes are started, and what it said when
// one was tried.
type program struct {
	name    string
	kinds   map[workload.Kind][]string
	only    map[workload.Kind]map[string][]string
	serve   []string // answers requests, see peer; --threads N included
	predict []string // makes one prediction, see starter; nil if there is none
	folder  string   // for files of weights
	threads int
}

func (p *program) Name() string { return p.name }

func (p *program) Variants(w workload.Workload) []string {
	variants := slices.Clone(p.kinds[w.Kind])
	for variant, models := range p.only[w.Kind] {
		if slices.Contains(models, w.Model) {
			variants = append(variants, variant)
		}
	}
	slices.Sort(variants[len(p.kinds[w.Kind]):])
	return variants
}

func (p *program) Enter(ctx context.Context, w workload.Workload, variant string) (player, error) {
	if w.Kind == workload.Start {
		return p.newStarter(ctx, w)
	}
	return startPeer(ctx, w, variant, p.serve...)
}

// peerScripts are the programs that may be peers: scripts in bench/peers, of
// which the first interpreter that can run them is taken, and what their variant
// of Start is called.
var peerScripts = []struct {
	bench, predict, start string
	interpreters          []string
}{
	{"torch_bench.py", "torch_predict.py", "state dict", []string{"python3", "/usr/bin/python3", "python"}},
	{"ort_bench.js", "ort_predict.js", "model file", []string{"node"}},
}

// findPeers tries the peers that this machine may have, and says which it lacks.
func findPeers(ctx context.Context, root, folder string, threads int) (peers []contender, missing []string) {
	for _, s := range peerScripts {
		var reasons []string
		for _, interpreter := range s.interpreters {
			p, err := newProgram(ctx, folder, threads, interpreter, filepath.Join(root, "bench", "peers", s.bench))
			if err == nil {
				p.offerStart(s.start, interpreter, filepath.Join(root, "bench", "peers", s.predict))
				peers = append(peers, p)
				reasons = nil
				break
			}
			reasons = append(reasons, err.Error())
		}
		if reasons != nil {
			missing = append(missing, s.bench+": "+strings.Join(reasons, "; "))
		}
	}
	return peers, missing
}

// findOurs is this module: this command is its own server, and bench/predict is
// built for the race to the first prediction.
func findOurs(ctx context.Context, root, folder string, threads int) (contender, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, errors.Wrap(err, "this command")
	}
	p, err := newProgram(ctx, folder, threads, self, "--serve")
	if err != nil {
		return nil, err
	}
	binary := filepath.Join(folder, "predict")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./bench/predict")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return nil, errors.Errorf("building bench/predict: %v: %s", err, out)
	}
	p.offerStart("gob", binary)
	return p, nil
}

// newProgram starts the program once to hear what it can.
func newProgram(ctx context.Context, folder string, threads int, command ...string) (*program, error) {
	p := &program{serve: append(command, "--threads", strconv.Itoa(threads)), folder: folder, threads: threads}
	c, err := startProcess(ctx, p.serve...)
	if err != nil {
		return nil, err
	}
	p.name, p.kinds, p.only = c.greeting.Name, c.greeting.Kinds, c.greeting.Only
	return p, c.Close()
}

// offerStart adds the race to the first prediction.
func (p *program) offerStart(variant string, command ...string) {
	p.predict = command
	p.kinds[workload.Start] = []string{variant}
}
