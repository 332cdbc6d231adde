package train

import (
	"strconv"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/graph/op"
	"github.com/gorgonia-zoo/modelzoo/internal/tfevents"
)

// eventSteps is the number of steps between two that event files have.
const eventSteps = 10

// board writes a run's event files for TensorBoard: loss and learning rate of every
// tenth step, and of every epoch its results, histograms of the weights and what
// there is to show. The nil board writes nothing.
type board struct{ *tfevents.Writer }

// openBoard begins a new event file, if the run is to have them. What earlier files
// say of steps that are to be made again does not count any more.
func (r *Run) openBoard() error {
	if !r.config.TensorBoard || r.Done() {
		return nil
	}
	w, err := tfevents.Create(string(r.dir))
	if err != nil {
		return err
	}
	r.board = &board{w}
	if steps := r.steps(); steps > 0 {
		w.Purge(steps + 1)
	} else {
		w.Graph(eventGraph(r.task.network()))
	}
	return w.Flush()
}

// step writes what a step came to.
func (b *board) step(p Progress) {
	if b == nil || p.Step%eventSteps != 1 {
		return
	}
	b.Scalar(p.Step, "step/loss", p.Loss)
	b.Scalar(p.Step, "step/lr", p.LR)
	b.Scalar(p.Step, "step/data_share", p.DataShare)
	b.Flush() // an error is kept until the end of the epoch
}

// epoch writes what an epoch came to.
func (b *board) epoch(r EpochResult, p *graph.Params, show []exhibit) error {
	if b == nil {
		return nil
	}
	for _, c := range columns(r.Task) {
		if c.name != "epoch" && c.name != "step" {
			b.Scalar(r.Step, "epoch/"+c.name, c.value(r))
		}
	}
	for e := range p.All() {
		b.Histogram(r.Step, "weights/"+e.Name, e.Value.Float32s())
	}
	for _, e := range show {
		if e.picture != nil {
			b.Image(r.Step, e.name, e.picture)
		} else {
			b.Text(r.Step, e.name, indented(e.text))
		}
	}
	return b.Flush()
}

// close ends the file.
func (b *board) close() error {
	if b == nil {
		return nil
	}
	return b.Close()
}

// indented is a text as Markdown that changes nothing of it.
func indented(text string) string {
	return "    " + strings.ReplaceAll(text, "\n", "\n    ")
}

// eventGraph gives the graph of a model, without what Gorgonia added to it, with the
// scopes as folders.
func eventGraph(g *graph.Graph) []tfevents.Node {
	names := make(map[*G.Node]string)
	taken := make(map[string]int)
	for _, n := range g.Emitted() {
		names[n] = unique(taken, eventName(g, n))
	}
	var list []tfevents.Node
	for _, n := range g.Emitted() {
		e := tfevents.Node{Name: names[n], Op: op.Name(n), Shape: n.Shape()}
		if e.Op == "" {
			e.Op = "Input"
		}
		if g.Param(n.Name()) == n {
			e.Op = "Parameter"
		}
		for _, from := range g.Operands(n) {
			if name, ok := names[from]; ok {
				e.Inputs = append(e.Inputs, name)
			}
		}
		list = append(list, e)
	}
	return list
}

// eventName is the name of a node with its scope: layer1/0/conv1/Conv2d.
func eventName(g *graph.Graph, n *G.Node) string {
	if n.Op() == nil {
		return strings.ReplaceAll(n.Name(), ".", "/")
	}
	name := strings.Map(func(r rune) rune {
		if r == '/' || r == ' ' {
			return '_'
		}
		return r
	}, op.Name(n))
	if path := g.Where(n); path != "" {
		return strings.ReplaceAll(path, ".", "/") + "/" + name
	}
	return name
}

// unique adds a number to a name that is taken.
func unique(taken map[string]int, name string) string {
	n := taken[name]
	taken[name]++
	if n == 0 {
		return name
	}
	return unique(taken, name+"_"+strconv.Itoa(n))
}
