#include "textflag.h"
#include "neon_arm64.h"

// The fields of outerArgs; a test holds the numbers against the struct.
#define LOAD_ARGS \
	MOVD t+0(FP), R0; \
	MOVD 0(R0), R1;   \ // x
	MOVD 8(R0), R2;   \ // y
	MOVD 16(R0), R3;  \ // pixels
	MOVD 24(R0), R4;  \ // pixelX
	MOVD 32(R0), R5;  \ // pixelY
	MOVD 40(R0), R6;  \ // rows
	MOVD 48(R0), R7;  \ // rowX
	MOVD 56(R0), R8;  \ // rowY
	MOVD 64(R0), R9     // sums

#define LOAD_SUMS1 \
	FLDPQ (R9), (F0, F1); \
	FLDPQ 32(R9), (F2, F3)

#define LOAD_SUMS3 \
	LOAD_SUMS1;              \
	FLDPQ 64(R9), (F4, F5);  \
	FLDPQ 96(R9), (F6, F7);  \
	FLDPQ 128(R9), (F8, F9); \
	FLDPQ 160(R9), (F10, F11)

#define LOAD_SUMS4 \
	LOAD_SUMS3;                \
	FLDPQ 192(R9), (F12, F13); \
	FLDPQ 224(R9), (F14, F15)

// These leave R9 at the next row of sums.
#define STORE_SUMS1 \
	FSTPQ.P (F0, F1), 32(R9); \
	FSTPQ.P (F2, F3), 32(R9)

#define STORE_SUMS3 \
	STORE_SUMS1;              \
	FSTPQ.P (F4, F5), 32(R9); \
	FSTPQ.P (F6, F7), 32(R9); \
	FSTPQ.P (F8, F9), 32(R9); \
	FSTPQ.P (F10, F11), 32(R9)

#define STORE_SUMS4 \
	STORE_SUMS3;                \
	FSTPQ.P (F12, F13), 32(R9); \
	FSTPQ.P (F14, F15), 32(R9)

// A row of sums: lane i of x in Vm times y in V24 to V27.
#define ROW(d, m, i) \
	FMLA_LANE(d, 24, m, i);   \
	FMLA_LANE(d+1, 25, m, i); \
	FMLA_LANE(d+2, 26, m, i); \
	FMLA_LANE(d+3, 27, m, i)

// Some values of the pixel at R14, and the rows of sums that they belong to. The
// last three of seven are loaded with the fourth, so that nothing beyond them is
// read.
#define LOAD_X1 FMOVS (R14), F28
#define LOAD_X3 FMOVD (R14), F28; FMOVS 8(R14), F29
#define LOAD_X4 FMOVQ (R14), F28
#define LOAD_X4_TO_6 FMOVQ 12(R14), F28

#define ROWS1 ROW(0, 28, 0)
#define ROWS3 ROW(0, 28, 0); ROW(4, 28, 1); ROW(8, 29, 0)
#define ROWS4 ROW(0, 28, 0); ROW(4, 28, 1); ROW(8, 28, 2); ROW(12, 28, 3)
#define ROWS4_TO_6 ROW(0, 28, 1); ROW(4, 28, 2); ROW(8, 28, 3)

// Goes over all rows and pixels, with labels for both loops.
#define PASS(row, pixel, LOAD_X, ROWS) \
	MOVD  R1, R11;              \
	MOVD  R2, R12;              \
	MOVD  R6, R13;              \
row: \
	MOVD  R11, R14;             \
	MOVD  R12, R15;             \
	MOVD  R3, R16;              \
pixel: \
	LOAD_X;                     \
	FLDPQ (R15), (F24, F25);    \
	FLDPQ 32(R15), (F26, F27);  \
	ADD   R4, R14;              \
	ADD   R5, R15;              \
	ROWS;                       \
	SUBS  $1, R16;              \
	BNE   pixel;                \
	ADD   R7, R11;              \
	ADD   R8, R12;              \
	SUBS  $1, R13;              \
	BNE   row

// func outerNEON_16(t *byte)
TEXT ·outerNEON_16(SB), NOSPLIT, $0-8
	LOAD_ARGS
	MOVD $4, R10

quarter:
	LOAD_SUMS4
	PASS(row, pixel, LOAD_X4, ROWS4)
	STORE_SUMS4
	ADD  $16, R1
	SUBS $1, R10
	BNE  quarter
	RET

// func outerNEON_7(t *byte)
TEXT ·outerNEON_7(SB), NOSPLIT, $0-8
	LOAD_ARGS
	LOAD_SUMS4
	PASS(row, pixel, LOAD_X4, ROWS4)
	STORE_SUMS4
	LOAD_SUMS3
	PASS(row4, pixel4, LOAD_X4_TO_6, ROWS4_TO_6)
	STORE_SUMS3
	RET

// func outerNEON_3(t *byte)
TEXT ·outerNEON_3(SB), NOSPLIT, $0-8
	LOAD_ARGS
	LOAD_SUMS3
	PASS(row, pixel, LOAD_X3, ROWS3)
	STORE_SUMS3
	RET

// func outerNEON_1(t *byte)
TEXT ·outerNEON_1(SB), NOSPLIT, $0-8
	LOAD_ARGS
	LOAD_SUMS1
	PASS(row, pixel, LOAD_X1, ROWS1)
	STORE_SUMS1
	RET
