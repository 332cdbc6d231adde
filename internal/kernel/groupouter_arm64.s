#include "textflag.h"
#include "neon_arm64.h"

// Kernels of the weight gradient for groups of channels. They take tap by tap: R1 x
// and R2 y of the tap; R3 pixels in a row; R4 and R5 from a pixel to the next of x
// and of y; R6 rows; R7 and R8 from a row to the next; R9 the sums of the tap, R17
// how far those of the next are; R10 how many taps are left. The fields are those
// of groupOuterArgs; a test holds the numbers against the struct.
#define LOAD_ARGS(taps) \
	MOVD t+0(FP), R0; \
	MOVD 0(R0), R1;   \ // x
	MOVD 8(R0), R2;   \ // y
	MOVD 16(R0), R3;  \ // pixels
	MOVD 24(R0), R4;  \ // pixelX
	MOVD 32(R0), R5;  \ // pixelY
	MOVD 40(R0), R6;  \ // rows
	MOVD 48(R0), R7;  \ // rowX
	MOVD 56(R0), R8;  \ // rowY
	MOVD 64(R0), R9;  \ // sums
	MOVD 88(R0), R17; \ // tapSums
	MOVD $taps, R10

// The taps after the first meet earlier pixels of y.
#define NEXT_TAP \
	ADD  R17, R9; \
	SUB  R5, R2;  \
	SUBS $1, R10

// Goes over all rows and pixels: LOAD takes what is needed of the pixel of x at
// R14 and that of y at R15.
#define PASS(row, pixel, LOAD, PRODUCTS) \
	MOVD  R1, R11;  \
	MOVD  R2, R12;  \
	MOVD  R6, R13;  \
row: \
	MOVD  R11, R14; \
	MOVD  R12, R15; \
	MOVD  R3, R16;  \
pixel: \
	LOAD;           \
	ADD   R4, R14;  \
	ADD   R5, R15;  \
	PRODUCTS;       \
	SUBS  $1, R16;  \
	BNE   pixel;    \
	ADD   R7, R11;  \
	ADD   R8, R12;  \
	SUBS  $1, R13;  \
	BNE   row

// A block of x in V28 to V31, of y in V24 to V27.
#define LOAD_BLOCKS \
	FLDPQ (R14), (F28, F29);   \
	FLDPQ 32(R14), (F30, F31); \
	FLDPQ (R15), (F24, F25);   \
	FLDPQ 32(R15), (F26, F27)

// Half a block, from bytes on, of x in V28 and V29, of y in V24 and V25.
#define LOAD_HALF(at) \
	FLDPQ (at)(R14), (F28, F29); \
	FLDPQ (at)(R15), (F24, F25)

#define PRODUCTS_1 \
	FMLA4(0, 24, 28); \
	FMLA4(1, 25, 29); \
	FMLA4(2, 26, 30); \
	FMLA4(3, 27, 31)

#define PRODUCTS_2 \
	TRN1_4(16, 28, 28); \
	TRN1_4(17, 29, 29); \
	TRN1_4(18, 30, 30); \
	TRN1_4(19, 31, 31); \
	TRN2_4(20, 28, 28); \
	TRN2_4(21, 29, 29); \
	TRN2_4(22, 30, 30); \
	TRN2_4(23, 31, 31); \
	FMLA4(0, 24, 16);   \
	FMLA4(1, 25, 17);   \
	FMLA4(2, 26, 18);   \
	FMLA4(3, 27, 19);   \
	FMLA4(4, 24, 20);   \
	FMLA4(5, 25, 21);   \
	FMLA4(6, 26, 22);   \
	FMLA4(7, 27, 23)

#define ROW_4(i) \
	FMLA_LANE(4*i, 24, 28, i);   \
	FMLA_LANE(4*i+1, 25, 29, i); \
	FMLA_LANE(4*i+2, 26, 30, i); \
	FMLA_LANE(4*i+3, 27, 31, i)

#define PRODUCTS_4 ROW_4(0); ROW_4(1); ROW_4(2); ROW_4(3)

// Rows i and i+4 of half a block.
#define ROWS_8(i) \
	FMLA_LANE(2*i, 24, 28, i);   \
	FMLA_LANE(2*i+1, 25, 28, i); \
	FMLA_LANE(2*i+8, 24, 29, i); \
	FMLA_LANE(2*i+9, 25, 29, i)

#define PRODUCTS_8 ROWS_8(0); ROWS_8(1); ROWS_8(2); ROWS_8(3)

// OP moves two vectors of sums.
#define PAIR(OP, at, a, b) OP((at)(R9), a, b)
#define LOAD_PAIR(place, a, b) FLDPQ place, (a, b)
#define STORE_PAIR(place, a, b) FSTPQ (a, b), place

#define SUMS_1(OP) \
	PAIR(OP, 0, F0, F1); \
	PAIR(OP, 32, F2, F3)

#define SUMS_2(OP) \
	SUMS_1(OP);           \
	PAIR(OP, 64, F4, F5); \
	PAIR(OP, 96, F6, F7)

#define SUMS_4(OP) \
	SUMS_2(OP);              \
	PAIR(OP, 128, F8, F9);   \
	PAIR(OP, 160, F10, F11); \
	PAIR(OP, 192, F12, F13); \
	PAIR(OP, 224, F14, F15)

#define SUMS_8(OP, at) \
	PAIR(OP, at, F0, F1);       \
	PAIR(OP, at+64, F2, F3);    \
	PAIR(OP, at+128, F4, F5);   \
	PAIR(OP, at+192, F6, F7);   \
	PAIR(OP, at+256, F8, F9);   \
	PAIR(OP, at+320, F10, F11); \
	PAIR(OP, at+384, F12, F13); \
	PAIR(OP, at+448, F14, F15)

#define GROUP(taps, SUMS, PRODUCTS) \
	LOAD_ARGS(taps);                         \
tap: \
	SUMS(LOAD_PAIR);                         \
	PASS(row, pixel, LOAD_BLOCKS, PRODUCTS); \
	SUMS(STORE_PAIR);                        \
	NEXT_TAP;                                \
	BNE tap;                                 \
	RET

#define GROUP_1(taps) GROUP(taps, SUMS_1, PRODUCTS_1)
#define GROUP_2(taps) GROUP(taps, SUMS_2, PRODUCTS_2)
#define GROUP_4(taps) GROUP(taps, SUMS_4, PRODUCTS_4)

#define GROUP_8(taps) \
	LOAD_ARGS(taps);                                \
tap: \
	SUMS_8(LOAD_PAIR, 0);                           \
	PASS(row, pixel, LOAD_HALF(0), PRODUCTS_8);     \
	SUMS_8(STORE_PAIR, 0);                          \
	SUMS_8(LOAD_PAIR, 32);                          \
	PASS(row32, pixel32, LOAD_HALF(32), PRODUCTS_8); \
	SUMS_8(STORE_PAIR, 32);                         \
	NEXT_TAP;                                       \
	BNE tap;                                        \
	RET

// func groupOuterNEON_1x1(t *byte)
TEXT ·groupOuterNEON_1x1(SB), NOSPLIT, $0-8
	GROUP_1(1)

// func groupOuterNEON_1x2(t *byte)
TEXT ·groupOuterNEON_1x2(SB), NOSPLIT, $0-8
	GROUP_1(2)

// func groupOuterNEON_1x3(t *byte)
TEXT ·groupOuterNEON_1x3(SB), NOSPLIT, $0-8
	GROUP_1(3)

// func groupOuterNEON_2x1(t *byte)
TEXT ·groupOuterNEON_2x1(SB), NOSPLIT, $0-8
	GROUP_2(1)

// func groupOuterNEON_2x2(t *byte)
TEXT ·groupOuterNEON_2x2(SB), NOSPLIT, $0-8
	GROUP_2(2)

// func groupOuterNEON_2x3(t *byte)
TEXT ·groupOuterNEON_2x3(SB), NOSPLIT, $0-8
	GROUP_2(3)

// func groupOuterNEON_4x1(t *byte)
TEXT ·groupOuterNEON_4x1(SB), NOSPLIT, $0-8
	GROUP_4(1)

// func groupOuterNEON_4x2(t *byte)
TEXT ·groupOuterNEON_4x2(SB), NOSPLIT, $0-8
	GROUP_4(2)

// func groupOuterNEON_4x3(t *byte)
TEXT ·groupOuterNEON_4x3(SB), NOSPLIT, $0-8
	GROUP_4(3)

// func groupOuterNEON_8x1(t *byte)
TEXT ·groupOuterNEON_8x1(SB), NOSPLIT, $0-8
	GROUP_8(1)

// func groupOuterNEON_8x2(t *byte)
TEXT ·groupOuterNEON_8x2(SB), NOSPLIT, $0-8
	GROUP_8(2)

// func groupOuterNEON_8x3(t *byte)
TEXT ·groupOuterNEON_8x3(SB), NOSPLIT, $0-8
	GROUP_8(3)
