package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// classes writes the most probable classes of every image.
func (s *session) classes(ctx context.Context) error {
	for group, x := range s.batches(ctx) {
		logits, err := s.predictor.Logits(x)
		if err != nil {
			return err
		}
		n := logits.Shape()[1]
		for i, p := range group {
			prediction := s.predictor.Prediction(logits.Float32s()[i*n : (i+1)*n])
			if err := s.report(p.name, prediction, ""); err != nil {
				return err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return errors.New("interrupted")
	}
	return s.end()
}

// report writes what was found in an image, and the file of its map if it has one.
func (s *session) report(name string, p zoo.Prediction, drawn string) error {
	top := p.Top(s.flags.top)
	var b bytes.Buffer
	if s.flags.json {
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		err := e.Encode(struct {
			File    string      `json:"file"`
			Map     string      `json:"map,omitempty"`
			Classes []zoo.Class `json:"classes"`
		}{name, drawn, top})
		if err != nil {
			return errors.Wrap(err, name)
		}
	} else {
		b.WriteString(name)
		if drawn != "" {
			fmt.Fprintf(&b, " -> %s", drawn)
		}
		b.WriteByte('\n')
		for i, c := range top {
			fmt.Fprintf(&b, "%4d  %6.2f%%  %s\n", i+1, 100*c.Probability, c.Name)
		}
	}
	_, err := s.stdout.Write(b.Bytes())
	return err
}
