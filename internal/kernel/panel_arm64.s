#include "textflag.h"
#include "neon_arm64.h"
#include "panel_arm64.h"

// The products of a value of each pixel, in lane i, whose weights are at bytes
// after the step's first. Their first two vectors are in V30 and V31 already;
// every load is a run of products ahead of its use. Only the last value of a step
// must not read weights beyond it.
#define THREE_VECTORS(FMA, i, at) \
	FMA(0, 30, i);           \
	FMOVQ (at+32)(R16), F30; \
	FMA(1, 31, i);           \
	FMOVQ (at+48)(R16), F31; \
	FMA(2, 30, i)

#define VALUE(FMA, i, at) \
	THREE_VECTORS(FMA, i, at); \
	FMOVQ (at+64)(R16), F30;   \
	FMA(3, 31, i);             \
	FMOVQ (at+80)(R16), F31

#define LAST_VALUE(FMA, i, at) \
	THREE_VECTORS(FMA, i, at); \
	FMA(3, 31, i)

#define FOUR_VALUES(FMA, at) \
	VALUE(FMA, 0, at);     \
	VALUE(FMA, 1, at+64);  \
	VALUE(FMA, 2, at+128); \
	VALUE(FMA, 3, at+192)

// Steps of 16, 7, 3 and 1 values. The last four of seven are loaded with the
// fourth again, so that nothing beyond them is read.
#define STEP16(PIXELS, FMA) \
	PIXELS(FMOVQ, 0);      \
	FOUR_VALUES(FMA, 0);   \
	PIXELS(FMOVQ, 16);     \
	FOUR_VALUES(FMA, 256); \
	PIXELS(FMOVQ, 32);     \
	FOUR_VALUES(FMA, 512); \
	PIXELS(FMOVQ, 48);     \
	VALUE(FMA, 0, 768);    \
	VALUE(FMA, 1, 832);    \
	VALUE(FMA, 2, 896);    \
	LAST_VALUE(FMA, 3, 960)

#define STEP7(PIXELS, FMA) \
	PIXELS(FMOVQ, 0);    \
	FOUR_VALUES(FMA, 0); \
	PIXELS(FMOVQ, 12);   \
	VALUE(FMA, 1, 256);  \
	VALUE(FMA, 2, 320);  \
	LAST_VALUE(FMA, 3, 384)

#define STEP3(PIXELS, FMA) \
	PIXELS(FMOVD, 0);  \
	VALUE(FMA, 0, 0);  \
	VALUE(FMA, 1, 64); \
	PIXELS(FMOVS, 8);  \
	LAST_VALUE(FMA, 0, 128)

#define STEP1(PIXELS, FMA) \
	PIXELS(FMOVS, 0); \
	LAST_VALUE(FMA, 0, 0)

// A whole kernel.
#define KERNEL(STEP, SAMES, POINT, PIXELS, FMA, ADD_RESIDUALS, RELUS, STORES) \
	LOAD_ARGS;             \
tile: \
	BEGIN_TILE;            \
	SAMES;                 \
step: \
	POINT;                 \
	FLDPQ (R16), (F30, F31); \
	STEP(PIXELS, FMA);     \
	SUBS $1, R8;           \
	BNE step;              \
	CBZ R3, relu;          \
	ADD_RESIDUALS;         \
relu: \
	MOVD 104(R0), R7;      \ // flags
	TBZ  $0, R7, store;    \
	RELUS;                 \
store: \
	STORES;                \
	NEXT_TILE;             \
	BNE tile;              \
	RET

#define KERNEL1(STEP) KERNEL(STEP, SAME1, POINT1, PIXELS1, FMA1, ADD_RESIDUAL1, RELU1, STORE1)
#define KERNEL2(STEP) KERNEL(STEP, SAME2, POINT2, PIXELS2, FMA2, ADD_RESIDUAL2, RELU2, STORE2)
#define KERNEL3(STEP) KERNEL(STEP, SAME3, POINT3, PIXELS3, FMA3, ADD_RESIDUAL3, RELU3, STORE3)
#define KERNEL4(STEP) KERNEL(STEP, SAME4, POINT4, PIXELS4, FMA4, ADD_RESIDUAL4, RELU4, STORE4)
#define KERNEL5(STEP) KERNEL(STEP, SAME5, POINT5, PIXELS5, FMA5, ADD_RESIDUAL5, RELU5, STORE5)
#define KERNEL6(STEP) KERNEL(STEP, SAME6, POINT6, PIXELS6, FMA6, ADD_RESIDUAL6, RELU6, STORE6)

// func panelNEON_1x16_16(t *byte)
TEXT ·panelNEON_1x16_16(SB), NOSPLIT, $0-8
	KERNEL1(STEP16)

// func panelNEON_2x16_16(t *byte)
TEXT ·panelNEON_2x16_16(SB), NOSPLIT, $0-8
	KERNEL2(STEP16)

// func panelNEON_3x16_16(t *byte)
TEXT ·panelNEON_3x16_16(SB), NOSPLIT, $0-8
	KERNEL3(STEP16)

// func panelNEON_4x16_16(t *byte)
TEXT ·panelNEON_4x16_16(SB), NOSPLIT, $0-8
	KERNEL4(STEP16)

// func panelNEON_5x16_16(t *byte)
TEXT ·panelNEON_5x16_16(SB), NOSPLIT, $0-8
	KERNEL5(STEP16)

// func panelNEON_6x16_16(t *byte)
TEXT ·panelNEON_6x16_16(SB), NOSPLIT, $0-8
	KERNEL6(STEP16)

// func panelNEON_1x16_7(t *byte)
TEXT ·panelNEON_1x16_7(SB), NOSPLIT, $0-8
	KERNEL1(STEP7)

// func panelNEON_2x16_7(t *byte)
TEXT ·panelNEON_2x16_7(SB), NOSPLIT, $0-8
	KERNEL2(STEP7)

// func panelNEON_3x16_7(t *byte)
TEXT ·panelNEON_3x16_7(SB), NOSPLIT, $0-8
	KERNEL3(STEP7)

// func panelNEON_4x16_7(t *byte)
TEXT ·panelNEON_4x16_7(SB), NOSPLIT, $0-8
	KERNEL4(STEP7)

// func panelNEON_5x16_7(t *byte)
TEXT ·panelNEON_5x16_7(SB), NOSPLIT, $0-8
	KERNEL5(STEP7)

// func panelNEON_6x16_7(t *byte)
TEXT ·panelNEON_6x16_7(SB), NOSPLIT, $0-8
	KERNEL6(STEP7)

// func panelNEON_1x16_3(t *byte)
TEXT ·panelNEON_1x16_3(SB), NOSPLIT, $0-8
	KERNEL1(STEP3)

// func panelNEON_2x16_3(t *byte)
TEXT ·panelNEON_2x16_3(SB), NOSPLIT, $0-8
	KERNEL2(STEP3)

// func panelNEON_3x16_3(t *byte)
TEXT ·panelNEON_3x16_3(SB), NOSPLIT, $0-8
	KERNEL3(STEP3)

// func panelNEON_4x16_3(t *byte)
TEXT ·panelNEON_4x16_3(SB), NOSPLIT, $0-8
	KERNEL4(STEP3)

// func panelNEON_5x16_3(t *byte)
TEXT ·panelNEON_5x16_3(SB), NOSPLIT, $0-8
	KERNEL5(STEP3)

// func panelNEON_6x16_3(t *byte)
TEXT ·panelNEON_6x16_3(SB), NOSPLIT, $0-8
	KERNEL6(STEP3)

// func panelNEON_1x16_1(t *byte)
TEXT ·panelNEON_1x16_1(SB), NOSPLIT, $0-8
	KERNEL1(STEP1)

// func panelNEON_2x16_1(t *byte)
TEXT ·panelNEON_2x16_1(SB), NOSPLIT, $0-8
	KERNEL2(STEP1)

// func panelNEON_3x16_1(t *byte)
TEXT ·panelNEON_3x16_1(SB), NOSPLIT, $0-8
	KERNEL3(STEP1)

// func panelNEON_4x16_1(t *byte)
TEXT ·panelNEON_4x16_1(SB), NOSPLIT, $0-8
	KERNEL4(STEP1)

// func panelNEON_5x16_1(t *byte)
TEXT ·panelNEON_5x16_1(SB), NOSPLIT, $0-8
	KERNEL5(STEP1)

// func panelNEON_6x16_1(t *byte)
TEXT ·panelNEON_6x16_1(SB), NOSPLIT, $0-8
	KERNEL6(STEP1)
