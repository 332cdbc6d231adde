package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

func newInspectCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "inspect FILE|RUN_DIR",
		Short: "Show names, shapes, types, sizes and statistics of the tensors in a file",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			path, err := source(args[0])
			if err != nil {
				return err
			}
			a, err := weights.Load(path)
			if err != nil {
				return err
			}
			i := inspect(path, a)
			if asJSON {
				return json.NewEncoder(c.OutOrStdout()).Encode(i)
			}
			return i.print(c.OutOrStdout())
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	return c
}

// inspection is what there is to say about a file.
type inspection struct {
	File    string `json:"file"`
	Meta    meta   `json:"meta"`
	Tensors []line `json:"tensors"`
	Total   totals `json:"total"`
}

// meta is weights.Meta with metrics that may be no JSON numbers.
type meta struct {
	weights.Meta
	Metrics map[string]number `json:"metrics,omitempty"`
}

// line is one tensor. Min, Max, Mean and Std are of the finite values.
type line struct {
	Section string        `json:"section,omitempty"`
	Name    string        `json:"name"`
	Shape   []int         `json:"shape"`
	DType   weights.DType `json:"dtype"`
	Buffer  bool          `json:"buffer,omitempty"`
	NoDecay bool          `json:"no_decay,omitempty"`
	Values  int           `json:"values"`
	Bytes   int64         `json:"bytes"`
	Min     number        `json:"min"`
	Max     number        `json:"max"`
	Mean    number        `json:"mean"`
	Std     number        `json:"std"`
	NaN     int           `json:"nan"`
	Inf     int           `json:"inf"`
}

// totals are sums over a file. Parameters are the trained values of the model,
// Buffers its others.
type totals struct {
	Tensors    int   `json:"tensors"`
	Parameters int   `json:"parameters"`
	Buffers    int   `json:"buffers"`
	Bytes      int64 `json:"bytes"`
	NaN        int   `json:"nan"`
	Inf        int   `json:"inf"`
}

// number is null in JSON if it is not finite.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

func (n number) String() string {
	if math.IsNaN(float64(n)) {
		return "-"
	}
	return fmt.Sprintf("%.4g", float64(n))
}

func inspect(path string, a *weights.Archive) *inspection {
	i := &inspection{File: path, Meta: meta{Meta: a.Meta}, Tensors: []line{}, Total: total(a)}
	for name, v := range a.Meta.Metrics {
		if i.Meta.Metrics == nil {
			i.Meta.Metrics = make(map[string]number)
		}
		i.Meta.Metrics[name] = number(v)
	}
	for j := range a.Tensors {
		t := &a.Tensors[j]
		s := t.Stats()
		i.Tensors = append(i.Tensors, line{
			Section: t.Section, Name: t.Name, Shape: append([]int{}, t.Shape...), DType: t.DType(),
			Buffer: t.Buffer, NoDecay: t.NoDecay, Values: t.Len(), Bytes: t.Bytes(),
			Min: number(s.Min), Max: number(s.Max), Mean: number(s.Mean), Std: number(s.Std), NaN: s.NaN, Inf: s.Inf,
		})
		i.Total.NaN += s.NaN
		i.Total.Inf += s.Inf
	}
	return i
}

func total(a *weights.Archive) totals {
	sum := totals{Tensors: len(a.Tensors)}
	for i := range a.Tensors {
		t := &a.Tensors[i]
		sum.Bytes += t.Bytes()
		switch {
		case t.Section != "":
		case t.Buffer:
			sum.Buffers += t.Len()
		default:
			sum.Parameters += t.Len()
		}
	}
	return sum
}

func (i *inspection) print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range i.Meta.rows() {
		fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	w.Flush()
	section := ""
	fmt.Fprintln(w, "\nname\tshape\ttype\tbytes\tmin\tmax\tmean\tstd\tNaN\tInf\t")
	for _, t := range i.Tensors {
		if t.Section != section {
			section = t.Section
			fmt.Fprintf(w, "[%s]\t\t\t\t\t\t\t\t\t\t\n", section)
		}
		what := ""
		if t.Buffer {
			what = "buffer"
		}
		fmt.Fprintf(w, "%s\t%v\t%s\t%d\t%v\t%v\t%v\t%v\t%d\t%d\t%s\n",
			t.Name, tensor.Shape(t.Shape), t.DType, t.Bytes, t.Min, t.Max, t.Mean, t.Std, t.NaN, t.Inf, what)
	}
	s := i.Total
	fmt.Fprintf(w, "\n%d tensors, %s: %d parameters, %d values of buffers", s.Tensors, size(s.Bytes), s.Parameters, s.Buffers)
	if s.NaN+s.Inf > 0 {
		fmt.Fprintf(w, "; %d NaN and %d infinite values", s.NaN, s.Inf)
	}
	fmt.Fprintln(w)
	return w.Flush()
}

// rows are the metadata that there are, name and text.
func (m *meta) rows() [][2]string {
	var rows [][2]string
	add := func(name, text string) {
		if text != "" {
			rows = append(rows, [2]string{printable(name), strings.ReplaceAll(printable(strings.TrimSpace(text)), "\n", "\n\t")})
		}
	}
	add("model", m.Model)
	add("config", m.Config)
	if v := m.Vocabulary; v != nil {
		add("vocabulary", fmt.Sprintf("%d %ss: %q", len(v.Tokens), v.Unit, strings.Join(v.Tokens[:min(len(v.Tokens), 40)], " ")))
	}
	if n := len(m.Classes); n > 0 {
		add("classes", fmt.Sprintf("%d: %s", n, abridged(m.Classes, 10)))
	}
	if in := m.Input; in.Height > 0 {
		add("input", fmt.Sprintf("(%d, %d, %d)", in.Channels, in.Height, in.Width))
	}
	if m.Input.Resize > 0 {
		add("resize", fmt.Sprintf("%d, %s", m.Input.Resize, m.Input.Interpolation))
	}
	if len(m.Input.Mean) > 0 {
		add("mean", fmt.Sprint(m.Input.Mean))
		add("std", fmt.Sprint(m.Input.Std))
	}
	if m.Epoch > 0 || m.Step > 0 {
		add("trained", fmt.Sprintf("%d epochs, %d steps", m.Epoch, m.Step))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Metrics)) {
		add(name, m.Metrics[name].String())
	}
	add("recipe", m.Recipe)
	add("source", m.Source)
	add("license", m.License)
	for _, name := range slices.Sorted(maps.Keys(m.Notes)) {
		add(name, m.Notes[name])
	}
	return rows
}

// printable takes out what could make a terminal do other than print.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

func abridged(list []string, n int) string {
	if len(list) > n {
		return strings.Join(list[:n], ", ") + ", ..."
	}
	return strings.Join(list, ", ")
}

// size writes a number of bytes for people.
func size(bytes int64) string {
	switch {
	case bytes >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(bytes)/1e9)
	case bytes >= 1e6:
		return fmt.Sprintf("%.2f MB", float64(bytes)/1e6)
	case bytes >= 1e3:
		return fmt.Sprintf("%.2f kB", float64(bytes)/1e3)
	}
	return fmt.Sprintf("%d bytes", bytes)
}
