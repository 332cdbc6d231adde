package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorgonia-zoo/modelzoo/bench/internal/machine"
	"github.com/gorgonia-zoo/modelzoo/bench/internal/workload"
)

// TestMain lets this binary play the processes of the tests.
func TestMain(m *testing.M) {
	switch os.Getenv("COMPARE_TEST_PEER") {
	case "":
		os.Exit(m.Run())
	case "broken":
		fmt.Fprintln(os.Stderr, "Traceback\nModuleNotFoundError: No module named 'torch'")
		os.Exit(1)
	case "ours":
		if err := run(os.Args[1:]); err != nil {
			panic(err)
		}
	case "predict":
		predict()
	default:
		play()
	}
}

// play is a peer that can do one thing.
func play() {
	fmt.Println(`{"name": "Peer 1.0", "kinds": {"infer": ["eager", "frozen"]}}`)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		switch lines.Text() {
		case "run resnet18 infer frozen 1 224 3":
			fmt.Println(`{"ms": [1, 2, 3]}`)
		case "run resnet18 infer frozen 1 224 2":
			fmt.Println(`{"ms": [1]}`)
		default:
			fmt.Println(`{"error": "KeyError: 'eager'"}`)
		}
	}
}

// predict makes one prediction from a file that it has written before.
func predict() {
	file := os.Args[len(os.Args)-1]
	if slices.Contains(os.Args, "--write") {
		if err := os.WriteFile(file, []byte("weights"), 0o644); err != nil {
			panic(err)
		}
		return
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "weights" || slices.Contains(os.Args, "resnet21") {
		fmt.Fprintf(os.Stderr, "FileError: %v\n", err)
		os.Exit(1)
	}
	fmt.Println(7)
	bufio.NewScanner(os.Stdin).Scan()
}

var small = workload.Workload{Model: "resnet18", Kind: workload.Inference, Batch: 1, Size: 224}

func TestPeer(t *testing.T) {
	t.Setenv("COMPARE_TEST_PEER", "good")
	ctx := context.Background()
	c, err := newProgram(ctx, t.TempDir(), 2, os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	if c.Name() != "Peer 1.0" || len(c.Variants(workload.Inference)) != 2 || len(c.Variants(workload.Training)) != 0 {
		t.Errorf("the peer is %q with %v", c.Name(), c.kinds)
	}
	p, err := c.Enter(ctx, small, "frozen")
	if err != nil {
		t.Fatal(err)
	}
	ms, err := p.Time(3)
	if err != nil || len(ms) != 3 || ms[2] != 3 {
		t.Errorf("3 runs took %v (%v)", ms, err)
	}
	for n, want := range map[int]string{2: "timed 1 runs, want 2", 4: "KeyError"} {
		if _, err := p.Time(n); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d runs: error %v, want %q", n, err, want)
		}
	}
	if _, err := os.Stat("/proc/self/status"); err == nil && p.Memory() < 1<<20 {
		t.Errorf("the peer had %d bytes, want a process's", p.Memory())
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := p.Time(3); err == nil {
		t.Error("a peer that has ended timed something")
	}
}

func TestMissingPeer(t *testing.T) {
	t.Setenv("COMPARE_TEST_PEER", "broken")
	ctx, folder := context.Background(), t.TempDir()
	_, err := newProgram(ctx, folder, 2, os.Args[0])
	if err == nil || !strings.Contains(err.Error(), "No module named 'torch'") {
		t.Errorf("error %v, want the last line of what it wrote", err)
	}
	if _, err := newProgram(ctx, folder, 2, filepath.Join(folder, "nothing")); err == nil {
		t.Error("a program that is not there was started")
	}
}

// TestStarter races to the first prediction.
func TestStarter(t *testing.T) {
	t.Setenv("COMPARE_TEST_PEER", "predict")
	ctx := context.Background()
	c := &program{name: "Peer 1.0", kinds: make(map[workload.Kind][]string), folder: t.TempDir(), threads: 2}
	c.offerStart("file", os.Args[0])
	w := workload.Workload{Model: "resnet18", Kind: workload.Start, Batch: 1, Size: 224}
	p, err := c.Enter(ctx, w, c.Variants(workload.Start)[0])
	if err != nil {
		t.Fatal(err)
	}
	ms, err := p.Time(2)
	if err != nil || len(ms) != 2 || ms[0] <= 0 {
		t.Errorf("2 starts took %v (%v)", ms, err)
	}
	if _, err := os.Stat("/proc/self/status"); err == nil && p.Memory() < 1<<20 {
		t.Errorf("the processes had %d bytes", p.Memory())
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	w.Model = "resnet21"
	if p, err = c.Enter(ctx, w, "file"); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Time(1); err == nil || !strings.Contains(err.Error(), "FileError") {
		t.Errorf("a process that fails: error %v, want its last line", err)
	}
	w.Batch = 2
	if _, err := c.Enter(ctx, w, "file"); err == nil {
		t.Error("a first prediction of 2 images gives no error")
	}
}

// steady is a contender whose runs take a given time each turn.
type steady struct {
	name  string
	turns []float64
	calls int
}

func (s *steady) Name() string                    { return s.name }
func (s *steady) Variants(workload.Kind) []string { return []string{"only"} }
func (s *steady) Memory() int64                   { return int64(s.calls) * 1e6 }
func (s *steady) Close() error                    { return nil }
func (s *steady) Enter(context.Context, workload.Workload, string) (player, error) {
	return s, nil
}
func (s *steady) Time(n int) ([]float64, error) {
	ms := make([]float64, n)
	for i := range ms {
		ms[i] = s.turns[max(0, s.calls-1)%len(s.turns)]
	}
	s.calls++
	return ms, nil
}

// TestMatch has a machine that is half as fast in the second turn: the ratio
// does not see it, the spread does.
func TestMatch(t *testing.T) {
	a, b := &steady{name: "a", turns: []float64{10, 20, 10}}, &steady{name: "b", turns: []float64{30, 60, 30}}
	results, err := match(context.Background(), workloads[0], []contender{a, b}, 3, 100*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if len(results) != 2 || results[1].Median() != 30 || results[1].Ratio(results[0]) != 3 {
		t.Errorf("results %v, want a median of 30 and a ratio of 3", results)
	}
	if s := results[0].Spread(); s != 0.5 {
		t.Errorf("spread %v, want 0.5", s)
	}
	results[1].Memory = 0
	text := report{
		Machine: machine.Machine{Date: time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC), CPU: "Some CPU @ 3 GHz", Threads: 2, Go: "go"},
		Rows:    []row{{workloads[0], results}},
	}
	if want := "| resnet18, infer, batch 1, 3x224x224 | a, only | 10.00 | 50.0 % | 1 | 4 |\n|  | b, only | 30.00 | 50.0 % | 3.00 | ? |\n"; !strings.HasSuffix(text.String(), want) {
		t.Errorf("report:\n%s\nwant at its end:\n%s", text, want)
	}
	if want := "2026-02-03-some-cpu-3-ghz.md"; text.file() != want {
		t.Errorf("file %q, want %q", text.file(), want)
	}
}

// TestChoose finds the rows of the table by name.
func TestChoose(t *testing.T) {
	for pattern, want := range map[string]int{"*": len(workloads), "resnet18-*": 4, "*-train-*": 3, "*-start-*": 1, "resnet20-infer-b128": 1} {
		if got, err := workload.Choose(workloads, pattern); err != nil || len(got) != want {
			t.Errorf("%s: %d workloads (%v), want %d", pattern, len(got), err, want)
		}
	}
}

// TestOurs runs our side, small, as a process.
func TestOurs(t *testing.T) {
	t.Setenv("COMPARE_TEST_PEER", "ours")
	ctx, cancel := context.WithCancel(context.Background())
	c, err := newProgram(ctx, t.TempDir(), 2, os.Args[0], "--serve")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(c.Name(), "modelzoo, go") {
		t.Errorf("our name is %q", c.Name())
	}
	for _, k := range []workload.Kind{workload.Inference, workload.Training} {
		w := workload.Workload{Model: "resnet20", Kind: k, Batch: 2, Size: 32}
		p, err := c.Enter(ctx, w, c.Variants(k)[0])
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if ms, err := p.Time(2); err != nil || len(ms) != 2 || ms[0] <= 0 {
				t.Errorf("%s: %v (%v)", k, ms, err)
			}
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	p, err := c.Enter(ctx, workload.Workload{Model: "resnet21", Kind: workload.Inference, Batch: 1, Size: 32}, "program")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Time(1); err == nil || !strings.Contains(err.Error(), "resnet21") {
		t.Errorf("a model that does not exist: error %v", err)
	}
	cancel()
	// As long as it lives it answers that there is no such model.
	for end := time.Now().Add(10 * time.Second); ; {
		if _, err := p.Time(1); err != nil && !strings.Contains(err.Error(), "resnet21") {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the interrupt has not ended the process")
		}
	}
	if err := p.Close(); err == nil {
		t.Error("the process says that it ended by itself")
	}
}

// TestServer gives our side lines that are no requests, and two workloads.
func TestServer(t *testing.T) {
	var s server
	for _, line := range []string{"", "run", "run resnet20 infer program 1 32 0", "run resnet20 infer program 1 32 many", "stop resnet20 infer program 1 32 1"} {
		if _, err := s.answer(line); err == nil || !strings.Contains(err.Error(), "want: run") {
			t.Errorf("%q: error %v", line, err)
		}
	}
	for _, line := range []string{"run resnet20 infer program 1 32 1", "run resnet20 infer program 2 32 1", "run resnet20 infer program 2 32 2"} {
		if _, err := s.answer(line); err != nil {
			t.Errorf("%q: %v", line, err)
		}
	}
}
