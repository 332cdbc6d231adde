package train

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/tfevents"
)

// boardEvent is an event as internal/tfevents/testdata/read.py prints it.
type boardEvent struct {
	Step    int
	Session int
	Graph   []struct {
		Name, Op string
		Inputs   []string
	}
	Values []struct {
		Tag    string
		Scalar *float64
		Image  []int
		Ends   []float64
		Text   string
	}
}

func boardEvents(t *testing.T, path string) (list []boardEvent) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3")
	}
	out, err := exec.Command(python, "../internal/tfevents/testdata/read.py", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for lines.Buffer(nil, 1<<24); lines.Scan(); {
		var e boardEvent
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		list = append(list, e)
	}
	return list
}

func boardFiles(t *testing.T, r *Run) []string {
	t.Helper()
	files, err := tfevents.Files(r.Dir())
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// A run that was killed and resumed has two event files. Together, without what the
// second takes back, they have every epoch once.
func TestBoardOfResumedRun(t *testing.T) {
	c := small(t)
	ctx, cancel := context.WithCancel(context.Background())
	r := newRun(t, c, Options{Report: &stopAt{func(p Progress) bool { return p.Epoch == 2 && p.Batch == 5 }, cancel}})
	if err := r.Train(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	r.Close()
	again, err := Resume(r.Dir(), Options{Log: quiet})
	if err != nil {
		t.Fatal(err)
	}
	finish(t, again)
	again.Close()

	files := boardFiles(t, again)
	if len(files) != 2 {
		t.Fatalf("event files %q, want 2", files)
	}
	first, second := boardEvents(t, files[0]), boardEvents(t, files[1])
	if second[1].Session != 1 || second[1].Step != 6+5+1 {
		t.Errorf("the second file begins with %+v, want a start at step 12", second[1])
	}
	checkBoardGraph(t, first[1])
	losses := make(map[int]float64)
	tags := make(map[string]bool)
	for _, e := range append(first, second...) {
		for _, v := range e.Values {
			tags[v.Tag] = true
			if _, twice := losses[e.Step]; v.Tag == "epoch/val_loss" && twice {
				t.Errorf("step %d twice", e.Step)
			} else if v.Tag == "epoch/val_loss" {
				losses[e.Step] = *v.Scalar
			}
		}
	}
	for _, h := range again.History() {
		if float32(losses[h.Step]) != float32(h.ValLoss) {
			t.Errorf("losses %v lack the %v of step %d", losses, h.ValLoss, h.Step)
		}
	}
	for _, tag := range []string{"step/loss", "step/lr", "epoch/val_ece", "epoch/lr", "weights/conv1.weight", "training_images", "worst_mistakes"} {
		if !tags[tag] {
			t.Errorf("no %s among %q", tag, slices.Sorted(maps.Keys(tags)))
		}
	}
}

// checkBoardGraph wants unique names, operands that exist, and the first layer.
func checkBoardGraph(t *testing.T, e boardEvent) {
	t.Helper()
	ops := make(map[string]string)
	for _, n := range e.Graph {
		if ops[n.Name] != "" {
			t.Errorf("two nodes %s", n.Name)
		}
		ops[n.Name] = n.Op
	}
	edges := 0
	for _, n := range e.Graph {
		for _, in := range n.Inputs {
			edges++
			if ops[in] == "" {
				t.Errorf("%s takes %q, which is not there", n.Name, in)
			}
		}
	}
	if edges < 10 || ops["x"] != "Input" || ops["conv1/weight"] != "Parameter" || !strings.HasPrefix(ops["conv1/Conv2d"], "Conv2d") {
		t.Errorf("%d edges, nodes %q", edges, slices.Sorted(maps.Keys(ops)))
	}
}

// The other tasks show what they make.
func TestBoardOfOtherTasks(t *testing.T) {
	for name, text := range others {
		t.Run(name, func(t *testing.T) {
			r := newRun(t, tiny(t, text), Options{})
			finish(t, r)
			r.Close()
			shown := 0
			for _, e := range boardEvents(t, boardFiles(t, r)[0]) {
				for _, v := range e.Values {
					if v.Tag == "sample" && v.Text != "" || v.Tag == "generated_images" && len(v.Image) == 6 {
						shown++
					}
				}
			}
			if shown != len(r.History()) {
				t.Errorf("%d samples, want one after each of %d epochs", shown, len(r.History()))
			}
		})
	}
}

// Without the setting there are no event files, and a run that takes the place of
// another removes the other's.
func TestBoardIsWanted(t *testing.T) {
	c := small(t)
	r := newRun(t, c, Options{})
	r.Close()
	if files := boardFiles(t, r); len(files) != 1 {
		t.Errorf("event files %q, want 1", files)
	}
	c.TensorBoard = false
	r = newRun(t, c, Options{Dir: r.Dir(), Overwrite: true})
	if files := boardFiles(t, r); len(files) != 0 {
		t.Errorf("event files %q, want none", files)
	}
}
