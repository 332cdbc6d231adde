package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
)

// picture is an image that has been read.
type picture struct {
	name string
	data []float32      // prepared, (C, H, W)
	seen *dataset.Image // what of it the model sees
	err  error
}

// pictures reads the images, some ahead and side by side, and yields those that
// could be read in their order. It tells of the others.
func (s *session) pictures(ctx context.Context) iter.Seq[picture] {
	return func(yield func(picture) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		for result := range s.readAhead(ctx) {
			var p picture
			select {
			case p = <-result:
			case <-ctx.Done():
				return
			}
			if p.err != nil {
				s.failed++
				fmt.Fprintf(s.stderr, "zoo-predict: %s: %v\n", p.name, p.err)
				continue
			}
			if !yield(p) {
				return
			}
		}
	}
}

// readAhead starts to read the images and returns the results that are to come.
// How many wait is bounded by a batch and those that are being read.
func (s *session) readAhead(ctx context.Context) <-chan chan picture {
	queue := make(chan chan picture, s.flags.batch+s.workers)
	busy := make(chan struct{}, s.workers)
	go func() {
		defer close(queue)
		for _, name := range s.files {
			result := make(chan picture, 1)
			select {
			case queue <- result:
			case <-ctx.Done():
				return
			}
			busy <- struct{}{}
			go func() {
				defer func() { <-busy }()
				result <- s.read(name)
			}()
		}
	}()
	return queue
}

// read decodes and prepares an image.
func (s *session) read(name string) picture {
	p := picture{name: name, seen: new(dataset.Image)}
	if p.err = s.decode(name, p.seen); p.err != nil {
		return p
	}
	c, h, w := s.predictor.InputShape()
	p.data = make([]float32, c*h*w)
	if p.err = s.predictor.Prepare(p.seen, p.data); p.err == nil && !s.flags.cam {
		p.seen = nil // need not wait with the data
	}
	return p
}

// decode reads a file or standard input.
func (s *session) decode(name string, into *dataset.Image) error {
	var in io.Reader = s.stdin
	if name != stdinName {
		f, err := os.Open(name)
		if err != nil {
			return plain(err)
		}
		defer f.Close()
		in = f
	}
	return plain(dataset.Decode(in, into, 0))
}

// plain leaves out the name of the file, which is told anyway.
func plain(err error) error {
	if e := (*os.PathError)(nil); errors.As(err, &e) {
		return e.Err
	}
	return err
}

// batches yields the pictures in groups, with the tensor of each.
func (s *session) batches(ctx context.Context) iter.Seq2[[]picture, *tensor.Dense] {
	return func(yield func([]picture, *tensor.Dense) bool) {
		var group []picture
		flush := func() bool {
			x := s.tensor(group)
			defer func() { group = group[:0] }()
			return yield(group, x)
		}
		for p := range s.pictures(ctx) {
			if group = append(group, p); len(group) == s.flags.batch && !flush() {
				return
			}
		}
		if len(group) > 0 && ctx.Err() == nil {
			flush()
		}
	}
}

// tensor makes one tensor of the pictures.
func (s *session) tensor(group []picture) *tensor.Dense {
	c, h, w := s.predictor.InputShape()
	x := make([]float32, 0, len(group)*c*h*w)
	for _, p := range group {
		x = append(x, p.data...)
	}
	return tensor.New(tensor.WithShape(len(group), c, h, w), tensor.WithBacking(x))
}
