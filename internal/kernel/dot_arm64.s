#include "textflag.h"

#define ZERO4(a, b, c, d) \
	VEOR a.B16, a.B16, a.B16; \
	VEOR b.B16, b.B16, b.B16; \
	VEOR c.B16, c.B16, c.B16; \
	VEOR d.B16, d.B16, d.B16

// One row of a in V20 times four columns in V16 to V19.
#define DOTS(d0, d1, d2, d3) \
	VFMLA V16.S4, V20.S4, d0.S4; \
	VFMLA V17.S4, V20.S4, d1.S4; \
	VFMLA V18.S4, V20.S4, d2.S4; \
	VFMLA V19.S4, V20.S4, d3.S4

// func dotNEON_4x4(t *byte)
//
// The fields of dotArgs; a test holds the numbers against the struct.
TEXT ·dotNEON_4x4(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD 0(R0), R1   // a
	MOVD 8(R0), R2   // stride
	MOVD 16(R0), R3  // b
	MOVD 24(R0), R4  // off
	MOVD 40(R0), R5  // runs
	MOVD 48(R0), R6  // nextA
	MOVD 56(R0), R7  // nextB
	ADD  $72, R0, R8 // scratch
	ADD  R2, R1, R9
	ADD  R2, R9, R10
	ADD  R2, R10, R11
	MOVD 0(R4), R12
	MOVD 8(R4), R13
	MOVD 16(R4), R14
	MOVD 24(R4), R15
	ADD  R3, R12
	ADD  R3, R13
	ADD  R3, R14
	ADD  R3, R15
	ZERO4(V0, V1, V2, V3)
	ZERO4(V4, V5, V6, V7)
	ZERO4(V8, V9, V10, V11)
	ZERO4(V12, V13, V14, V15)

run:
	MOVD 32(R0), R16 // vectors
	MOVD R12, R19
	MOVD R13, R20
	MOVD R14, R21
	MOVD R15, R22

loop:
	VLD1.P 16(R19), [V16.S4]
	VLD1.P 16(R20), [V17.S4]
	VLD1.P 16(R21), [V18.S4]
	VLD1.P 16(R22), [V19.S4]
	VLD1.P 16(R1), [V20.S4]
	DOTS(V0, V1, V2, V3)
	VLD1.P 16(R9), [V20.S4]
	DOTS(V4, V5, V6, V7)
	VLD1.P 16(R10), [V20.S4]
	DOTS(V8, V9, V10, V11)
	VLD1.P 16(R11), [V20.S4]
	DOTS(V12, V13, V14, V15)
	SUBS   $1, R16
	BNE    loop

	ADD  R6, R1
	ADD  R6, R9
	ADD  R6, R10
	ADD  R6, R11
	ADD  R7, R12
	ADD  R7, R13
	ADD  R7, R14
	ADD  R7, R15
	SUBS $1, R5
	BNE  run

	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R8)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R8)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R8)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R8)
	RET
