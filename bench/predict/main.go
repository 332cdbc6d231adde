// Command predict is our side of the race from the start of a process to its
// first prediction: it loads weights from a file, classifies one image, prints
// the class and waits until its standard input ends.
//
//	predict [-threads N] MODEL SIZE FILE
//	predict -write MODEL SIZE FILE        makes the file
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/pattern"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "predict:", err)
		os.Exit(1)
	}
}

func run(args []string, in io.Reader, out io.Writer) error {
	flags := flag.NewFlagSet("predict", flag.ContinueOnError)
	write := flags.Bool("write", false, "write random weights and end")
	threads := flags.Int("threads", runtime.NumCPU(), "threads")
	if err := flags.Parse(args); err != nil {
		return err
	}
	size, err := strconv.Atoi(flags.Arg(1))
	if flags.NArg() != 3 || err != nil || *threads < 1 {
		return errors.New("want MODEL SIZE FILE, and at least one thread")
	}
	runtime.GOMAXPROCS(*threads)
	m, err := zoo.New(flags.Arg(0), zoo.WithInput(3, size, size))
	if err != nil {
		return err
	}
	if *write {
		return save(m, flags.Arg(2))
	}
	class, err := first(m, size, flags.Arg(2))
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(out, class); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, in)
	return err
}

// save writes random weights.
func save(m *zoo.Model, path string) error {
	p, err := m.Init(1)
	if err != nil {
		return err
	}
	return weights.Save(path, p, weights.Meta{Model: m.Name()})
}

// first loads the weights and returns the class of the first image.
func first(m *zoo.Model, size int, path string) (int, error) {
	p := graph.NewParams(0)
	g, err := m.Graph(p, graph.Infer, 1, graph.WithoutValues())
	if err != nil {
		return 0, err
	}
	if _, err := weights.LoadInto(path, p, weights.Deferred()); err != nil {
		return 0, err
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		return 0, err
	}
	if err := program.Let("x", pattern.Images(1, size)); err != nil {
		return 0, err
	}
	if err := program.Run(); err != nil {
		return 0, err
	}
	logits, err := program.Output("logits")
	if err != nil {
		return 0, err
	}
	return largest(logits.Float32s()), nil
}

// largest is the index of the largest value.
func largest(v []float32) int {
	best := 0
	for i := range v {
		if v[i] > v[best] {
			best = i
		}
	}
	return best
}
