// Command compare times this module beside its peers on the same machine, turn
// by turn, and writes a table.
//
//	go run ./bench/compare [-only PATTERN] [-rounds N] [-threads N] [-out FILE]
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
	"time"

	"github.com/pkg/errors"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("compare", flag.ExitOnError)
	only := flags.String("only", "*", "workloads to run, a `pattern` for names such as resnet18-train-b8")
	rounds := flags.Int("rounds", 7, "turns that each contender takes")
	turn := flags.Duration("turn", time.Second, "how long a turn is; at least three runs are made")
	threads := flags.Int("threads", runtime.NumCPU(), "threads of each contender")
	out := flags.String("out", "", "markdown `file` to write; default bench/results/DATE-CPU.md")
	root := flags.String("root", ".", "the module's `folder`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *rounds < 1 || *threads < 1 {
		return errors.Errorf("want flags only, and at least one round and one thread; see -help")
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(*threads)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	contenders := []contender{new(ours)}
	peers, missing := startPeers(ctx, *root, *threads)
	for _, p := range peers {
		defer p.Close()
		contenders = append(contenders, p)
	}
	for _, m := range missing {
		fmt.Fprintln(os.Stderr, "left out:", m)
	}
	r := report{Machine: thisMachine(*root, *threads), Contenders: contenders}
	for _, w := range chosen {
		results, err := match(ctx, w, contenders, *rounds, *turn)
		if err != nil {
			return errors.Wrap(err, w.Name())
		}
		row := row{w, results}
		r.Rows = append(r.Rows, row)
		fmt.Println(row)
	}
	if *out == "" {
		*out = filepath.Join(*root, "bench", "results", r.Machine.file())
	}
	return r.write(*out)
}
