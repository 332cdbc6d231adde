#include "textflag.h"
#include "neon_arm64.h"

#define ZERO(a, b, c) \
	VEOR a.B16, a.B16, a.B16; \
	VEOR b.B16, b.B16, b.B16; \
	VEOR c.B16, c.B16, c.B16

// The fields of tileArgs; a test holds the numbers against the struct.
#define LOAD_ARGS \
	MOVD t+0(FP), R0; \
	MOVD 0(R0), R1;   \ // a
	MOVD 8(R0), R2;   \ // b
	MOVD 16(R0), R3;  \ // off
	MOVD 24(R0), R4;  \ // depth
	ADD  $224, R0, R5   // scratch

#define ZERO_ALL \
	ZERO(V0, V1, V2);    \
	ZERO(V3, V4, V5);    \
	ZERO(V6, V7, V8);    \
	ZERO(V9, V10, V11);  \
	ZERO(V12, V13, V14); \
	ZERO(V15, V16, V17); \
	ZERO(V18, V19, V20); \
	ZERO(V21, V22, V23)

// One row of weights, lane i of Vm, times three, two or one vectors of pixels
// in V24 to V26.
#define ROW3(d0, d1, d2, m, i) \
	FMLA_LANE(d0, 24, m, i); \
	FMLA_LANE(d1, 25, m, i); \
	FMLA_LANE(d2, 26, m, i)

#define ROW2(d0, d1, m, i) \
	FMLA_LANE(d0, 24, m, i); \
	FMLA_LANE(d1, 25, m, i)

// func tileNEON_8x3(t *byte)
TEXT ·tileNEON_8x3(SB), NOSPLIT, $0-8
	LOAD_ARGS
	ZERO_ALL

loop:
	MOVD.P 8(R3), R6
	ADD    R2, R6, R6
	VLD1   (R6), [V24.S4, V25.S4, V26.S4]
	VLD1.P 32(R1), [V28.S4, V29.S4]
	ROW3(0, 1, 2, 28, 0)
	ROW3(3, 4, 5, 28, 1)
	ROW3(6, 7, 8, 28, 2)
	ROW3(9, 10, 11, 28, 3)
	ROW3(12, 13, 14, 29, 0)
	ROW3(15, 16, 17, 29, 1)
	ROW3(18, 19, 20, 29, 2)
	ROW3(21, 22, 23, 29, 3)
	SUBS   $1, R4
	BNE    loop

	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R5)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R5)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R5)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R5)
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(R5)
	VST1.P [V20.S4, V21.S4, V22.S4, V23.S4], 64(R5)
	RET

// func tileNEON_8x2(t *byte)
TEXT ·tileNEON_8x2(SB), NOSPLIT, $0-8
	LOAD_ARGS
	ZERO_ALL

loop:
	MOVD.P 8(R3), R6
	ADD    R2, R6, R6
	VLD1   (R6), [V24.S4, V25.S4]
	VLD1.P 32(R1), [V28.S4, V29.S4]
	ROW2(0, 1, 28, 0)
	ROW2(2, 3, 28, 1)
	ROW2(4, 5, 28, 2)
	ROW2(6, 7, 28, 3)
	ROW2(8, 9, 29, 0)
	ROW2(10, 11, 29, 1)
	ROW2(12, 13, 29, 2)
	ROW2(14, 15, 29, 3)
	SUBS   $1, R4
	BNE    loop

	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R5)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R5)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(R5)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(R5)
	RET

// func tileNEON_8x1(t *byte)
TEXT ·tileNEON_8x1(SB), NOSPLIT, $0-8
	LOAD_ARGS
	ZERO_ALL

loop:
	MOVD.P 8(R3), R6
	ADD    R2, R6, R6
	VLD1   (R6), [V24.S4]
	VLD1.P 32(R1), [V28.S4, V29.S4]
	FMLA_LANE(0, 24, 28, 0)
	FMLA_LANE(1, 24, 28, 1)
	FMLA_LANE(2, 24, 28, 2)
	FMLA_LANE(3, 24, 28, 3)
	FMLA_LANE(4, 24, 29, 0)
	FMLA_LANE(5, 24, 29, 1)
	FMLA_LANE(6, 24, 29, 2)
	FMLA_LANE(7, 24, 29, 3)
	SUBS   $1, R4
	BNE    loop

	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(R5)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(R5)
	RET

// func tileNEON_1x4(t *byte)
TEXT ·tileNEON_1x4(SB), NOSPLIT, $0-8
	LOAD_ARGS
	ZERO(V0, V1, V2)
	VEOR V3.B16, V3.B16, V3.B16

loop:
	MOVD.P  8(R3), R6
	ADD     R2, R6, R6
	VLD1    (R6), [V24.S4, V25.S4, V26.S4, V27.S4]
	VLD1R.P 4(R1), [V28.S4]
	VFMLA   V24.S4, V28.S4, V0.S4
	VFMLA   V25.S4, V28.S4, V1.S4
	VFMLA   V26.S4, V28.S4, V2.S4
	VFMLA   V27.S4, V28.S4, V3.S4
	SUBS    $1, R4
	BNE     loop

	VST1 [V0.S4, V1.S4, V2.S4, V3.S4], (R5)
	RET

// func tileNEON_1x1(t *byte)
TEXT ·tileNEON_1x1(SB), NOSPLIT, $0-8
	LOAD_ARGS
	VEOR V0.B16, V0.B16, V0.B16

loop:
	MOVD.P  8(R3), R6
	ADD     R2, R6, R6
	VLD1    (R6), [V24.S4]
	VLD1R.P 4(R1), [V28.S4]
	VFMLA   V24.S4, V28.S4, V0.S4
	SUBS    $1, R4
	BNE     loop

	VST1 [V0.S4], (R5)
	RET
