#include "textflag.h"
#include "neon_arm64.h"

// Lane i of x in V28 times y in V24 to V27.
#define ROW(d, i) \
	FMLA_LANE(d, 24, 28, i);   \
	FMLA_LANE(d+1, 25, 28, i); \
	FMLA_LANE(d+2, 26, 28, i); \
	FMLA_LANE(d+3, 27, 28, i)

// func outerNEON(t *byte)
//
// Four rows of the sums at a time, over all pixels. The fields of outerArgs; a
// test holds the numbers against the struct.
TEXT ·outerNEON(SB), NOSPLIT, $0-8
	MOVD t+0(FP), R0
	MOVD 0(R0), R1   // x
	MOVD 8(R0), R2   // y
	MOVD 16(R0), R3  // pixels
	MOVD 24(R0), R4  // pixelX
	MOVD 32(R0), R5  // pixelY
	MOVD 40(R0), R6  // rows
	MOVD 48(R0), R7  // rowX
	MOVD 56(R0), R8  // rowY
	MOVD 64(R0), R9  // sums
	MOVD $4, R10     // quarters left

quarter:
	FLDPQ (R9), (F0, F1)
	FLDPQ 32(R9), (F2, F3)
	FLDPQ 64(R9), (F4, F5)
	FLDPQ 96(R9), (F6, F7)
	FLDPQ 128(R9), (F8, F9)
	FLDPQ 160(R9), (F10, F11)
	FLDPQ 192(R9), (F12, F13)
	FLDPQ 224(R9), (F14, F15)
	MOVD  R1, R11
	MOVD  R2, R12
	MOVD  R6, R13

row:
	MOVD R11, R14
	MOVD R12, R15
	MOVD R3, R16

pixel:
	FMOVQ (R14), F28
	FLDPQ (R15), (F24, F25)
	FLDPQ 32(R15), (F26, F27)
	ADD   R4, R14
	ADD   R5, R15
	ROW(0, 0)
	ROW(4, 1)
	ROW(8, 2)
	ROW(12, 3)
	SUBS  $1, R16
	BNE   pixel

	ADD  R7, R11
	ADD  R8, R12
	SUBS $1, R13
	BNE  row

	FSTPQ.P (F0, F1), 32(R9)
	FSTPQ.P (F2, F3), 32(R9)
	FSTPQ.P (F4, F5), 32(R9)
	FSTPQ.P (F6, F7), 32(R9)
	FSTPQ.P (F8, F9), 32(R9)
	FSTPQ.P (F10, F11), 32(R9)
	FSTPQ.P (F12, F13), 32(R9)
	FSTPQ.P (F14, F15), 32(R9)
	ADD     $16, R1
	SUBS    $1, R10
	BNE     quarter
	RET
