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

// peer is a Python process that does jobs when it is asked to.
type peer struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
	// Decode and Transform are what it decodes files and transforms images with.
	Decode, Transform []string
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
	if err := p.read(p); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *peer) read(v any) error {
	if !p.out.Scan() {
		return errors.New("the Python process has ended")
	}
	return errors.Wrap(json.Unmarshal(p.out.Bytes(), v), "the Python process")
}

// contenders are variants of the process that do the same jobs.
func (p *peer) contenders(variants []string) (all []contender) {
	for _, v := range variants {
		all = append(all, contender{v, func(j job, n int) ([]float64, error) {
			request, err := json.Marshal([]any{v, j.name, j.file, n})
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
