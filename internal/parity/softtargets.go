package parity

// SoftTargetOps are the cases of the cross-entropy against probabilities, in the
// terms of Op: inputs x and target, both (N, C), and the gradient of x.
func SoftTargetOps() (cases []Op, err error) {
	err = load("ops_softtargets.json.gz", &cases)
	return cases, err
}
