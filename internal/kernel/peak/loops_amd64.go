package peak

import "golang.org/x/sys/cpu"

func nativeLoops() []Loop {
	var loops []Loop
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		loops = append(loops, Loop{"avx2", 12 * 8 * 2, fmaAVX2})
	}
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL {
		loops = append(loops, Loop{"avx512", 12 * 16 * 2, fmaAVX512})
	}
	return loops
}
