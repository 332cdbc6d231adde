// Package onnxmodel writes ONNX models. The values of weights are not collected
// in memory: they are asked for while the file is written.
//
// The messages and field numbers are those of onnx.proto.
package onnxmodel

// The version of the file format and of the set of operators: those of ONNX 1.12.
const (
	irVersion = 8
	opset     = 17
)

// DataType is the type of a tensor's elements, TensorProto.DataType.
type DataType int

// The types that the zoo's models have.
const (
	Float DataType = 1
	Int64 DataType = 7
)

// Model is a model of one graph.
type Model struct {
	Name         string // of the graph
	Nodes        []Node // each after those whose outputs it takes
	Initializers []Initializer
	Inputs       []Value
	Outputs      []Value
	Props        map[string]string // metadata_props
}

// Node is one operation.
type Node struct {
	Op      string // "Conv"
	Name    string
	Inputs  []string // "" for an optional one that is left out
	Outputs []string
	Attrs   []Attr
}

// Attr is an attribute. Its value is an int, a float32, a string, a []int or a
// Tensor.
type Attr struct {
	Name  string
	Value any
}

// Tensor is a constant of a node: either Floats or Ints.
type Tensor struct {
	Shape  []int
	Floats []float32
	Ints   []int
}

// Initializer is a tensor of float32 values that belongs to the graph.
type Initializer struct {
	Name  string
	Shape []int
	// Values are those of the tensor from a place on, as many as dst holds.
	Values func(dst []float32, from int)
}

// Value is an input or an output of the graph.
type Value struct {
	Name  string
	Type  DataType
	Shape []Dim
}

// Dim is one size of a shape: a number or, if that is 0, a name that stands for
// any.
type Dim struct {
	Size int
	Name string
}
