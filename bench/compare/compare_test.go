package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestMain lets this binary play the peer of TestPeer.
func TestMain(m *testing.M) {
	switch os.Getenv("COMPARE_TEST_PEER") {
	case "":
		os.Exit(m.Run())
	case "broken":
		fmt.Fprintln(os.Stderr, "Traceback\nModuleNotFoundError: No module named 'torch'")
		os.Exit(1)
	}
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

func TestPeer(t *testing.T) {
	t.Setenv("COMPARE_TEST_PEER", "good")
	ctx := context.Background()
	p, err := startPeer(ctx, os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	w := workload{"resnet18", inference, 1, 224}
	if p.Name() != "Peer 1.0" || len(p.Variants(inference)) != 2 || len(p.Variants(training)) != 0 {
		t.Errorf("the peer is %q with %v", p.Name(), p.kinds)
	}
	ms, err := p.Time(ctx, w, "frozen", 3)
	if err != nil || len(ms) != 3 || ms[2] != 3 {
		t.Errorf("3 runs took %v (%v)", ms, err)
	}
	for n, want := range map[int]string{2: "timed 1 runs, want 2", 4: "KeyError"} {
		if _, err := p.Time(ctx, w, "frozen", n); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d runs: error %v, want %q", n, err, want)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := p.Time(ctx, w, "frozen", 3); err == nil {
		t.Error("a peer that has ended timed something")
	}
}

func TestMissingPeer(t *testing.T) {
	t.Setenv("COMPARE_TEST_PEER", "broken")
	_, err := startPeer(context.Background(), os.Args[0])
	if err == nil || !strings.Contains(err.Error(), "No module named 'torch'") {
		t.Errorf("error %v, want the last line of what it wrote", err)
	}
	if _, err := startPeer(context.Background(), filepath.Join(t.TempDir(), "nothing")); err == nil {
		t.Error("a program that is not there was started")
	}
}

// steady is a contender whose runs take a given time each turn.
type steady struct {
	name  string
	turns []float64
	calls int
}

func (s *steady) Name() string           { return s.name }
func (s *steady) Variants(kind) []string { return []string{"only"} }
func (s *steady) Time(_ context.Context, _ workload, _ string, n int) ([]float64, error) {
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
	text := report{
		Machine: machine{Date: time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC), CPU: "Some CPU @ 3 GHz", Threads: 2, Go: "go"},
		Rows:    []row{{workloads[0], results}},
	}
	if want := "| resnet18, infer, batch 1, 3x224x224 | a, only | 10.00 | 50.0 % | 1 |\n|  | b, only | 30.00 | 50.0 % | 3.00 |\n"; !strings.HasSuffix(text.String(), want) {
		t.Errorf("report:\n%s\nwant at its end:\n%s", text, want)
	}
	if want := "2026-02-03-some-cpu-3-ghz.md"; text.Machine.file() != want {
		t.Errorf("file %q, want %q", text.Machine.file(), want)
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		values  []float64
		q, want float64
	}{
		{[]float64{3}, 0.5, 3},
		{[]float64{4, 1, 3, 2}, 0.5, 2.5},
		{[]float64{5, 1, 3}, 0.25, 2},
		{[]float64{5, 1, 3}, 0, 1},
		{[]float64{5, 1, 3}, 1, 5},
		{nil, 0.5, math.NaN()},
	} {
		if got := quantile(c.values, c.q); got != c.want && !(math.IsNaN(got) && math.IsNaN(c.want)) {
			t.Errorf("quantile %v of %v is %v, want %v", c.q, c.values, got, c.want)
		}
	}
}

func TestChoose(t *testing.T) {
	for pattern, want := range map[string]int{"*": len(workloads), "resnet18-*": 3, "*-train-*": 3, "resnet20-infer-b128": 1} {
		if got, err := choose(pattern); err != nil || len(got) != want {
			t.Errorf("%s: %d workloads (%v), want %d", pattern, len(got), err, want)
		}
	}
	for _, pattern := range []string{"vgg*", "["} {
		if _, err := choose(pattern); err == nil {
			t.Errorf("%s: no error", pattern)
		}
	}
}

// TestOurs runs our side, small.
func TestOurs(t *testing.T) {
	var o ours
	ctx, cancel := context.WithCancel(context.Background())
	for _, k := range []kind{inference, training} {
		ms, err := o.Time(ctx, workload{"resnet20", k, 2, 32}, "program", 2)
		if err != nil || len(ms) != 2 || ms[0] <= 0 {
			t.Errorf("%s: %v (%v)", k, ms, err)
		}
	}
	if _, err := o.Time(ctx, workload{"resnet21", inference, 1, 32}, "program", 1); err == nil {
		t.Error("a model that does not exist was timed")
	}
	cancel()
	if _, err := o.Time(ctx, workload{"resnet20", inference, 2, 32}, "program", 1); err == nil {
		t.Error("timed after the interrupt")
	}
}
