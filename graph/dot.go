package graph

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"github.com/gorgonia-zoo/modelzoo/graph/op"
)

// WriteDot writes the graph in the language of Graphviz: data flows along the
// arrows, every scope of the model is a cluster, inputs are ellipses, parameters
// grey, and each node shows its operation and shape. Only the part of the model
// whose names begin with under is drawn ("layer1.0" is one block), with what
// flows into it; "" draws all. What gorgonia.Grad added is left out.
func (g *Graph) WriteDot(w io.Writer, under string) error {
	d := &dot{g: g, w: bufio.NewWriter(w), names: make(map[*G.Node]string)}
	d.printf("digraph model {\n  rankdir=TB; node [shape=box, style=filled, fillcolor=white, fontname=Helvetica, fontsize=11]; compound=true;\n")
	root := newCluster("")
	for i, n := range g.expr.AllNodes() {
		path, ours := g.where[n]
		if !ours || !within(path, under) {
			continue
		}
		d.names[n] = fmt.Sprintf("n%d", i)
		root.at(path).nodes = append(root.at(path).nodes, n)
	}
	d.cluster(root, 1)
	d.edges()
	d.printf("}\n")
	return d.w.Flush()
}

// within reports whether the scope path is under itself or inside it.
func within(path, under string) bool {
	return under == "" || path == under || strings.HasPrefix(path, under+".")
}

// cluster is a scope of the model with its nodes and sub-scopes in order.
type cluster struct {
	path  string
	nodes G.Nodes
	subs  []*cluster
}

func newCluster(path string) *cluster { return &cluster{path: path} }

// at returns the cluster of a scope, made if it is new.
func (c *cluster) at(path string) *cluster {
	if path == c.path {
		return c
	}
	rest := path
	if c.path != "" {
		rest = path[len(c.path)+1:]
	}
	name, _, _ := strings.Cut(rest, ".")
	if c.path != "" {
		name = c.path + "." + name
	}
	i := slices.IndexFunc(c.subs, func(s *cluster) bool { return s.path == name })
	if i < 0 {
		i = len(c.subs)
		c.subs = append(c.subs, newCluster(name))
	}
	return c.subs[i].at(path)
}

// dot writes one drawing.
type dot struct {
	g     *Graph
	w     *bufio.Writer
	names map[*G.Node]string
}

func (d *dot) printf(format string, args ...any) { fmt.Fprintf(d.w, format, args...) }

func (d *dot) cluster(c *cluster, depth int) {
	indent := strings.Repeat("  ", depth)
	if c.path != "" {
		d.printf("%ssubgraph %q {\n%s  label=%q; color=grey60; fontname=Helvetica; fontsize=11;\n", indent, "cluster_"+c.path, indent, c.path)
	}
	for _, n := range c.nodes {
		d.printf("%s  %s [%s];\n", indent, d.names[n], d.attributes(n))
	}
	for _, s := range c.subs {
		d.cluster(s, depth+1)
	}
	if c.path != "" {
		d.printf("%s}\n", indent)
	}
}

func (d *dot) attributes(n *G.Node) string {
	switch {
	case slices.Contains(d.g.paramNodes, n):
		_, name := cutLast(n.Name())
		return fmt.Sprintf("label=\"%s\\n%v\", fillcolor=grey92, fontsize=9, height=0.3", name, n.Shape())
	case slices.Contains(d.g.inputs, n):
		return fmt.Sprintf("label=\"%s\\n%v\", shape=ellipse, fillcolor=lightblue", n.Name(), n.Shape())
	}
	return fmt.Sprintf("label=\"%s\\n%v\"", op.Name(n), n.Shape())
}

// edges draws what flows into every node that is drawn.
func (d *dot) edges() {
	for _, n := range d.g.expr.AllNodes() {
		if d.names[n] == "" || n.Op() == nil {
			continue
		}
		for from := d.g.expr.From(n.ID()); from.Next(); {
			c := from.Node().(*G.Node)
			if d.names[c] == "" {
				// From outside of the part that is drawn.
				d.names[c] = fmt.Sprintf("outside%d", c.ID())
				d.printf("  %s [label=\"%s\\n%v\", shape=ellipse, style=dashed];\n", d.names[c], d.g.where[c], c.Shape())
			}
			d.printf("  %s -> %s;\n", d.names[c], d.names[n])
		}
	}
}

// cutLast splits a dotted name before its last part.
func cutLast(name string) (path, last string) {
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return "", name
}
