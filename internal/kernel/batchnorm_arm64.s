#include "textflag.h"
#include "neon_arm64.h"

// The loops of batchNormKernels. R0 is where results go, R1 and R2 (and R6) are
// the inputs, R3 is how many values there are, R4 the normLanes, whose fields lie
// at 0 (mean), 64 (scale), 128 (shift), 192 (gain), 256 (slope), 320 (offset) and
// 384 (centre, of float64). What is left over of sixteen values goes through the
// same instructions value by value, with R5 at the value's lane.
//
// LD is the load of four values or of one; C is the register of the lanes.

// V8 = (x - mean) * scale + shift for x in V0.
#define AFFINE(LD, at, C) \
	LD (at)(C), F4;     \
	FSUB4(4, 0, 4);     \
	LD (at+64)(C), F5;  \
	LD (at+128)(C), F8; \
	FMLA4(8, 4, 5)

// V9 = gain * dy + (slope * (x - mean) + offset) for x in V0 and dy in V1.
#define GRADIENT(LD, at, C) \
	LD (at)(C), F4;     \
	FSUB4(4, 0, 4);     \
	LD (at+256)(C), F5; \
	LD (at+320)(C), F9; \
	FMLA4(9, 4, 5);     \
	LD (at+192)(C), F5; \
	FMLA4(9, 1, 5)

#define APPLY(LD, at, C) \
	LD (at)(R1), F0;   \
	AFFINE(LD, at, C); \
	LD F8, (at)(R0)

// V31 is 0.
#define APPLY_RELU(LD, at, C) \
	LD (at)(R1), F0;   \
	AFFINE(LD, at, C); \
	FMAX4(8, 8, 31);   \
	LD F8, (at)(R0)

#define APPLY_ADD(LD, at, C) \
	LD (at)(R1), F0;   \
	LD (at)(R2), F1;   \
	AFFINE(LD, at, C); \
	FADD4(8, 8, 1);    \
	LD F8, (at)(R0)

#define APPLY_ADD_RELU(LD, at, C) \
	LD (at)(R1), F0;   \
	LD (at)(R2), F1;   \
	AFFINE(LD, at, C); \
	FADD4(8, 8, 1);    \
	FMAX4(8, 8, 31);   \
	LD F8, (at)(R0)

#define INPUT_GRAD(LD, at, C) \
	LD (at)(R1), F0;     \
	LD (at)(R2), F1;     \
	GRADIENT(LD, at, C); \
	LD F9, (at)(R0)

#define INPUT_GRAD_RELU(LD, at, C) \
	LD (at)(R1), F0;     \
	LD (at)(R2), F1;     \
	AFFINE(LD, at, C);   \
	FCMLE4_ZERO(8, 8);   \
	BIC16(1, 1, 8);      \
	GRADIENT(LD, at, C); \
	LD F9, (at)(R0)

#define GAIN(LD, at, C) \
	LD (at)(R1), F1;    \
	LD (at+192)(C), F5; \
	FMUL4(9, 1, 5);     \
	LD F9, (at)(R0)

#define GAIN_RELU(LD, at, C) \
	LD (at)(R1), F0;    \
	LD (at)(R2), F1;    \
	AFFINE(LD, at, C);  \
	FCMLE4_ZERO(8, 8);  \
	LD (at+192)(C), F5; \
	FMUL4(9, 1, 5);     \
	BIC16(9, 9, 8);     \
	LD F9, (at)(R0)

#define NEXT1(n) ADD n, R1
#define NEXT2(n) NEXT1(n); ADD n, R2
#define NEXT1_TO(n) NEXT1(n); ADD n, R0
#define NEXT2_TO(n) NEXT2(n); ADD n, R0
#define NEXT3_TO(n) NEXT2_TO(n); ADD n, R6

#define LANES(BODY, NEXT) \
	MOVD R4, R5;        \
	SUBS $16, R3;       \
	BLT  rest;          \
loop: \
	BODY(FMOVQ, 0, R4);  \
	BODY(FMOVQ, 16, R4); \
	BODY(FMOVQ, 32, R4); \
	BODY(FMOVQ, 48, R4); \
	NEXT($64);          \
	SUBS $16, R3;       \
	BGE  loop;          \
rest: \
	ADDS $16, R3;       \
	BEQ  done;          \
one: \
	BODY(FMOVS, 0, R5); \
	NEXT($4);           \
	ADD  $4, R5;        \
	SUBS $1, R3;        \
	BNE  one;           \
done: \
	RET

// func applyNEON(y, x []float32, c *normLanes)
TEXT ·applyNEON(SB), NOSPLIT, $0-56
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD c+48(FP), R4
	LANES(APPLY, NEXT1_TO)

// func applyReLUNEON(y, x []float32, c *normLanes)
TEXT ·applyReLUNEON(SB), NOSPLIT, $0-56
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD c+48(FP), R4
	VEOR V31.B16, V31.B16, V31.B16
	LANES(APPLY_RELU, NEXT1_TO)

// func applyAddNEON(y, x, residual []float32, c *normLanes)
TEXT ·applyAddNEON(SB), NOSPLIT, $0-80
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD residual_base+48(FP), R2
	MOVD c+72(FP), R4
	LANES(APPLY_ADD, NEXT2_TO)

// func applyAddReLUNEON(y, x, residual []float32, c *normLanes)
TEXT ·applyAddReLUNEON(SB), NOSPLIT, $0-80
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	MOVD residual_base+48(FP), R2
	MOVD c+72(FP), R4
	VEOR V31.B16, V31.B16, V31.B16
	LANES(APPLY_ADD_RELU, NEXT2_TO)

// func inputGradNEON(dx, x, dy []float32, c *normLanes)
TEXT ·inputGradNEON(SB), NOSPLIT, $0-80
	MOVD dx_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD dy_base+48(FP), R2
	MOVD dy_len+56(FP), R3
	MOVD c+72(FP), R4
	LANES(INPUT_GRAD, NEXT2_TO)

// func inputGradReLUNEON(dx, x, dy []float32, c *normLanes)
TEXT ·inputGradReLUNEON(SB), NOSPLIT, $0-80
	MOVD dx_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD dy_base+48(FP), R2
	MOVD dy_len+56(FP), R3
	MOVD c+72(FP), R4
	LANES(INPUT_GRAD_RELU, NEXT2_TO)

// func gainNEON(dx, dy []float32, c *normLanes)
TEXT ·gainNEON(SB), NOSPLIT, $0-56
	MOVD dx_base+0(FP), R0
	MOVD dy_base+24(FP), R1
	MOVD dy_len+32(FP), R3
	MOVD c+48(FP), R4
	LANES(GAIN, NEXT1_TO)

// func gainReLUNEON(dx, x, dy []float32, c *normLanes)
TEXT ·gainReLUNEON(SB), NOSPLIT, $0-80
	MOVD dx_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD dy_base+48(FP), R2
	MOVD dy_len+56(FP), R3
	MOVD c+72(FP), R4
	LANES(GAIN_RELU, NEXT2_TO)

// The loops with sums have the normSums at R7: the first sums in V16 to V23, the
// second in V24 to V31, two lanes in each. R8 is the centre of the value's lane.

// The centres of four lanes in V6 and V7, or of one in V6.
#define CENTRE4(at) FLDPQ (384+2*at)(R4), (F6, F7)
#define CENTRE1(at) FMOVD (R8), F6

// x - centre in V4 and V5 for x in V0.
#define DIFFERENCE(at, CENTRE) \
	FCVTL(4, 0);    \
	FCVTL2(5, 0);   \
	CENTRE(at);     \
	FSUB2(4, 4, 6); \
	FSUB2(5, 5, 7)

// Adds dy in V3 and its product with x - centre, x in V0, to the sums in Vs and
// Vq and the registers after them.
#define ADD_PRODUCTS(at, CENTRE, s, q) \
	FCVTL(1, 3);            \
	FCVTL2(2, 3);           \
	DIFFERENCE(at, CENTRE); \
	FADD2(s, s, 1);         \
	FADD2(s+1, s+1, 2);     \
	FMLA2(q, 4, 1);         \
	FMLA2(q+1, 5, 2)

#define MOMENTS(LD, at, C, CENTRE, s, q) \
	LD (at)(R1), F0;        \
	DIFFERENCE(at, CENTRE); \
	FADD2(s, s, 4);         \
	FADD2(s+1, s+1, 5);     \
	FMLA2(q, 4, 4);         \
	FMLA2(q+1, 5, 5)

#define PRODUCTS(LD, at, C, CENTRE, s, q) \
	LD (at)(R1), F0; \
	LD (at)(R2), F3; \
	ADD_PRODUCTS(at, CENTRE, s, q)

#define PRODUCTS_RELU(LD, at, C, CENTRE, s, q) \
	LD (at)(R1), F0;   \
	LD (at)(R2), F3;   \
	AFFINE(LD, at, C); \
	FCMLE4_ZERO(8, 8); \
	BIC16(3, 3, 8);    \
	ADD_PRODUCTS(at, CENTRE, s, q)

// y is at R6.
#define PRODUCTS_OF(LD, at, C, CENTRE, s, q) \
	LD (at)(R1), F0;   \
	LD (at)(R2), F3;   \
	LD (at)(R6), F8;   \
	FCMLE4_ZERO(8, 8); \
	BIC16(3, 3, 8);    \
	LD F3, (at)(R0);   \
	ADD_PRODUCTS(at, CENTRE, s, q)

#define SUMS(BODY, NEXT) \
	FLDPQ (R7), (F16, F17);    \
	FLDPQ 32(R7), (F18, F19);  \
	FLDPQ 64(R7), (F20, F21);  \
	FLDPQ 96(R7), (F22, F23);  \
	FLDPQ 128(R7), (F24, F25); \
	FLDPQ 160(R7), (F26, F27); \
	FLDPQ 192(R7), (F28, F29); \
	FLDPQ 224(R7), (F30, F31); \
	MOVD R4, R5;               \
	ADD  $384, R4, R8;         \
	SUBS $16, R3;              \
	BLT  rest;                 \
loop: \
	BODY(FMOVQ, 0, R4, CENTRE4, 16, 24);  \
	BODY(FMOVQ, 16, R4, CENTRE4, 18, 26); \
	BODY(FMOVQ, 32, R4, CENTRE4, 20, 28); \
	BODY(FMOVQ, 48, R4, CENTRE4, 22, 30); \
	NEXT($64);                 \
	SUBS $16, R3;              \
	BGE  loop;                 \
rest: \
	FSTPQ (F16, F17), (R7);    \
	FSTPQ (F18, F19), 32(R7);  \
	FSTPQ (F20, F21), 64(R7);  \
	FSTPQ (F22, F23), 96(R7);  \
	FSTPQ (F24, F25), 128(R7); \
	FSTPQ (F26, F27), 160(R7); \
	FSTPQ (F28, F29), 192(R7); \
	FSTPQ (F30, F31), 224(R7); \
	ADDS $16, R3;              \
	BEQ  done;                 \
one: \
	FMOVD (R7), F16;           \
	FMOVD 128(R7), F24;        \
	BODY(FMOVS, 0, R5, CENTRE1, 16, 24); \
	FMOVD F16, (R7);           \
	FMOVD F24, 128(R7);        \
	NEXT($4);                  \
	ADD  $4, R5;               \
	ADD  $8, R7;               \
	ADD  $8, R8;               \
	SUBS $1, R3;               \
	BNE  one;                  \
done: \
	RET

// func momentsNEON(x []float32, c *normLanes, sums *normSums)
TEXT ·momentsNEON(SB), NOSPLIT, $0-40
	MOVD x_base+0(FP), R1
	MOVD x_len+8(FP), R3
	MOVD c+24(FP), R4
	MOVD sums+32(FP), R7
	SUMS(MOMENTS, NEXT1)

// func productsNEON(x, dy []float32, c *normLanes, sums *normSums)
TEXT ·productsNEON(SB), NOSPLIT, $0-64
	MOVD x_base+0(FP), R1
	MOVD dy_base+24(FP), R2
	MOVD dy_len+32(FP), R3
	MOVD c+48(FP), R4
	MOVD sums+56(FP), R7
	SUMS(PRODUCTS, NEXT2)

// func productsReLUNEON(x, dy []float32, c *normLanes, sums *normSums)
TEXT ·productsReLUNEON(SB), NOSPLIT, $0-64
	MOVD x_base+0(FP), R1
	MOVD dy_base+24(FP), R2
	MOVD dy_len+32(FP), R3
	MOVD c+48(FP), R4
	MOVD sums+56(FP), R7
	SUMS(PRODUCTS_RELU, NEXT2)

// func productsOfNEON(dz, y, dy, x []float32, c *normLanes, sums *normSums)
TEXT ·productsOfNEON(SB), NOSPLIT, $0-112
	MOVD dz_base+0(FP), R0
	MOVD y_base+24(FP), R6
	MOVD dy_base+48(FP), R2
	MOVD dy_len+56(FP), R3
	MOVD x_base+72(FP), R1
	MOVD c+96(FP), R4
	MOVD sums+104(FP), R7
	SUMS(PRODUCTS_OF, NEXT3_TO)
