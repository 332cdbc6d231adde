// Command compare times this module beside its peers on the same machine, turn
// by turn, and writes a table.
//
//	go run ./bench/compare [-only PATTERN] [-rounds N] [-threads N] [-out FILE] [-page FILE]
//
// It installs nothing: peers that are not there are left out. See
// bench/README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/machine"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/page"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

// settings are the command's flags.
type settings struct {
	only      string
	rounds    int
	turn      time.Duration
	threads   int
	out, page string
	root      string
	serve     bool
}

func (s *settings) parse(args []string) error {
	flags := flag.NewFlagSet("compare", flag.ExitOnError)
	flags.StringVar(&s.only, "only", "*", "workloads to run, a `pattern` for names such as resnet18-train-b8")
	flags.IntVar(&s.rounds, "rounds", 7, "turns that each contender takes")
	flags.DurationVar(&s.turn, "turn", time.Second, "how long a turn is; at least three runs are made")
	flags.IntVar(&s.threads, "threads", runtime.NumCPU(), "threads of each contender")
	flags.StringVar(&s.out, "out", "", "markdown `file` to write; default bench/results/DATE-CPU.md")
	flags.StringVar(&s.page, "page", "", "markdown `file` in which the tables of the sections compare and compare-generators are replaced, each if a workload of it was run")
	flags.StringVar(&s.root, "root", ".", "the module's `folder`")
	flags.BoolVar(&s.serve, "serve", false, "be the contender: answer requests on standard input")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || s.rounds < 1 || s.threads < 1 {
		return errors.Errorf("want flags only, and at least one round and one thread; see -help")
	}
	return nil
}

func run(args []string) error {
	var s settings
	if err := s.parse(args); err != nil {
		return err
	}
	if s.serve {
		runtime.GOMAXPROCS(s.threads)
		return serve(os.Stdin, os.Stdout)
	}
	chosen, err := workload.Choose(workloads, s.only)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	folder, err := os.MkdirTemp("", "compare-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	ours, err := findOurs(ctx, s.root, folder, s.threads)
	if err != nil {
		return err
	}
	peers, missing := findPeers(ctx, s.root, folder, s.threads)
	for _, m := range missing {
		fmt.Fprintln(os.Stderr, "left out:", m)
	}
	return s.compare(ctx, chosen, append([]contender{ours}, peers...))
}

// compare runs the matches and writes the report.
func (s *settings) compare(ctx context.Context, chosen []workload.Workload, contenders []contender) error {
	r := report{Machine: machine.This(s.root, s.threads)}
	for _, w := range chosen {
		results, err := match(ctx, w, contenders, s.rounds, s.turn)
		if err != nil {
			return errors.Wrap(err, w.Name())
		}
		row := row{w, results}
		r.Rows = append(r.Rows, row)
		fmt.Println(row)
	}
	if s.out == "" {
		s.out = filepath.Join(s.root, "bench", "results", r.file())
	}
	if err := page.Write(s.out, r.String()); err != nil || s.page == "" {
		return err
	}
	return r.replaceIn(s.page)
}
