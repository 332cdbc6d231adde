// Command growth measures how the cost of networks grows: with the batch, the
// size of the images, the depth and the number of threads, and how long graphs
// take to build.
//
//	go run ./bench/growth [-only batch,side,depth,procs,build] [-points N] [-page FILE]
//
// It writes a CSV file, in which the parts that were not measured stay as they
// were, and a plot for each part. See bench/README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/machine"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/page"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "growth:", err)
		os.Exit(1)
	}
}

// settings are the command's flags.
type settings struct {
	only             string
	points           int
	budget           time.Duration
	threads          int
	out, plots, page string
}

func run(args []string) error {
	var s settings
	flags := flag.NewFlagSet("growth", flag.ContinueOnError)
	flags.StringVar(&s.only, "only", "", "`parts` to measure, with commas between them; default all: batch, side, depth, procs, build")
	flags.IntVar(&s.points, "points", 0, "measure only so many points of each series, from the smallest; default all")
	flags.DurationVar(&s.budget, "budget", time.Second, "time for the runs of a point; at least three are made")
	flags.IntVar(&s.threads, "threads", runtime.NumCPU(), "threads")
	flags.StringVar(&s.out, "out", "", "CSV `file`; default bench/results/growth-CPU.csv")
	flags.StringVar(&s.plots, "plots", "", "`folder` for the plots; default docs")
	flags.StringVar(&s.page, "page", "", "markdown `file`, beside the plots, in which the tables of the sections growth-PART are replaced")
	root := flags.String("root", ".", "the module's `folder`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || s.points < 0 || s.threads < 1 {
		return errors.Errorf("want flags only, no negative number of points, and at least one thread; see -help")
	}
	chosen, err := choose(parts(), s.only)
	if err != nil {
		return err
	}
	m := machine.This(*root, s.threads)
	if s.out == "" {
		s.out = filepath.Join(*root, "bench", "results", "growth-"+m.Slug()+".csv")
	}
	if s.plots == "" {
		s.plots = filepath.Join(*root, "docs")
	}
	fmt.Println(m)
	return s.measure(chosen, meter{procs: s.threads, budget: s.budget, commit: m.Commit})
}

// choose returns the parts that are named, all of them if none is.
func choose(all []part, only string) (chosen []part, err error) {
	if only == "" {
		return all, nil
	}
	for _, name := range strings.Split(only, ",") {
		i := slices.IndexFunc(all, func(p part) bool { return p.name == strings.TrimSpace(name) })
		if i < 0 {
			return nil, errors.Errorf("there is no part %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// measure measures the parts, one after the other, and writes each when it is
// done.
func (s *settings) measure(chosen []part, m meter) error {
	t, err := openTable(s.out)
	if err != nil {
		return err
	}
	for _, p := range chosen {
		var points []point
		for _, series := range p.series {
			if s.points > 0 {
				series.steps = series.steps[:min(s.points, len(series.steps))]
			}
			measured, err := m.measure(p, series)
			if err != nil {
				return errors.Wrapf(err, "%s: %s", p.name, series.label)
			}
			points = append(points, measured...)
		}
		if err := t.replace(p.name, points); err != nil {
			return err
		}
		if err := s.show(p, t); err != nil {
			return err
		}
	}
	return nil
}

// show draws a part's plot and writes its table.
func (s *settings) show(p part, t *table) error {
	plot := "growth-" + p.name + ".svg"
	if err := p.draw(t, filepath.Join(s.plots, plot)); err != nil {
		return err
	}
	text := p.markdown(t)
	fmt.Printf("\n%s\n\n%s", p.title, text)
	if s.page == "" {
		return nil
	}
	return page.Replace(s.page, "growth-"+p.name, fmt.Sprintf("![%s](%s)\n\n%s", p.title, plot, text))
}
