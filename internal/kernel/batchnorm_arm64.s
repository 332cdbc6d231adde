#include "textflag.h"
#include "neon_arm64.h"

// Loops over slices whose element i has the coefficients of lane i%16, which lie
// at R4 as normLanes has them. R0 is where results go, R1, R2 and R5 are the
// inputs, of which V0, V4 and V5 hold the next four values, R3 is how many values
// there are. What is left over of 16 lanes goes through the same instructions
// value by value, with R4 moved along.
//
// LOAD is FMOVQ for four lanes, FMOVS for one, n how many bytes that is; at is
// where the first lane lies in each array of coefficients.

#define INPUT1(LOAD, n) LOAD.P n(R1), F0
#define INPUT2(LOAD, n) INPUT1(LOAD, n); LOAD.P n(R2), F4
#define INPUT3(LOAD, n) INPUT2(LOAD, n); LOAD.P n(R5), F5

#define MAP_QUAD(INPUT, RESULT, at) \
	INPUT(FMOVQ, 16);     \
	RESULT(FMOVQ, at);    \
	FMOVQ.P F16, 16(R0)

#define MAP_LANES(INPUT, RESULT) \
	SUBS $16, R3;                \
	BLT  below16;                \
loop16: \
	MAP_QUAD(INPUT, RESULT, 0);  \
	MAP_QUAD(INPUT, RESULT, 16); \
	MAP_QUAD(INPUT, RESULT, 32); \
	MAP_QUAD(INPUT, RESULT, 48); \
	SUBS $16, R3;                \
	BGE  loop16;                 \
below16: \
	ADDS $16, R3;                \
	BEQ  done;                   \
loop1: \
	INPUT(FMOVS, 4);             \
	RESULT(FMOVS, 0);            \
	FMOVS.P F16, 4(R0);          \
	ADD  $4, R4;                 \
	SUBS $1, R3;                 \
	BNE  loop1;                  \
done: \
	RET

// V16 = (V0 - mean) * scale + shift
#define AFFINE(LOAD, at) \
	LOAD (at)(R4), F8;      \
	LOAD (64+at)(R4), F9;   \
	LOAD (128+at)(R4), F16; \
	FSUB4(8, 0, 8);         \
	FMLA4(16, 8, 9)

// V4 = 0 where V(i) <= 0. V10 is overwritten.
#define ALIVE(i) \
	FCMLE4_ZERO(10, i); \
	BIC16(4, 4, 10)

// V16 = gain * V4 + (slope * (V0 - mean) + offset)
#define INPUT_GRAD(LOAD, at) \
	LOAD (at)(R4), F8;      \
	LOAD (256+at)(R4), F9;  \
	LOAD (320+at)(R4), F16; \
	LOAD (192+at)(R4), F11; \
	FSUB4(8, 0, 8);         \
	FMLA4(16, 8, 9);        \
	FMLA4(16, 4, 11)

#define APPLY_RELU(LOAD, at) \
	AFFINE(LOAD, at); \
	FMAX4(16, 16, 31)
#define APPLY_ADD(LOAD, at) \
	AFFINE(LOAD, at); \
	FADD4(16, 16, 4)
#define APPLY_ADD_RELU(LOAD, at) \
	APPLY_ADD(LOAD, at); \
	FMAX4(16, 16, 31)
#define INPUT_GRAD_RELU(LOAD, at) \
	AFFINE(LOAD, at); \
	ALIVE(16);        \
	INPUT_GRAD(LOAD, at)
#define GAIN(LOAD, at) \
	LOAD (192+at)(R4), F11; \
	FMUL4(16, 0, 11)
#define GAIN_RELU(LOAD, at) \
	AFFINE(LOAD, at);       \
	LOAD (192+at)(R4), F11; \
	FMUL4(4, 4, 11);        \
	ALIVE(16);              \
	MOV16(16, 4)

// func applyNEON(y, x []float32, c *normLanes)
TEXT ·applyNEON(SB), NOSPLIT, $0-56
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD c+48(FP), R4
	MAP_LANES(INPUT1, AFFINE)

// func applyReLUNEON(y, x []float32, c *normLanes)
TEXT ·applyReLUNEON(SB), NOSPLIT, $0-56
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD c+48(FP), R4
	VEOR V31.B16, V31.B16, V31.B16
	MAP_LANES(INPUT1, APPLY_RELU)

// func applyAddNEON(y, x, residual []float32, c *normLanes)
TEXT ·applyAddNEON(SB), NOSPLIT, $0-80
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD residual_base+48(FP), R2
	MOVD c+72(FP), R4
	MAP_LANES(INPUT2, APPLY_ADD)

// func applyAddReLUNEON(y, x, residual []float32, c *normLanes)
TEXT ·applyAddReLUNEON(SB), NOSPLIT, $0-80
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD residual_base+48(FP), R2
	MOVD c+72(FP), R4
	VEOR V31.B16, V31.B16, V31.B16
	MAP_LANES(INPUT2, APPLY_ADD_RELU)

// func inputGradNEON(dx, x, dy []float32, c *normLanes)
TEXT ·inputGradNEON(SB), NOSPLIT, $0-80
	MOVD dx_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD dy_base+48(FP), R2
	MOVD c+72(FP), R4
	MAP_LANES(INPUT2, INPUT_GRAD)

// func inputGradReLUNEON(dx, x, dy []float32, c *normLanes)
TEXT ·inputGradReLUNEON(SB), NOSPLIT, $0-80
	MOVD dx_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD dy_base+48(FP), R2
	MOVD c+72(FP), R4
	MAP_LANES(INPUT2, INPUT_GRAD_RELU)

// func gainNEON(dx, dy []float32, c *normLanes)
TEXT ·gainNEON(SB), NOSPLIT, $0-56
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R1
	MOVD dy_len+32(FP), R3
	MOVD c+48(FP), R4
	MAP_LANES(INPUT1, GAIN)

// func gainReLUNEON(dx, x, dy []float32, c *normLanes)
TEXT ·gainReLUNEON(SB), NOSPLIT, $0-80
	MOVD dx_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD dy_base+48(FP), R2
	MOVD c+72(FP), R4
	MAP_LANES(INPUT2, GAIN_RELU)

// Of the sums at R6, those of lane i to i+3 are in V(16+i/2), V(17+i/2) and
// V(24+i/2), V(25+i/2).
#define LOAD_SUMS \
	FLDPQ (R6), (F16, F17);    \
	FLDPQ 32(R6), (F18, F19);  \
	FLDPQ 64(R6), (F20, F21);  \
	FLDPQ 96(R6), (F22, F23);  \
	FLDPQ 128(R6), (F24, F25); \
	FLDPQ 160(R6), (F26, F27); \
	FLDPQ 192(R6), (F28, F29); \
	FLDPQ 224(R6), (F30, F31)
#define STORE_SUMS \
	FSTPQ (F16, F17), (R6);    \
	FSTPQ (F18, F19), 32(R6);  \
	FSTPQ (F20, F21), 64(R6);  \
	FSTPQ (F22, F23), 96(R6);  \
	FSTPQ (F24, F25), 128(R6); \
	FSTPQ (F26, F27), 160(R6); \
	FSTPQ (F28, F29), 192(R6); \
	FSTPQ (F30, F31), 224(R6)

// R7 is where the centre of the lanes lies; PREPARE makes V4 what is summed.
#define SUM_QUAD(INPUT, PREPARE, SUM4, i) \
	INPUT(FMOVQ, 16);      \
	PREPARE(FMOVQ, 16, (4*i)); \
	FCVTL(1, 0);           \
	FCVTL2(2, 0);          \
	FMOVQ (8*i)(R7), F8;   \
	FMOVQ (8*i+16)(R7), F9; \
	FSUB2(1, 1, 8);        \
	FSUB2(2, 2, 9);        \
	SUM4((i/2))

#define SUM_LANES(INPUT, PREPARE, SUM4, SUM1) \
	ADD  $384, R4, R7;               \
	SUBS $16, R3;                    \
	BLT  below16;                    \
	LOAD_SUMS;                       \
loop16: \
	SUM_QUAD(INPUT, PREPARE, SUM4, 0);  \
	SUM_QUAD(INPUT, PREPARE, SUM4, 4);  \
	SUM_QUAD(INPUT, PREPARE, SUM4, 8);  \
	SUM_QUAD(INPUT, PREPARE, SUM4, 12); \
	SUBS $16, R3;                    \
	BGE  loop16;                     \
	STORE_SUMS;                      \
below16: \
	ADDS $16, R3;                    \
	BEQ  done;                       \
loop1: \
	INPUT(FMOVS, 4);                 \
	PREPARE(FMOVS, 4, 0);               \
	FMOVD.P 8(R7), F8;               \
	FCVTSD F0, F1;                   \
	FSUBD  F8, F1, F1;               \
	FMOVD  (R6), F16;                \
	FMOVD  128(R6), F24;             \
	SUM1;                            \
	FMOVD  F24, 128(R6);             \
	FMOVD.P F16, 8(R6);              \
	ADD  $4, R4;                     \
	SUBS $1, R3;                     \
	BNE  loop1;                      \
done: \
	RET

#define ADD_SQUARES(k) \
	FADD2(k+16, k+16, 1); \
	FADD2(k+17, k+17, 2); \
	FMLA2(k+24, 1, 1);    \
	FMLA2(k+25, 2, 2)
#define ADD_SQUARE \
	FADDD  F1, F16; \
	FMADDD F1, F24, F1, F24

#define ADD_PRODUCTS(k) \
	FCVTL(6, 4);          \
	FCVTL2(7, 4);         \
	FADD2(k+16, k+16, 6); \
	FADD2(k+17, k+17, 7); \
	FMLA2(k+24, 1, 6);    \
	FMLA2(k+25, 2, 7)
#define ADD_PRODUCT \
	FCVTSD F4, F6;  \
	FADDD  F6, F16; \
	FMADDD F1, F24, F6, F24

#define AS_IT_IS(LOAD, n, at)

// V4 = 0 where (V0 - mean) * scale + shift <= 0
#define MASKED(LOAD, n, at) \
	LOAD (at)(R4), F8;      \
	LOAD (64+at)(R4), F9;   \
	LOAD (128+at)(R4), F11; \
	FSUB4(8, 0, 8);         \
	FMLA4(11, 8, 9);        \
	ALIVE(11)

// V4 = 0 where V5 <= 0, and stored
#define MASKED_BY_Y(LOAD, n, at) \
	ALIVE(5); \
	LOAD.P F4, n(R0)

// func momentsNEON(x []float32, c *normLanes, sums *normSums)
TEXT ·momentsNEON(SB), NOSPLIT, $0-40
	MOVD x_base+0(FP), R1
	MOVD x_len+8(FP), R3
	MOVD c+24(FP), R4
	MOVD sums+32(FP), R6
	SUM_LANES(INPUT1, AS_IT_IS, ADD_SQUARES, ADD_SQUARE)

// func productsNEON(x, dy []float32, c *normLanes, sums *normSums)
TEXT ·productsNEON(SB), NOSPLIT, $0-64
	MOVD x_base+0(FP), R1
	MOVD x_len+8(FP), R3
	MOVD dy_base+24(FP), R2
	MOVD c+48(FP), R4
	MOVD sums+56(FP), R6
	SUM_LANES(INPUT2, AS_IT_IS, ADD_PRODUCTS, ADD_PRODUCT)

// func productsReLUNEON(x, dy []float32, c *normLanes, sums *normSums)
TEXT ·productsReLUNEON(SB), NOSPLIT, $0-64
	MOVD x_base+0(FP), R1
	MOVD x_len+8(FP), R3
	MOVD dy_base+24(FP), R2
	MOVD c+48(FP), R4
	MOVD sums+56(FP), R6
	SUM_LANES(INPUT2, MASKED, ADD_PRODUCTS, ADD_PRODUCT)

// func productsOfNEON(dz, y, dy, x []float32, c *normLanes, sums *normSums)
TEXT ·productsOfNEON(SB), NOSPLIT, $0-112
	MOVD dz_base+0(FP), R0
	MOVD y_base+24(FP), R5
	MOVD dy_base+48(FP), R2
	MOVD x_base+72(FP), R1
	MOVD x_len+80(FP), R3
	MOVD c+96(FP), R4
	MOVD sums+104(FP), R6
	SUM_LANES(INPUT3, MASKED_BY_Y, ADD_PRODUCTS, ADD_PRODUCT)
