package weights

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// told is what PyTorch says of a tensor, see testdata/pth.py.
type told struct {
	Name   string
	Shape  []int
	DType  DType
	Values string // hexadecimal, little-endian
}

// tell says the same of ours.
func tell(t *Tensor) told {
	data := bytes.Clone(memory(t.Values))
	native(data, kinds[t.DType()].size)
	return told{t.Name, append([]int{}, t.Shape...), t.DType(), hex.EncodeToString(data)}
}

// checkpoints are the files in testdata/pth and what is in them.
func checkpoints(t testing.TB) map[string]struct {
	Tensors []told
	Notes   map[string]string
} {
	t.Helper()
	text, err := os.ReadFile("testdata/pth/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]struct {
		Tensors []told
		Notes   map[string]string
	}
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata/pth", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readCheckpoint reads a checkpoint that is in memory.
func readCheckpoint(data []byte) (*Archive, error) {
	read := readPickled
	if torchZip(data) {
		read = readTorchZip
	}
	c, err := read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	return c.load()
}

// TestCheckpoints reads files that PyTorch wrote, to the bit.
func TestCheckpoints(t *testing.T) {
	for name, want := range checkpoints(t) {
		if len(want.Tensors) == 0 {
			continue // see TestRefusedCheckpoints
		}
		t.Run(name, func(t *testing.T) {
			a, err := Load(filepath.Join("testdata/pth", name))
			if err != nil {
				t.Fatal(err)
			}
			var got []told
			for i := range a.Tensors {
				got = append(got, tell(&a.Tensors[i]))
			}
			if d := cmp.Diff(want.Tensors, got); d != "" {
				t.Error(d)
			}
			if want.Notes != nil && cmp.Diff(want.Notes, a.Meta.Notes) != "" {
				t.Error(cmp.Diff(want.Notes, a.Meta.Notes))
			}
		})
	}
}

func TestRefusedCheckpoints(t *testing.T) {
	for name, want := range map[string]string{
		"module.pth":      "pickle wants torch.nn.modules.container.Sequential: only tensors and plain containers are read; it may hold a whole torch.nn.Module: save its state_dict() instead",
		"command.pth":     "pickle wants posix.system: only tensors and plain containers are read",
		"command_old.pth": "pickle wants posix.system: only tensors and plain containers are read",
		"gan.pth":         `it has several state dicts, save the one that is wanted by itself: "netG" (1 tensors), "netD" (2 tensors)`,
		"same.pth":        `it has several state dicts, save the one that is wanted by itself: "model" (1 tensors), "ema" (1 tensors)`,
		"complex.pth":     `"a": values are complex64, which this program does not read`,
		"tensor.pth":      "it holds no dict of tensors: save the state_dict() of a model",
		"empty.pth":       "there are no tensors in it",
	} {
		path := filepath.Join("testdata/pth", name)
		if _, err := Load(path); err == nil || err.Error() != path+": "+want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestTruncatedCheckpoints cuts each file at every byte.
func TestTruncatedCheckpoints(t *testing.T) {
	for _, name := range []string{"views.pth", "views_old.pth", "nested_old.pth", "protocol4_old.pth", "parts.pth"} {
		data := fixture(t, name)
		for n := range data {
			_, err := readCheckpoint(data[:n:n])
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%s: the first %d of %d bytes: %v", name, n, len(data), err)
			}
		}
	}
}

// bitsOf is all that an archive holds, as text.
func bitsOf(a *Archive) string {
	var b strings.Builder
	fmt.Fprintln(&b, a.Meta)
	for i := range a.Tensors {
		fmt.Fprintln(&b, tell(&a.Tensors[i]))
	}
	return b.String()
}

// TestFlippedBits changes a bit of each byte of files: what is read of it or
// refused does not matter, only that nothing breaks and that nothing of a zip
// archive changes unseen.
func TestFlippedBits(t *testing.T) {
	for _, name := range []string{"cuda.pth", "cuda_old.pth", "state.pth", "state_old.pth", "protocol4_old.pth"} {
		data := fixture(t, name)
		want, err := readCheckpoint(data)
		if err != nil {
			t.Fatal(err)
		}
		text := bitsOf(want)
		for i := range data {
			data[i] ^= 1 << (i % 8)
			a, err := readCheckpoint(data)
			switch {
			case err != nil && strings.Contains(err.Error(), "\n"):
				t.Errorf("more than one line: %v", err)
			case err == nil && torchZip(data) && bitsOf(a) != text:
				t.Errorf("%s: byte %d changes what is read: %s", name, i, cmp.Diff(want, a, bits))
			}
			data[i] ^= 1 << (i % 8)
		}
	}
}

// TestPublishedCheckpoints reads ResNets for CIFAR-10 that others have trained.
func TestPublishedCheckpoints(t *testing.T) {
	folder := os.Getenv("ZOO_DATA")
	if folder == "" {
		t.Skip("ZOO_DATA is not set")
	}
	for name, want := range map[string]struct{ tensors, values int }{
		"resnet20-12fca82f.th": {97, 271098},
		"resnet32-d509ac18.th": {157, 466426},
	} {
		a, err := Load(filepath.Join(folder, "cifar10-resnets", name))
		if err != nil {
			t.Fatal(err)
		}
		a.StripPrefix()
		values := 0
		for i := range a.Tensors {
			values += a.Tensors[i].Len()
		}
		if first, last := a.Tensors[0].Name, a.Tensors[len(a.Tensors)-1].Name; first != "conv1.weight" || last != "linear.bias" {
			t.Errorf("%s: from %s to %s", name, first, last)
		}
		if len(a.Tensors) != want.tensors || values != want.values || a.Classes() != 10 {
			t.Errorf("%s: %d tensors, %d values, %d classes", name, len(a.Tensors), values, a.Classes())
		}
	}
}
