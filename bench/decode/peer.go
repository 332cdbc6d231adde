package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/pkg/errors"
)

// peer is a Python process that decodes files when it is asked to.
type peer struct {
	cmd      *exec.Cmd
	in       io.WriteCloser
	out      *bufio.Scanner
	variants []string
}

// startPeer has the script write the files to the folder, and starts it.
func startPeer(python, script, folder string) (*peer, error) {
	write := exec.Command(python, script, "--write", folder)
	write.Stderr = os.Stderr
	if err := write.Run(); err != nil {
		return nil, errors.Wrapf(err, "%s, which needs Pillow and NumPy", filepath.Base(script))
	}
	p := &peer{cmd: exec.Command(python, script, folder)}
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewScanner(out)
	p.out.Buffer(nil, 1<<24)
	var greeting struct{ Variants []string }
	if err := p.read(&greeting); err != nil {
		p.Close()
		return nil, err
	}
	p.variants = greeting.Variants
	return p, nil
}

func (p *peer) read(v any) error {
	if !p.out.Scan() {
		return errors.New("the Python process has ended")
	}
	return errors.Wrap(json.Unmarshal(p.out.Bytes(), v), "the Python process")
}

// contenders are what the process decodes with.
func (p *peer) contenders() (all []contender) {
	for _, v := range p.variants {
		all = append(all, contender{v, func(file string, n int) ([]float64, error) {
			request, err := json.Marshal([]any{v, filepath.Base(file), n})
			if err != nil {
				return nil, err
			}
			if _, err := p.in.Write(append(request, '\n')); err != nil {
				return nil, errors.Wrap(err, "asking the Python process")
			}
			var a struct {
				MS    []float64
				Error string
			}
			if err := p.read(&a); err != nil {
				return nil, err
			}
			if a.Error != "" {
				return nil, errors.New(a.Error)
			}
			return a.MS, nil
		}})
	}
	return all
}

// Close ends the input of the process and waits for its end.
func (p *peer) Close() error {
	p.in.Close()
	return p.cmd.Wait()
}
