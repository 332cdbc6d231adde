#include "textflag.h"
#include "neon_arm64.h"
#include "panel_arm64.h"

// Kernels for groups of channels. Besides the registers of panel_arm64.h there
// are: R17 from the weights of a tap to those of the next; R19 the length of the
// runs at hand, R20 how many of its taps are left.

// Vector v of the sums, with weights Vw and the same lanes of the pixels.
#define MULTIPLY1(v, w) FMLA4(v, w, 24)
#define MULTIPLY2(v, w) MULTIPLY1(v, w); FMLA4(4+v, w, 25)
#define MULTIPLY3(v, w) MULTIPLY2(v, w); FMLA4(8+v, w, 26)
#define MULTIPLY4(v, w) MULTIPLY3(v, w); FMLA4(12+v, w, 27)
#define MULTIPLY5(v, w) MULTIPLY4(v, w); FMLA4(16+v, w, 28)
#define MULTIPLY6(v, w) MULTIPLY5(v, w); FMLA4(20+v, w, 29)

// Channel 0, or channel 1, of each group of two in both its lanes.
#define SPREAD1(TRN) TRN(24, 24, 24)
#define SPREAD2(TRN) SPREAD1(TRN); TRN(25, 25, 25)
#define SPREAD3(TRN) SPREAD2(TRN); TRN(26, 26, 26)
#define SPREAD4(TRN) SPREAD3(TRN); TRN(27, 27, 27)
#define SPREAD5(TRN) SPREAD4(TRN); TRN(28, 28, 28)
#define SPREAD6(TRN) SPREAD5(TRN); TRN(29, 29, 29)

// Goes from the pixels of a tap to those of the next.
#define MOVE1 ADD R5, R10
#define MOVE2 MOVE1; ADD R5, R11
#define MOVE3 MOVE2; ADD R5, R12
#define MOVE4 MOVE3; ADD R5, R13
#define MOVE5 MOVE4; ADD R5, R14
#define MOVE6 MOVE5; ADD R5, R15

// The products of a tap with vector v of the block, for groups of 1, 2 and 4.
#define VECTOR_1(v, PIXELS, FMA, MULTIPLY, SPREAD) \
	PIXELS(FMOVQ, 16*v);    \
	FMOVQ (16*v)(R16), F30; \
	MULTIPLY(v, 30)

#define VECTOR_2(v, PIXELS, FMA, MULTIPLY, SPREAD) \
	PIXELS(FMOVQ, 16*v);       \
	SPREAD(TRN1_4);            \
	FMOVQ (16*v)(R16), F30;    \
	MULTIPLY(v, 30);           \
	PIXELS(FMOVQ, 16*v);       \
	SPREAD(TRN2_4);            \
	FMOVQ (64+16*v)(R16), F31; \
	MULTIPLY(v, 31)

#define VECTOR_4(v, PIXELS, FMA, MULTIPLY, SPREAD) \
	PIXELS(FMOVQ, 16*v); \
	FOUR(v, FMA, 0)

// The products of vector v of the sums with four channels of the pixels, whose
// weights begin at bytes after the tap's first.
#define FOUR(v, FMA, at) \
	FMOVQ (at+16*v)(R16), F30;     \
	FMOVQ (at+64+16*v)(R16), F31;  \
	FMA(v, 30, 0);                 \
	FMOVQ (at+128+16*v)(R16), F30; \
	FMA(v, 31, 1);                 \
	FMOVQ (at+192+16*v)(R16), F31; \
	FMA(v, 30, 2);                 \
	FMA(v, 31, 3)

#define TAP_1(PIXELS, FMA, MULTIPLY, SPREAD) EACH_VECTOR(VECTOR_1, PIXELS, FMA, MULTIPLY, SPREAD)
#define TAP_2(PIXELS, FMA, MULTIPLY, SPREAD) EACH_VECTOR(VECTOR_2, PIXELS, FMA, MULTIPLY, SPREAD)
#define TAP_4(PIXELS, FMA, MULTIPLY, SPREAD) EACH_VECTOR(VECTOR_4, PIXELS, FMA, MULTIPLY, SPREAD)

#define EACH_VECTOR(VECTOR, PIXELS, FMA, MULTIPLY, SPREAD) \
	VECTOR(0, PIXELS, FMA, MULTIPLY, SPREAD); \
	VECTOR(1, PIXELS, FMA, MULTIPLY, SPREAD); \
	VECTOR(2, PIXELS, FMA, MULTIPLY, SPREAD); \
	VECTOR(3, PIXELS, FMA, MULTIPLY, SPREAD)

// Groups of 8 have two vectors of sums, and two of pixels.
#define TAP_8(PIXELS, FMA, MULTIPLY, SPREAD) \
	PIXELS(FMOVQ, 0);  \
	FOUR(0, FMA, 0);   \
	FOUR(1, FMA, 0);   \
	PIXELS(FMOVQ, 16); \
	FOUR(0, FMA, 256); \
	FOUR(1, FMA, 256); \
	PIXELS(FMOVQ, 32); \
	FOUR(2, FMA, 0);   \
	FOUR(3, FMA, 0);   \
	PIXELS(FMOVQ, 48); \
	FOUR(2, FMA, 256); \
	FOUR(3, FMA, 256)

// A whole kernel; runs of three taps come first.
#define GROUP(TAP, SAMES, POINT, MOVE, PIXELS, FMA, MULTIPLY, SPREAD, ADD_RESIDUALS, RELUS, STORES) \
	LOAD_ARGS;             \
	MOVD 120(R0), R17;     \ // tapW
tile: \
	BEGIN_TILE;            \
	SAMES;                 \
	MOVD $3, R19;          \
length: \
	ADD  R19<<3, R0, R8;   \
	MOVD 120(R8), R8;      \ // of the counts, which begin at 128
	CBZ  R8, shorter;      \
step: \
	POINT;                 \
	MOVD R19, R20;         \
tap: \
	TAP(PIXELS, FMA, MULTIPLY, SPREAD); \
	MOVE;                  \
	ADD  R17, R16;         \
	SUBS $1, R20;          \
	BNE  tap;              \
	SUBS $1, R8;           \
	BNE  step;             \
shorter: \
	SUBS $1, R19;          \
	BNE  length;           \
	CBZ  R3, relu;         \
	ADD_RESIDUALS;         \
relu: \
	MOVD 104(R0), R7;      \ // flags
	TBZ  $0, R7, store;    \
	RELUS;                 \
store: \
	STORES;                \
	NEXT_TILE;             \
	BNE  tile;             \
	RET

#define GROUP1(TAP) GROUP(TAP, SAME1, POINT1, MOVE1, PIXELS1, FMA1, MULTIPLY1, SPREAD1, ADD_RESIDUAL1, RELU1, STORE1)
#define GROUP2(TAP) GROUP(TAP, SAME2, POINT2, MOVE2, PIXELS2, FMA2, MULTIPLY2, SPREAD2, ADD_RESIDUAL2, RELU2, STORE2)
#define GROUP3(TAP) GROUP(TAP, SAME3, POINT3, MOVE3, PIXELS3, FMA3, MULTIPLY3, SPREAD3, ADD_RESIDUAL3, RELU3, STORE3)
#define GROUP4(TAP) GROUP(TAP, SAME4, POINT4, MOVE4, PIXELS4, FMA4, MULTIPLY4, SPREAD4, ADD_RESIDUAL4, RELU4, STORE4)
#define GROUP5(TAP) GROUP(TAP, SAME5, POINT5, MOVE5, PIXELS5, FMA5, MULTIPLY5, SPREAD5, ADD_RESIDUAL5, RELU5, STORE5)
#define GROUP6(TAP) GROUP(TAP, SAME6, POINT6, MOVE6, PIXELS6, FMA6, MULTIPLY6, SPREAD6, ADD_RESIDUAL6, RELU6, STORE6)

// func groupNEON_1x1(t *byte)
TEXT ·groupNEON_1x1(SB), NOSPLIT, $0-8
	GROUP1(TAP_1)

// func groupNEON_2x1(t *byte)
TEXT ·groupNEON_2x1(SB), NOSPLIT, $0-8
	GROUP2(TAP_1)

// func groupNEON_3x1(t *byte)
TEXT ·groupNEON_3x1(SB), NOSPLIT, $0-8
	GROUP3(TAP_1)

// func groupNEON_4x1(t *byte)
TEXT ·groupNEON_4x1(SB), NOSPLIT, $0-8
	GROUP4(TAP_1)

// func groupNEON_5x1(t *byte)
TEXT ·groupNEON_5x1(SB), NOSPLIT, $0-8
	GROUP5(TAP_1)

// func groupNEON_6x1(t *byte)
TEXT ·groupNEON_6x1(SB), NOSPLIT, $0-8
	GROUP6(TAP_1)

// func groupNEON_1x2(t *byte)
TEXT ·groupNEON_1x2(SB), NOSPLIT, $0-8
	GROUP1(TAP_2)

// func groupNEON_2x2(t *byte)
TEXT ·groupNEON_2x2(SB), NOSPLIT, $0-8
	GROUP2(TAP_2)

// func groupNEON_3x2(t *byte)
TEXT ·groupNEON_3x2(SB), NOSPLIT, $0-8
	GROUP3(TAP_2)

// func groupNEON_4x2(t *byte)
TEXT ·groupNEON_4x2(SB), NOSPLIT, $0-8
	GROUP4(TAP_2)

// func groupNEON_5x2(t *byte)
TEXT ·groupNEON_5x2(SB), NOSPLIT, $0-8
	GROUP5(TAP_2)

// func groupNEON_6x2(t *byte)
TEXT ·groupNEON_6x2(SB), NOSPLIT, $0-8
	GROUP6(TAP_2)

// func groupNEON_1x4(t *byte)
TEXT ·groupNEON_1x4(SB), NOSPLIT, $0-8
	GROUP1(TAP_4)

// func groupNEON_2x4(t *byte)
TEXT ·groupNEON_2x4(SB), NOSPLIT, $0-8
	GROUP2(TAP_4)

// func groupNEON_3x4(t *byte)
TEXT ·groupNEON_3x4(SB), NOSPLIT, $0-8
	GROUP3(TAP_4)

// func groupNEON_4x4(t *byte)
TEXT ·groupNEON_4x4(SB), NOSPLIT, $0-8
	GROUP4(TAP_4)

// func groupNEON_5x4(t *byte)
TEXT ·groupNEON_5x4(SB), NOSPLIT, $0-8
	GROUP5(TAP_4)

// func groupNEON_6x4(t *byte)
TEXT ·groupNEON_6x4(SB), NOSPLIT, $0-8
	GROUP6(TAP_4)

// func groupNEON_1x8(t *byte)
TEXT ·groupNEON_1x8(SB), NOSPLIT, $0-8
	GROUP1(TAP_8)

// func groupNEON_2x8(t *byte)
TEXT ·groupNEON_2x8(SB), NOSPLIT, $0-8
	GROUP2(TAP_8)

// func groupNEON_3x8(t *byte)
TEXT ·groupNEON_3x8(SB), NOSPLIT, $0-8
	GROUP3(TAP_8)

// func groupNEON_4x8(t *byte)
TEXT ·groupNEON_4x8(SB), NOSPLIT, $0-8
	GROUP4(TAP_8)

// func groupNEON_5x8(t *byte)
TEXT ·groupNEON_5x8(SB), NOSPLIT, $0-8
	GROUP5(TAP_8)

// func groupNEON_6x8(t *byte)
TEXT ·groupNEON_6x8(SB), NOSPLIT, $0-8
	GROUP6(TAP_8)
