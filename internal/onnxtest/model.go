package onnxtest

import "math"

// parseModel reads a ModelProto.
func parseModel(b []byte) (*Model, error) {
	m := &Model{Initializers: map[string]*Tensor{}}
	return m, fields(b, func(f field) error {
		switch f.num {
		case 7:
			return m.parseGraph(f.bytes)
		case 8:
			return m.parseOpset(f.bytes)
		}
		return nil
	})
}

func (m *Model) parseOpset(b []byte) error {
	var domain string
	var version int64
	err := fields(b, func(f field) error {
		switch f.num {
		case 1:
			domain = string(f.bytes)
		case 2:
			version = int64(f.varint)
		}
		return nil
	})
	if domain == "" {
		m.Opset = version
	}
	return err
}

// parseGraph reads a GraphProto.
func (m *Model) parseGraph(b []byte) error {
	var inputs []Input
	err := fields(b, func(f field) error {
		switch f.num {
		case 1:
			n, err := parseNode(f.bytes)
			m.Nodes = append(m.Nodes, n)
			return err
		case 5:
			t, err := parseTensor(f.bytes)
			if err == nil {
				m.Initializers[t.Name] = t
			}
			return err
		case 11:
			in, err := parseInput(f.bytes)
			inputs = append(inputs, in)
			return err
		case 12:
			out, err := parseInput(f.bytes)
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
func parseNode(b []byte) (Node, error) {
	n := Node{Attrs: map[string]Attr{}}
	return n, fields(b, func(f field) error {
		switch f.num {
		case 1:
			n.Inputs = append(n.Inputs, string(f.bytes))
		case 2:
			n.Outputs = append(n.Outputs, string(f.bytes))
		case 3:
			n.Name = string(f.bytes)
		case 4:
			n.OpType = string(f.bytes)
		case 5:
			name, a, err := parseAttr(f.bytes)
			n.Attrs[name] = a
			return err
		}
		return nil
	})
}

// parseAttr reads an AttributeProto.
func parseAttr(b []byte) (name string, a Attr, err error) {
	err = fields(b, func(f field) (err error) {
		switch f.num {
		case 1:
			name = string(f.bytes)
		case 2:
			a.Float = math.Float32frombits(uint32(f.varint))
		case 3:
			a.Int = int64(f.varint)
		case 4:
			a.String = string(f.bytes)
		case 5:
			a.Tensor, err = parseTensor(f.bytes)
		case 7:
			err = f.floats(func(v float32) { a.Floats = append(a.Floats, v) })
		case 8:
			err = f.ints(func(v int64) { a.Ints = append(a.Ints, v) })
		}
		return err
	})
	return name, a, err
}

// parseInput reads a ValueInfoProto, whose type is a TypeProto.
func parseInput(b []byte) (Input, error) {
	var in Input
	tensorType := func(b []byte) error {
		return fields(b, func(f field) error {
			switch f.num {
			case 1:
				in.Type = DataType(f.varint)
			case 2:
				return fields(f.bytes, func(f field) error { return in.parseDim(f.bytes) })
			}
			return nil
		})
	}
	return in, fields(b, func(f field) error {
		switch f.num {
		case 1:
			in.Name = string(f.bytes)
		case 2:
			return fields(f.bytes, func(f field) error {
				if f.num != 1 {
					return nil
				}
				return tensorType(f.bytes)
			})
		}
		return nil
	})
}

// parseDim reads a dimension of a TensorShapeProto.
func (in *Input) parseDim(b []byte) error {
	size := -1
	err := fields(b, func(f field) error {
		if f.num == 1 {
			size = int(f.varint)
		}
		return nil
	})
	in.Shape = append(in.Shape, size)
	return err
}
