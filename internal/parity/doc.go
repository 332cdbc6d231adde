// Package parity holds PyTorch's numbers against ours. The fixtures under
// testdata/parity were written by generate.py there; they keep results only.
// Inputs and weights come from a formula that both sides compute, bit for bit.
//
// A test loads the cases, fills its tensors with Tensor.Data, runs the code
// under test and gives what comes out to Want.Check:
//
//	cases, err := parity.Ops("Conv2d")
//	...
//	x := cases[0].Inputs["x"].Data()
//	...
//	if err := cases[0].Outputs["y"].Check(y, 1e-5); err != nil {
//		t.Error(err)
//	}
//
// The package imports no other package of the module, so every layer may use it
// in its tests.
package parity
