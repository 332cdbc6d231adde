// Package weights keeps the state of a model in files: all parameters and
// buffers by name, with what a program must know to use them again.
//
//	err := weights.Save("resnet20.gob", params, weights.Meta{Model: "resnet20"})
//
//	a, err := weights.Load("resnet20.gob")
//	err = a.Into(params)
//
// [LoadInto] does the last two without a second copy of the values, and can leave
// them in the file until they are needed.
//
// The format is a stream of encoding/gob values that any Go program reads
// without this package; docs/formats.md describes it. What is read is checked:
// a file that is truncated, damaged or of another format gives one clear error,
// and no size in it is believed before the bytes are there.
//
// [Read] does so for a file that is in memory, such as one inside the program.
//
// Load and LoadInto also read safetensors, .npz, .npy, the checkpoints of PyTorch
// and the initialisers of ONNX models; [Archive.SaveSafetensors], [Archive.SaveNPZ]
// and [Archive.SavePTH] write such files. ONNX models are written by package onnx,
// which knows networks. [FloatsAs] halves a safetensors file: 16 bits for each value.
//
// An [Archive] also holds tensors that belong to no model, in sections of their
// own, so that a training loop can keep its whole state in the same format.
package weights
