package parity

// LSTMOp is a case of torch.nn.LSTM with batch_first. Its inputs are x, h0, c0 and
// what the state dict holds.
type LSTMOp struct {
	Op
	Attrs LSTMAttrs `json:"attrs"`
}

// LSTMAttrs are the attributes of a case.
type LSTMAttrs struct {
	Layers int `json:"layers"`
	// Uses says what y is: "output"; "hidden" or "cell", the sum of the last states of
	// all layers, (N, hidden); or "all", the sum of the output and both at every step.
	Uses string `json:"uses"`
}

// LSTMOps are all cases.
func LSTMOps() (cases []LSTMOp, err error) {
	err = load("ops_recurrent.json.gz", &cases)
	return cases, err
}
