// Command decode times the decoding of JPEG files beside Pillow, torchvision and the
// standard library, on one core, and writes a table.
//
//	go run ./bench/decode [-rounds N] [-turn TIME] [-out FILE] [-page FILE]
//
// It needs Python with Pillow, which makes the files. See bench/README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/machine"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/page"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "decode:", err)
		os.Exit(1)
	}
}

// settings are the command's flags.
type settings struct {
	rounds          int
	turn            time.Duration
	python          string
	out, page, root string
}

func (s *settings) parse(args []string) error {
	flags := flag.NewFlagSet("decode", flag.ExitOnError)
	flags.IntVar(&s.rounds, "rounds", 7, "turns that each contender takes for each file")
	flags.DurationVar(&s.turn, "turn", 40*time.Millisecond, "how long a turn is; at least three runs are made")
	flags.StringVar(&s.python, "python", "python3", "the `command` that runs Python")
	flags.StringVar(&s.out, "out", "", "markdown `file` to write; default bench/results/decode-CPU.md")
	flags.StringVar(&s.page, "page", "", "markdown `file` in which the table of the section decode is replaced")
	flags.StringVar(&s.root, "root", ".", "the module's `folder`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || s.rounds < 1 {
		return errors.New("want flags only, and at least one round; see -help")
	}
	return nil
}

func run(args []string) error {
	var s settings
	if err := s.parse(args); err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	folder, err := os.MkdirTemp("", "decode-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	p, err := startPeer(s.python, filepath.Join(s.root, "bench", "peers", "jpeg_decode.py"), folder)
	if err != nil {
		return err
	}
	defer p.Close()
	names, err := filepath.Glob(filepath.Join(folder, "*.jpg"))
	if err != nil || len(names) == 0 {
		return errors.Errorf("no files were written to %s", folder)
	}
	contenders := append(ours(), p.contenders()...)
	t := table{machine: machine.This(s.root, 1)}
	for _, c := range contenders {
		t.names = append(t.names, c.name)
	}
	for _, name := range names {
		row, err := s.race(name, contenders)
		if err != nil {
			return errors.Wrap(err, filepath.Base(name))
		}
		fmt.Println(row)
		t.rows = append(t.rows, row)
	}
	slices.SortFunc(t.rows, func(a, b row) int { return int(a.bytes - b.bytes) })
	if s.out == "" {
		s.out = filepath.Join(s.root, "bench", "results", "decode-"+t.machine.Slug()+".md")
	}
	if err := page.Write(s.out, t.page()); err != nil || s.page == "" {
		return err
	}
	return page.Replace(s.page, "decode", t.String())
}
