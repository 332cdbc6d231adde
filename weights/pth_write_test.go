package weights

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stateDicts are archives that can be written as a state dict.
func stateDicts() map[string]*Archive {
	many := &Archive{}
	for i := range 2*pickleBatch + 1 {
		many.Tensors = append(many.Tensors, Tensor{Name: fmt.Sprint("layer.", i), Shape: []int{1, 1}, Values: []float32{float32(i)}})
	}
	wide := &Archive{Tensors: []Tensor{
		{Name: "scalar", Values: []float32{42.5}},
		{Name: "empty", Shape: []int{3, 0, 2}, Values: []float32{}},
		{Name: "odd", Shape: []int{len(odd())}, Values: odd()},
		{Name: "long", Shape: []int{300}, Values: make([]float32, 300)},
		{Name: "longer", Shape: []int{1, 70000}, Values: make([]float32, 70000)},
		{Name: "größe", Shape: []int{2}, Values: []int64{-1, 1 << 40}},
		{Name: "bytes", Shape: []int{2}, Values: []byte{0, 255}},
	}}
	net := &Archive{Tensors: []Tensor{ // that of testdata/pth.py
		{Name: "0.weight", Shape: []int{3, 2, 1, 1}, Values: []float32{1, 2, 3, 4, 5, 6}},
		{Name: "0.bias", Shape: []int{3}, Values: []float32{1, 2, 3}},
		{Name: "1.weight", Shape: []int{3}, Values: []float32{1, 2, 3}},
		{Name: "1.bias", Shape: []int{3}, Values: []float32{1, 2, 3}},
		{Name: "1.running_mean", Shape: []int{3}, Values: []float32{1, 2, 3}, Buffer: true},
		{Name: "1.running_var", Shape: []int{3}, Values: []float32{1, 2, 3}, Buffer: true},
		{Name: "3.weight", Shape: []int{2, 3}, Values: []float32{1, 2, 3, 4, 5, 6}},
		{Name: "3.bias", Shape: []int{2}, Values: []float32{1, 2}},
	}}
	return map[string]*Archive{"many": many, "wide": wide, "network": net, "nothing": {}}
}

func encodePTH(t testing.TB, a *Archive) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := EncodePTH(&b, a); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPTHRoundTrip(t *testing.T) {
	for name, a := range stateDicts() {
		data := encodePTH(t, a)
		if !bytes.Equal(data, encodePTH(t, a)) {
			t.Errorf("%s: other bytes the second time", name)
		}
		if name == "nothing" {
			continue // which is not read
		}
		got, err := readCheckpoint(data)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff(a, got, bits); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestAlignment wants each file to begin where it can be mapped.
func TestAlignment(t *testing.T) {
	data := encodePTH(t, stateDicts()["wide"])
	c := newCheckpoint(bytes.NewReader(data), int64(len(data)))
	if _, err := c.openZip(); err != nil {
		t.Fatal(err)
	}
	for key, s := range c.storages {
		if err := c.locate(s); err != nil || s.at%torchAlignment != 0 {
			t.Errorf("storage %s is at %d, %v", key, s.at, err)
		}
	}
}

func TestWhatPTHCannotKeep(t *testing.T) {
	for _, c := range []struct {
		tensor Tensor
		want   string
	}{
		{Tensor{Section: "solver", Name: "a", Values: []float32{1}}, "solver:a: this format has no sections"},
		{Tensor{Name: "a", Values: []float32{}}, "a: 0 values for shape ()"},
	} {
		err := EncodePTH(&bytes.Buffer{}, &Archive{Tensors: []Tensor{c.tensor}})
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// TestTorchReads has PyTorch, if there is one, read what is written here.
func TestTorchReads(t *testing.T) {
	const python = "/usr/bin/python3"
	if err := exec.Command(python, "-c", "import torch").Run(); err != nil {
		t.Skipf("%s has no PyTorch: %v", python, err)
	}
	for name, a := range stateDicts() {
		path := filepath.Join(t.TempDir(), "a.pth")
		if err := a.SavePTH(path); err != nil {
			t.Fatal(err)
		}
		var errors strings.Builder
		script := exec.Command(python, "testdata/pth.py", path)
		script.Stderr = &errors
		out, err := script.Output()
		if err != nil {
			t.Fatalf("%s: %v: %s", name, err, errors.String())
		}
		var got []told
		if err := json.Unmarshal(out, &got); err != nil {
			t.Fatal(err)
		}
		want := []told{}
		for i := range a.Tensors {
			want = append(want, tell(&a.Tensors[i]))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// TestLoadPTHInto loads a state dict into a model, with values left in the file
// and without.
func TestLoadPTHInto(t *testing.T) {
	from := model(t, 1, several())
	want := FromParams(from)
	path := filepath.Join(t.TempDir(), "a.pth")
	if err := want.SavePTH(path); err != nil {
		t.Fatal(err)
	}
	for _, opts := range [][]LoadOption{nil, {Deferred()}} {
		to := model(t, 1e6, several())
		if _, err := LoadInto(path, to, opts...); err != nil {
			t.Fatal(err)
		}
		if err := to.Fetch(); err != nil {
			t.Fatal(err)
		}
		same(t, fmt.Sprint(len(opts), " options"), FromParams(to), want)
	}
}
