package weights_test

import (
	"encoding/binary"
	"encoding/gob"
	"fmt"
	"os"
)

// Header says what the file holds.
type Header struct {
	Tensors       int      // how many follow
	Model, Config string   // registered name, configuration as YAML
	Classes       []string // names by index
	Input         struct {
		Channels, Height, Width int       // of an image
		Resize                  int       // the shorter side, before the centre is cut out
		Interpolation           string    // of the resize, "bilinear"
		Mean, Std               []float32 // of pixels in [0, 1], by channel
	}
	Epoch, Step int
	Metrics     []struct {
		Name  string
		Value float64
	}
	Source, License string
	Recipe          string
	Notes           []struct{ Name, Text string }
	TokenUnit       string   // what a token of a language model is: "character" or "word"
	Tokens          []string // by index
}

// Entry announces a tensor.
type Entry struct {
	Section, Name   string // Section is "" for the model's own state
	Shape           []int  // none for a scalar
	DType           string // "float32", "int64", "uint64" or "uint8"
	Buffer, NoDecay bool   // not trained; exempt from weight decay
	Bytes           int64  // of the values
	CRC             uint32 // CRC-32C of the values
}

// The format needs nothing but the standard library to be read.
func Example_withoutThisModule() {
	file, err := os.Open("testdata/v1.gob")
	check(err)
	var magic string // "modelzoo weights"
	var version int
	var header Header
	dec := gob.NewDecoder(file)
	check(dec.Decode(&magic))
	check(dec.Decode(&version))
	check(dec.Decode(&header))
	fmt.Println(header.Model, header.Classes, header.Input.Mean, header.Metrics, header.Notes)
	for range header.Tensors {
		var entry Entry
		check(dec.Decode(&entry))
		var data, piece []byte
		for int64(len(data)) < entry.Bytes {
			check(dec.Decode(&piece))
			data = append(data, piece...)
		}
		if entry.DType == "float32" {
			values := make([]float32, len(data)/4)
			binary.Decode(data, binary.LittleEndian, values)
			fmt.Println(entry.Name, entry.Shape, values)
		}
	}
	// Output:
	// tiny [cat dog] [0.485 0.456 0.406] [{loss +Inf} {top1 0.9375}] [{author gopher} {empty }]
	// conv.weight [2 1 1 3] [1 -2 0.5 -0.25 3e+38 1e-45]
	// bn.running_mean [2] [NaN NaN]
	// fc.weight [2 2] [1 2 3 4]
	// fc.bias [2] [-1 0]
}
