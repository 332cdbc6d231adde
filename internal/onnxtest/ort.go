package onnxtest

import (
	_ "embed"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

//go:embed ort.js
var ortScript []byte

// ORT runs a model with ONNX Runtime, once for each set of inputs, and returns the
// outputs by name. The test is skipped where there is no node with the package
// onnxruntime-node.
func ORT(t testing.TB, model string, runs ...map[string]*Tensor) (outputs []map[string]*Tensor) {
	t.Helper()
	dir := t.TempDir()
	script, in, out := filepath.Join(dir, "ort.js"), filepath.Join(dir, "runs.json"), filepath.Join(dir, "results.json")
	if err := os.WriteFile(script, ortScript, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("node", script).Run(); err != nil {
		t.Skip("no node with the package onnxruntime-node here (NODE_PATH says where)")
	}
	text, err := json.Marshal(runs)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(in, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if message, err := exec.Command("node", script, model, in, out).CombinedOutput(); err != nil {
		t.Fatalf("ONNX Runtime: %v: %s", err, message)
	}
	if text, err = os.ReadFile(out); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &outputs); err != nil {
		t.Fatal(err)
	}
	return outputs
}
