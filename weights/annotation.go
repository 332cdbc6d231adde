package weights

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strconv"

	"github.com/pkg/errors"
)

// annotation is what an archive says beside its values, as texts by name, which
// is what safetensors can keep. Lists and objects are JSON.
type annotation map[string]string

// The names in an annotation. The others are the JSON names of Meta.
const (
	annotated    = "modelzoo" // marks an annotation; its text is the version of this form
	annotatedNow = "1"
	inNoDecay    = "no_decay" // names of the tensors with that flag
	inBuffers    = "buffers"
)

// Annotation returns what an archive says beside its values, as texts by name: what
// a format that keeps such texts holds of it.
func (a *Archive) Annotation() (map[string]string, error) { return annotate(a) }

// annotate collects what there is to say of an archive.
func annotate(a *Archive) (annotation, error) {
	m := &a.Meta
	n := annotation{annotated: annotatedNow}
	for name, text := range map[string]string{"model": m.Model, "config": m.Config, "recipe": m.Recipe, "source": m.Source, "license": m.License} {
		if text != "" {
			n[name] = text
		}
	}
	for name, count := range map[string]int{"epoch": m.Epoch, "step": m.Step} {
		if count != 0 {
			n[name] = strconv.Itoa(count)
		}
	}
	metrics := make(map[string]measured)
	for name, v := range m.Metrics {
		metrics[name] = measured(v)
	}
	for _, e := range []struct {
		name  string
		there bool
		value any
	}{
		{"classes", len(m.Classes) > 0, m.Classes},
		{"vocabulary", m.Vocabulary != nil, m.Vocabulary},
		{"metrics", len(metrics) > 0, metrics},
		{"notes", len(m.Notes) > 0, m.Notes},
		{"input", !m.Input.empty(), m.Input},
		{inBuffers, true, flagged(a, func(t *Tensor) bool { return t.Buffer })},
		{inNoDecay, true, flagged(a, func(t *Tensor) bool { return t.NoDecay })},
	} {
		if !e.there {
			continue
		}
		text, err := plainJSON(e.value)
		if err != nil {
			return nil, errors.Wrapf(err, "metadata %s", e.name)
		}
		n[e.name] = text
	}
	return n, nil
}

// flagged returns the names of the tensors for which flag is true; never nil.
func flagged(a *Archive, flag func(*Tensor) bool) []string {
	list := []string{}
	for i := range a.Tensors {
		if t := &a.Tensors[i]; flag(t) {
			list = append(list, t.Name)
		}
	}
	return list
}

// apply puts an annotation into contents. What others have written becomes notes.
func (n annotation) apply(c *contents) error {
	switch n[annotated] {
	case "":
		for name, text := range n {
			c.note(name, text)
		}
		return nil
	case annotatedNow:
	default:
		return errors.Errorf("version %.20q of the metadata: this program reads version %s", n[annotated], annotatedNow)
	}
	m := &c.meta
	m.Model, m.Config, m.Recipe, m.Source, m.License = n["model"], n["config"], n["recipe"], n["source"], n["license"]
	metrics := make(map[string]measured)
	var buffers, noDecay []string
	for name, to := range map[string]any{
		"classes": &m.Classes, "vocabulary": &m.Vocabulary, "metrics": &metrics, "notes": &m.Notes, "input": &m.Input,
		"epoch": &m.Epoch, "step": &m.Step, inBuffers: &buffers, inNoDecay: &noDecay,
	} {
		text, ok := n[name]
		if !ok {
			continue
		}
		if err := json.Unmarshal([]byte(text), to); err != nil {
			return errors.Wrapf(err, "damaged: metadata %s", name)
		}
	}
	for name, v := range metrics {
		if m.Metrics == nil {
			m.Metrics = make(map[string]float64)
		}
		m.Metrics[name] = float64(v)
	}
	c.flag(buffers, noDecay)
	return nil
}

// flag gives tensors the flags that the file lists.
func (c *contents) flag(buffers, noDecay []string) {
	isBuffer, isNoDecay := make(map[string]bool), make(map[string]bool)
	for _, name := range buffers {
		isBuffer[name] = true
	}
	for _, name := range noDecay {
		isNoDecay[name] = true
	}
	for _, l := range c.list {
		l.Buffer, l.NoDecay = isBuffer[l.Name], isNoDecay[l.Name]
	}
}

func (c *contents) note(name, text string) {
	if c.meta.Notes == nil {
		c.meta.Notes = make(map[string]string)
	}
	c.meta.Notes[name] = text
}

func (in *Input) empty() bool {
	return in.Channels == 0 && in.Height == 0 && in.Width == 0 && in.Resize == 0 && in.Interpolation == "" &&
		len(in.Mean) == 0 && len(in.Std) == 0
}

// measured is a number that may be none of JSON's, which are then texts.
type measured float64

func (v measured) MarshalJSON() ([]byte, error) {
	if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
		return json.Marshal(strconv.FormatFloat(f, 'g', -1, 64))
	}
	return json.Marshal(float64(v))
}

func (v *measured) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return json.Unmarshal(data, (*float64)(v))
	}
	if !slices.Contains([]string{"NaN", "+Inf", "-Inf"}, text) {
		return errors.Errorf("%.20q is no number", text)
	}
	f, err := strconv.ParseFloat(text, 64)
	*v = measured(f)
	return err
}

// plainJSON leaves <, > and & as they are. Maps are sorted by key.
func plainJSON(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), err
}
