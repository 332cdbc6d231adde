package tfevents

import "google.golang.org/protobuf/encoding/protowire"

// Node is an operation of a graph. Names are unique; TensorBoard folds those that
// agree up to a slash into one box.
type Node struct {
	Name, Op string
	Inputs   []string
	Shape    []int // of the result
}

// Graph writes a graph.
func (w *Writer) Graph(nodes []Node) {
	var graph []byte
	for _, n := range nodes {
		graph = field(graph, 1, n.encode())
	}
	const producer = 22 // a version that TensorBoard has known for long
	graph = field(graph, 4, varint(nil, 1, producer))
	w.event(0, field(nil, 4, graph))
}

// encode gives the node as a NodeDef.
func (n *Node) encode() []byte {
	b := field(nil, 1, []byte(n.Name))
	b = field(b, 2, []byte(n.Op))
	for _, i := range n.Inputs {
		b = field(b, 3, []byte(i))
	}
	var shape []byte
	for _, size := range n.Shape {
		shape = field(shape, 2, varint(nil, 1, size))
	}
	list := field(nil, 1, field(nil, 7, shape))
	return attribute(b, 5, "_output_shapes", list)
}

// attribute appends an entry of the attributes.
func attribute(b []byte, number protowire.Number, key string, value []byte) []byte {
	return field(b, number, field(field(nil, 1, []byte(key)), 2, value))
}
