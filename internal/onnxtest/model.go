package onnxtest

import (
	"math"

	"github.com/gorgonia-zoo/modelzoo/internal/protobuf"
)

// parseModel reads a ModelProto.
func parseModel(m *protobuf.Message) (*Model, error) {
	model := &Model{Initializers: map[string]*Tensor{}}
	return model, m.Fields(func(f *protobuf.Field) error {
		switch f.Number {
		case 7:
			return model.parseGraph(f.Message())
		case 8:
			return model.parseOpset(f.Message())
		}
		return nil
	})
}

func (m *Model) parseOpset(id *protobuf.Message) error {
	var domain string
	var version int64
	err := id.Fields(func(f *protobuf.Field) (err error) {
		switch f.Number {
		case 1:
			domain, err = f.Text()
		case 2:
			version = int64(f.Value)
		}
		return err
	})
	if domain == "" {
		m.Opset = version
	}
	return err
}

// parseGraph reads a GraphProto.
func (m *Model) parseGraph(graph *protobuf.Message) error {
	var inputs []Input
	err := graph.Fields(func(f *protobuf.Field) error {
		switch f.Number {
		case 1:
			n, err := parseNode(f.Message())
			m.Nodes = append(m.Nodes, n)
			return err
		case 5:
			t, err := parseTensor(f.Message())
			if err == nil {
				m.Initializers[t.Name] = t
			}
			return err
		case 11:
			in, err := parseInput(f.Message())
			inputs = append(inputs, in)
			return err
		case 12:
			out, err := parseInput(f.Message())
			m.Outputs = append(m.Outputs, out.Name)
			return err
		}
		return nil
	})
	for _, in := range inputs {
		if _, ok := m.Initializers[in.Name]; !ok {
			m.Inputs = append(m.Inputs, in)
		}
	}
	return err
}

// parseNode reads a NodeProto.
func parseNode(m *protobuf.Message) (Node, error) {
	n := Node{Attrs: map[string]Attr{}}
	err := m.Fields(func(f *protobuf.Field) (err error) {
		switch f.Number {
		case 1:
			n.Inputs, err = appendText(n.Inputs, f)
		case 2:
			n.Outputs, err = appendText(n.Outputs, f)
		case 3:
			n.Name, err = f.Text()
		case 4:
			n.OpType, err = f.Text()
		case 5:
			var name string
			var a Attr
			name, a, err = parseAttr(f.Message())
			n.Attrs[name] = a
		}
		return err
	})
	return n, err
}

func appendText(to []string, f *protobuf.Field) ([]string, error) {
	text, err := f.Text()
	return append(to, text), err
}

// parseAttr reads an AttributeProto.
func parseAttr(m *protobuf.Message) (name string, a Attr, err error) {
	err = m.Fields(func(f *protobuf.Field) (err error) {
		switch f.Number {
		case 1:
			name, err = f.Text()
		case 2:
			a.Float = math.Float32frombits(uint32(f.Value))
		case 3:
			a.Int = int64(f.Value)
		case 4:
			a.String, err = f.Text()
		case 5:
			a.Tensor, err = parseTensor(f.Message())
		case 7:
			a.Floats, err = floats(f, a.Floats)
		case 8:
			a.Ints, err = ints(f, a.Ints)
		}
		return err
	})
	return name, a, err
}

// parseInput reads a ValueInfoProto, whose type is a TypeProto.
func parseInput(m *protobuf.Message) (in Input, err error) {
	err = m.Fields(func(f *protobuf.Field) (err error) {
		switch f.Number {
		case 1:
			in.Name, err = f.Text()
		case 2:
			return f.Message().Fields(func(f *protobuf.Field) error {
				if f.Number != 1 {
					return nil
				}
				return f.Message().Fields(in.parseType)
			})
		}
		return err
	})
	return in, err
}

// parseType reads a field of a TypeProto.Tensor.
func (in *Input) parseType(f *protobuf.Field) error {
	switch f.Number {
	case 1:
		in.Type = DataType(f.Value)
	case 2:
		return f.Message().Fields(in.parseDim)
	}
	return nil
}

// parseDim reads a field of a TensorShapeProto, a dimension.
func (in *Input) parseDim(f *protobuf.Field) error {
	size := -1
	err := f.Message().Fields(func(f *protobuf.Field) error {
		if f.Number == 1 {
			size = int(f.Value)
		}
		return nil
	})
	in.Shape = append(in.Shape, size)
	return err
}
