package kernel

import "golang.org/x/sys/cpu"

// nativeTiers returns the tiers above Generic of this machine, lowest first.
// The flags include whether the operating system saves the wide registers.
func nativeTiers() []Tier {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return nil
	}
	if !cpu.X86.HasAVX512F || !cpu.X86.HasAVX512VL || !cpu.X86.HasAVX512BW || !cpu.X86.HasAVX512DQ {
		return []Tier{AVX2}
	}
	return []Tier{AVX2, AVX512}
}
