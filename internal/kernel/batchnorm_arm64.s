#include "textflag.h"
#include "neon_arm64.h"
#include "map_arm64.h"

// V29 is the mean, V30 the scale, V31 the shift, V28 is 0.
#define APPLY_RESULT(i) \
	FSUB4(i+8, i, 29); \
	MOV16(i+16, 31);   \
	FMLA4(i+16, i+8, 30)
#define APPLY_RELU_RESULT(i) \
	APPLY_RESULT(i); \
	FMAX4(i+16, i+16, 28)

// V28 is the mean, V29 is a, V30 is b, V31 is c.
#define INPUT_GRAD_RESULT(i) \
	FSUB4(i+8, i, 28);    \
	MOV16(i+16, 31);      \
	FMLA4(i+16, i+8, 30); \
	FMLA4(i+16, i+4, 29)

#define ZERO_SUMS \
	VEOR V16.B16, V16.B16, V16.B16; \
	VEOR V17.B16, V17.B16, V17.B16; \
	VEOR V18.B16, V18.B16, V18.B16; \
	VEOR V19.B16, V19.B16, V19.B16; \
	VEOR V20.B16, V20.B16, V20.B16; \
	VEOR V21.B16, V21.B16, V21.B16; \
	VEOR V22.B16, V22.B16, V22.B16; \
	VEOR V23.B16, V23.B16, V23.B16

// The first sum to V16, the second to V20.
#define ADD_SUMS_UP \
	FADD2(16, 16, 17); \
	FADD2(18, 18, 19); \
	FADD2(20, 20, 21); \
	FADD2(22, 22, 23); \
	FADD2(16, 16, 18); \
	FADD2(20, 20, 22); \
	FADDP2(16, 16);    \
	FADDP2(20, 20)

// func applyNEON(y, x []float32, mean, scale, shift float32)
TEXT ·applyNEON(SB), NOSPLIT, $0-60
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	CONSTANT(mean+48(FP), F29, V29)
	CONSTANT(scale+52(FP), F30, V30)
	CONSTANT(shift+56(FP), F31, V31)
	MAP1(APPLY_RESULT)

// func applyReLUNEON(y, x []float32, mean, scale, shift float32)
TEXT ·applyReLUNEON(SB), NOSPLIT, $0-60
	MOVD y_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD x_len+32(FP), R3
	CONSTANT(mean+48(FP), F29, V29)
	CONSTANT(scale+52(FP), F30, V30)
	CONSTANT(shift+56(FP), F31, V31)
	VEOR V28.B16, V28.B16, V28.B16
	MAP1(APPLY_RELU_RESULT)

// func inputGradNEON(dx, x, dy []float32, mean, a, b, c float32)
TEXT ·inputGradNEON(SB), NOSPLIT, $0-88
	MOVD dx_base+0(FP), R0
	MOVD x_base+24(FP), R1
	MOVD dy_base+48(FP), R2
	MOVD dy_len+56(FP), R3
	CONSTANT(mean+72(FP), F28, V28)
	CONSTANT(a+76(FP), F29, V29)
	CONSTANT(b+80(FP), F30, V30)
	CONSTANT(c+84(FP), F31, V31)
	MAP2(INPUT_GRAD_RESULT)

// func momentsNEON(x []float32, pivot float64) (sum, squares float64)
TEXT ·momentsNEON(SB), NOSPLIT, $0-48
	MOVD  x_base+0(FP), R1
	MOVD  x_len+8(FP), R3
	FMOVD pivot+24(FP), F31
	VDUP  V31.D[0], V31.D2
	ZERO_SUMS
	SUBS  $8, R3
	BLT   below8

loop8:
	FLDPQ.P 32(R1), (F0, F1)
	FCVTL(4, 0)
	FCVTL2(5, 0)
	FCVTL(6, 1)
	FCVTL2(7, 1)
	FSUB2(4, 4, 31)
	FSUB2(5, 5, 31)
	FSUB2(6, 6, 31)
	FSUB2(7, 7, 31)
	FADD2(16, 16, 4)
	FADD2(17, 17, 5)
	FADD2(18, 18, 6)
	FADD2(19, 19, 7)
	FMLA2(20, 4, 4)
	FMLA2(21, 5, 5)
	FMLA2(22, 6, 6)
	FMLA2(23, 7, 7)
	SUBS    $8, R3
	BGE     loop8

below8:
	ADD_SUMS_UP
	ADDS $8, R3
	BEQ  done

loop1:
	FMOVS.P 4(R1), F0
	FCVTSD  F0, F0
	FSUBD   F31, F0, F0
	FADDD   F0, F16
	FMADDD  F0, F20, F0, F20
	SUBS    $1, R3
	BNE     loop1

done:
	FMOVD F16, sum+32(FP)
	FMOVD F20, squares+40(FP)
	RET

// func productsNEON(x, dy []float32, mean float64) (sum, dot float64)
TEXT ·productsNEON(SB), NOSPLIT, $0-72
	MOVD  x_base+0(FP), R1
	MOVD  dy_base+24(FP), R2
	MOVD  dy_len+32(FP), R3
	FMOVD mean+48(FP), F31
	VDUP  V31.D[0], V31.D2
	ZERO_SUMS
	SUBS  $8, R3
	BLT   below8

loop8:
	FLDPQ.P 32(R1), (F0, F1)
	FLDPQ.P 32(R2), (F2, F3)
	FCVTL(4, 0)
	FCVTL2(5, 0)
	FCVTL(6, 1)
	FCVTL2(7, 1)
	FCVTL(24, 2)
	FCVTL2(25, 2)
	FCVTL(26, 3)
	FCVTL2(27, 3)
	FSUB2(4, 4, 31)
	FSUB2(5, 5, 31)
	FSUB2(6, 6, 31)
	FSUB2(7, 7, 31)
	FADD2(16, 16, 24)
	FADD2(17, 17, 25)
	FADD2(18, 18, 26)
	FADD2(19, 19, 27)
	FMLA2(20, 4, 24)
	FMLA2(21, 5, 25)
	FMLA2(22, 6, 26)
	FMLA2(23, 7, 27)
	SUBS    $8, R3
	BGE     loop8

below8:
	ADD_SUMS_UP
	ADDS $8, R3
	BEQ  done

loop1:
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R2), F1
	FCVTSD  F0, F0
	FCVTSD  F1, F1
	FSUBD   F31, F0, F0
	FADDD   F1, F16
	FMADDD  F0, F20, F1, F20
	SUBS    $1, R3
	BNE     loop1

done:
	FMOVD F16, sum+56(FP)
	FMOVD F20, dot+64(FP)
	RET
