// Command roofline writes where the time of a network goes, layer by layer,
// beside what the machine could do.
//
//	go run ./bench/roofline [-only PATTERN] [-runs N] [-threads N] [-out FILE] [-page FILE]
//
// See bench/README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/machine"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/page"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// workloads are the networks that are looked into.
var workloads = []workload.Workload{
	{Model: "resnet18", Kind: workload.Inference, Batch: 1, Size: 224},
	{Model: "resnet18", Kind: workload.Inference, Batch: 8, Size: 224},
	{Model: "resnet18", Kind: workload.Training, Batch: 8, Size: 224},
	{Model: "resnet50", Kind: workload.Inference, Batch: 1, Size: 224},
	{Model: "resnet50", Kind: workload.Inference, Batch: 8, Size: 224},
	{Model: "resnet50", Kind: workload.Training, Batch: 8, Size: 224},
	{Model: "resnet20", Kind: workload.Inference, Batch: 128, Size: 32},
	{Model: "resnet20", Kind: workload.Training, Batch: 128, Size: 32},
	{Model: "lstm-lm", Kind: workload.Training, Batch: 32, Size: 64},
	{Model: "transformer-lm", Kind: workload.Training, Batch: 12, Size: 64},
	{Model: "gan", Kind: workload.Training, Batch: 64, Size: 28},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "roofline:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("roofline", flag.ExitOnError)
	only := flags.String("only", "*", "workloads to look into, a `pattern` for names such as resnet18-train-b8")
	runs := flags.Int("runs", 9, "runs that are timed")
	threads := flags.Int("threads", runtime.NumCPU(), "threads")
	out := flags.String("out", "", "markdown `file` to write; default bench/results/roofline-CPU.md")
	into := flags.String("page", "", "markdown `file` in which the tables of the sections roofline-WORKLOAD that it has are replaced")
	root := flags.String("root", ".", "the module's `folder`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *runs < 1 || *threads < 1 {
		return errors.Errorf("want flags only, and at least one run and one thread; see -help")
	}
	chosen, err := workload.Choose(workloads, *only)
	if err != nil {
		return err
	}
	runtime.GOMAXPROCS(*threads)
	m := machine.This(*root, *threads)
	roof := roof{machine.Peak(*threads), machine.CopyRate(*threads)}
	if *out == "" {
		*out = filepath.Join(*root, "bench", "results", "roofline-"+m.Slug()+".md")
	}
	heading := fmt.Sprintf("# Where the time goes, %s\n\n%s, %v.\nWritten by `go run ./bench/roofline`; [bench/README.md](../README.md) says how to read it.\n",
		m.Date.Format("2006-01-02"), m, roof)
	return inspectAll(chosen, *runs, roof, heading, *out, *into)
}

// inspectAll writes a table for each workload to standard output, to the file
// and, unless that is "", to the page.
func inspectAll(chosen []workload.Workload, runs int, roof roof, heading, out, into string) error {
	var all strings.Builder
	all.WriteString(heading)
	fmt.Println(heading)
	for _, w := range chosen {
		t, err := inspect(w, runs, roof)
		if err != nil {
			return errors.Wrap(err, w.Name())
		}
		fmt.Fprintf(&all, "\n## %v\n\n%v", w, t)
		fmt.Printf("%v\n\n%v\n", w, t)
		if into != "" {
			// A page need not have the tables of all workloads.
			if err := page.Replace(into, "roofline-"+w.Name(), t.String()); err != nil && !errors.Is(err, page.ErrNoSection) {
				return err
			}
		}
		runtime.GC()
	}
	return page.Write(out, all.String())
}
