// Package onnx writes networks as ONNX models, for programs in other languages.
//
//	g, err := model.Graph(params, graph.Eval, onnx.Batch)
//	err = onnx.Save("resnet18.onnx", g, weights.Meta{Model: "resnet18"}, onnx.Options{})
//
// What is translated is the graph, operation by operation, so that networks of any
// package can be written. Inputs and outputs keep their names, and parameters
// theirs: the initialisers have the names and shapes of a state dict. The size of
// the batch is left open.
package onnx

import (
	"io"

	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

// Batch is a good size of batches for a graph that is to be written: one is easily
// taken for a size that is always 1 when a value is reshaped.
const Batch = 3

// Options change what is written.
type Options struct {
	// KeepNorms leaves batch norms as they are. By default they become a part of the
	// convolution before them, where one is.
	KeepNorms bool

	// Axes names those axes of inputs that may have any size when the model is run,
	// "" for one that may not: {"x": {"batch", "sequence"}}. Axes of one name always
	// have one size. Of an input that is not in the map the first axis is "batch".
	Axes map[string][]string
}

// Save writes the outputs of a graph, and all that they depend on, to a file. The
// graph must be one for evaluation, graph.Eval. What meta says goes to the model's
// metadata, as weights.Load reads it.
func Save(path string, g *graph.Graph, meta weights.Meta, o Options) error {
	m, err := translate(g, meta, o)
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(path, m.Write)
}

// Encode is Save to a writer.
func Encode(w io.Writer, g *graph.Graph, meta weights.Meta, o Options) error {
	m, err := translate(g, meta, o)
	if err != nil {
		return err
	}
	return m.Write(w)
}
