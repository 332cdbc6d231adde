// Command images times what is done to images before a network sees them, the
// decoding of JPEG files and the transforms of data sets, beside Pillow, torchvision and
// the standard library, on one core, and writes two tables.
//
//	go run ./bench/images [-only decode|transforms] [-rounds N] [-turn TIME] [-out FILE] [-page FILE]
//
// It needs Python with Pillow, which makes the files. See bench/README.md.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/machine"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/page"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

// settings are the command's flags.
type settings struct {
	rounds          int
	turn            time.Duration
	only, python    string
	out, page, root string
}

func (s *settings) parse(args []string) error {
	flags := flag.NewFlagSet("images", flag.ExitOnError)
	flags.IntVar(&s.rounds, "rounds", 7, "turns that each contender takes for each job")
	flags.DurationVar(&s.turn, "turn", 40*time.Millisecond, "how long a turn is; at least three runs are made")
	flags.StringVar(&s.only, "only", "", "measure one `table`: decode or transforms")
	flags.StringVar(&s.python, "python", "python3", "the `command` that runs Python")
	flags.StringVar(&s.out, "out", "", "`folder` for the tables; default bench/results")
	flags.StringVar(&s.page, "page", "", "markdown `file` in which the tables of the sections decode and transforms are replaced")
	flags.StringVar(&s.root, "root", ".", "the module's `folder`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || s.rounds < 1 || !strings.Contains(" decode transforms ", " "+s.only+" ") && s.only != "" {
		return errors.New("want flags only, at least one round, and decode or transforms; see -help")
	}
	if s.out == "" {
		s.out = filepath.Join(s.root, "bench", "results")
	}
	return nil
}

func run(args []string) error {
	var s settings
	if err := s.parse(args); err != nil {
		return err
	}
	runtime.GOMAXPROCS(1)
	folder, err := os.MkdirTemp("", "images-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	p, err := startPeer(s.python, filepath.Join(s.root, "bench", "peers", "images.py"), folder)
	if err != nil {
		return err
	}
	defer p.Close()
	decode, err := decodeJobs(folder)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name, title string
		jobs        []job
		ours        []contender
		theirs      []string
	}{
		{"decode", "Decoding JPEG files", decode, decoders(folder), p.Decode},
		{"transforms", "Transforms of images", transformJobs, []contender{{"this module", newTransformer(folder).time}}, p.Transform},
	} {
		if s.only != "" && s.only != part.name {
			continue
		}
		t := table{name: part.name, title: part.title, machine: machine.This(s.root, 1)}
		if err := s.measure(&t, part.jobs, append(part.ours, p.contenders(part.theirs)...)); err != nil {
			return err
		}
	}
	return nil
}

// measure has the contenders do the jobs, and writes the table.
func (s *settings) measure(t *table, jobs []job, contenders []contender) error {
	for _, c := range contenders {
		t.names = append(t.names, c.name)
	}
	for _, j := range jobs {
		row, err := s.race(j, contenders)
		if err != nil {
			return errors.Wrap(err, j.name)
		}
		fmt.Println(row)
		t.rows = append(t.rows, row)
	}
	if err := page.Write(filepath.Join(s.out, t.name+"-"+t.machine.Slug()+".md"), t.page()); err != nil || s.page == "" {
		return err
	}
	return page.Replace(s.page, t.name, t.String())
}
