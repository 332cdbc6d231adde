package tfevents

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// event is what a reader finds in an event file. Its JSON is that of
// testdata/read.py.
type event struct {
	Time    float64
	Step    int
	Version string
	Session int
	Values  []value
	Graph   []node
}

type value struct {
	Tag          string
	Scalar       *float64
	Image        []int // width, height, colour space, and those of the picture itself
	Histogram    []float64
	Ends, Counts []float64
	Type         int
	Text, Plugin string
}

type node struct {
	Name, Op  string
	Inputs    []string
	Attribute string
	Shape     []int
}

// records splits a file, and checks the checksums.
func records(t *testing.T, path string) [][]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var list [][]byte
	for len(data) > 0 {
		if len(data) < 16 {
			t.Fatalf("%d bytes are left", len(data))
		}
		n := binary.LittleEndian.Uint64(data)
		if n > uint64(len(data)-16) {
			t.Fatalf("a record of %d bytes, where %d are left", n, len(data))
		}
		body := data[12 : 12+n]
		if masked(data[:8]) != binary.LittleEndian.Uint32(data[8:]) || masked(body) != binary.LittleEndian.Uint32(data[12+n:]) {
			t.Fatal("a checksum is wrong")
		}
		list, data = append(list, body), data[16+n:]
	}
	return list
}

// fields are those of a message: numbers as uint64, what has a length as bytes.
func fields(t *testing.T, b []byte) map[protowire.Number][]any {
	t.Helper()
	m := make(map[protowire.Number][]any)
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		b = b[n:]
		var v any
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(b)
			v = uint64(bits)
		case protowire.Fixed64Type:
			v, n = protowire.ConsumeFixed64(b)
		default:
			v, n = protowire.ConsumeBytes(b)
		}
		if n < 0 {
			t.Fatal(protowire.ParseError(n))
		}
		m[number], b = append(m[number], v), b[n:]
	}
	return m
}

// scalars reads the scalars of a file back: steps and values by tag.
func scalars(t *testing.T, path string) map[string]map[int]float32 {
	t.Helper()
	all := make(map[string]map[int]float32)
	for _, r := range records(t, path) {
		e := fields(t, r)
		for _, s := range e[5] {
			v := fields(t, fields(t, s.([]byte))[1][0].([]byte))
			tag := string(v[1][0].([]byte))
			if all[tag] == nil {
				all[tag] = make(map[int]float32)
			}
			if len(v[2]) > 0 {
				all[tag][int(e[2][0].(uint64))] = math.Float32frombits(uint32(v[2][0].(uint64)))
			}
		}
	}
	return all
}

// independent reads a file with testdata/read.py, which shares nothing with this
// package.
func independent(t *testing.T, path string) []event {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	var stderr bytes.Buffer
	c := exec.Command(python, "testdata/read.py", path)
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var list []event
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Buffer(nil, 1<<20); lines.Scan(); {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
		list = append(list, e)
	}
	return list
}
