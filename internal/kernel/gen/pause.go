package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
)

func init() { sets["pause"] = pause }

// pause emits a wait of n PAUSE instructions for spinning workers.
func pause() {
	TEXT("pause", NOSPLIT, "func(n int)")
	Doc("pause waits for n PAUSE instructions (some tens of cycles each). n must be positive.")
	n := Load(Param("n"), GP64())
	Label("loop")
	PAUSE()
	DECQ(n)
	JNZ(LabelRef("loop"))
	RET()
}
