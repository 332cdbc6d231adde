// Package onnxtest reads what the ONNX project's backend tests consist of:
// models, as far as a graph of nodes with attributes and initializers goes, and
// tensors. It is made for tests: what they do not need (sub-graphs, functions,
// sparse and external tensors, strings) is passed over.
//
// The messages and field numbers are those of onnx.proto.
package onnxtest

import (
	"os"
	"path/filepath"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/protobuf"
)

// Model is the graph of a model.
type Model struct {
	Nodes        []Node
	Initializers map[string]*Tensor
	Inputs       []Input // without those that only name an initializer
	Outputs      []string
	Opset        int64 // version of the default operator set
}

// Input is a value that is fed to the graph.
type Input struct {
	Name  string
	Type  DataType
	Shape []int // -1 where the model leaves the size open
}

// Node is one operation.
type Node struct {
	OpType  string
	Name    string
	Inputs  []string // "" for an optional input that is left out
	Outputs []string // "" for an optional output that is left out
	Attrs   map[string]Attr
}

// Attr is an attribute; which field is set follows from its name.
type Attr struct {
	Float  float32
	Int    int64
	String string
	Tensor *Tensor
	Floats []float32
	Ints   []int
}

// Int returns an integer attribute, or fallback if the node does not have it.
func (n *Node) Int(name string, fallback int) int {
	if a, ok := n.Attrs[name]; ok {
		return int(a.Int)
	}
	return fallback
}

// Float returns a number, or fallback if the node does not have it.
func (n *Node) Float(name string, fallback float64) float64 {
	if a, ok := n.Attrs[name]; ok {
		return float64(a.Float)
	}
	return fallback
}

// Ints returns a list of integers, nil if the node does not have it.
func (n *Node) Ints(name string) []int {
	return n.Attrs[name].Ints
}

// Case is one of the project's tests: what a model gives for some inputs.
type Case struct {
	Name    string // of its folder: "test_conv_with_strides_padding"
	Model   *Model
	Inputs  []*Tensor // in the order of Model.Inputs
	Outputs []*Tensor // in the order of Model.Outputs
}

// LoadCase reads a case from its folder: model.onnx and test_data_set_0 with
// input_N.pb and output_N.pb.
func LoadCase(dir string) (*Case, error) {
	c := &Case{Name: filepath.Base(dir)}
	var err error
	if c.Model, err = LoadModel(filepath.Join(dir, "model.onnx")); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "test_data_set_0")
	if c.Inputs, err = loadTensors(data, "input_"); err != nil {
		return nil, err
	}
	c.Outputs, err = loadTensors(data, "output_")
	return c, err
}

// LoadModel reads a model.
func LoadModel(file string) (*Model, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	m, err := parseModel(protobuf.Of(b))
	return m, errors.Wrap(err, file)
}

// LoadTensor reads a tensor.
func LoadTensor(file string) (*Tensor, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, errors.WithStack(err)
	}
	t, err := parseTensor(protobuf.Of(b))
	return t, errors.Wrap(err, file)
}
