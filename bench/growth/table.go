package main

import (
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/page"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// columns of the CSV file.
var columns = []string{"part", "series", "model", "kind", "batch", "size", "gomaxprocs", "forward_macs", "nodes", "bytes",
	"build_ms", "compile_ms", "median_ms", "fastest_ms", "runs", "commit"}

func (p point) record() []string {
	return []string{p.Part, p.Series, p.Model, string(p.Kind), strconv.Itoa(p.Batch), strconv.Itoa(p.Size), strconv.Itoa(p.Procs),
		strconv.FormatInt(p.MACs, 10), strconv.Itoa(p.Nodes), strconv.FormatInt(p.Bytes, 10),
		decimal(p.BuildMS), decimal(p.CompileMS), decimal(p.MS), decimal(p.FastMS), strconv.Itoa(p.Runs), p.Commit}
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', 3, 64) }

func parse(record []string) (p point, err error) {
	p.Part, p.Series, p.Model, p.Kind, p.Commit = record[0], record[1], record[2], workload.Kind(record[3]), record[15]
	for i, into := range map[int]any{4: &p.Batch, 5: &p.Size, 6: &p.Procs, 7: &p.MACs, 8: &p.Nodes, 9: &p.Bytes,
		10: &p.BuildMS, 11: &p.CompileMS, 12: &p.MS, 13: &p.FastMS, 14: &p.Runs} {
		if _, err := fmt.Sscan(record[i], into); err != nil {
			return p, errors.Errorf("%s is %q, want a number", columns[i], record[i])
		}
	}
	return p, nil
}

// table is the CSV file: the points of all parts.
type table struct {
	path   string
	points []point
}

// openTable reads the file if it is there.
func openTable(path string) (*table, error) {
	t := &table{path: path}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return t, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = len(columns)
	records, err := r.ReadAll()
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	for i, record := range records[min(1, len(records)):] {
		p, err := parse(record)
		if err != nil {
			return nil, errors.Wrapf(err, "%s, line %d", path, i+2)
		}
		t.points = append(t.points, p)
	}
	return t, nil
}

// replace puts new points in the place of a part's old ones and writes the file.
func (t *table) replace(part string, points []point) error {
	for _, p := range t.points {
		if p.Part != part {
			points = append(points, p)
		}
	}
	slices.SortStableFunc(points, func(a, b point) int { return strings.Compare(a.Part, b.Part) })
	t.points = points
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Write(columns)
	for _, p := range t.points {
		w.Write(p.record())
	}
	w.Flush() // to memory: there is no error
	return page.Write(t.path, b.String())
}

// series returns the points of a series.
func (t *table) series(part, label string) (points []point) {
	for _, p := range t.points {
		if p.Part == part && p.Series == label {
			points = append(points, p)
		}
	}
	return points
}

// axes are the points of a series in the part's plot.
func (p part) axes(points []point) (x, y []float64) {
	for _, q := range points {
		x, y = append(x, p.x(q)), append(y, p.y(q))
	}
	return x, y
}

// markdown is a part's points as a table.
func (p part) markdown(t *table) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| | %s: ms | %s |\n|---|---|--:|\n", p.axis, p.judge.heading)
	for _, s := range p.series {
		x, y := p.axes(t.series(p.name, s.label))
		if len(x) == 0 {
			continue
		}
		var list []string
		for i := range x {
			list = append(list, fmt.Sprintf("%s: %s", short(x[i]), short(y[i])))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", s.label, strings.Join(list, ", "), p.judge.of(x, y))
	}
	return b.String()
}

// short writes three digits, and all those of a whole number.
func short(v float64) string {
	if v >= 100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
