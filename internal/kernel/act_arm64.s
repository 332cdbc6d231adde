#include "textflag.h"
#include "neon_arm64.h"
#include "map_arm64.h"

// V31 is 0, or the slope.
#define RELU_RESULT(i) FMAX4(i+16, i, 31)
#define ADD_RELU_RESULT(i) \
	FADD4(i+16, i, i+4); \
	FMAX4(i+16, i+16, 31)
#define RELU_GRAD_RESULT(i) \
	FCMLE4_ZERO(i+16, i); \
	BIC16(i+16, i+4, i+16)
#define LEAKY_RESULT(i) \
	FCMGT4_ZERO(i+16, i); \
	FMUL4(i+20, i, 31);   \
	BSL16(i+16, i, i+20)
#define LEAKY_GRAD_RESULT(i) \
	FCMGT4_ZERO(i+16, i); \
	FMUL4(i+20, i+4, 31); \
	BSL16(i+16, i+4, i+20)

// func reluNEON(y, x []float32)
TEXT ·reluNEON(SB), NOSPLIT, $0-48
	MOVD y_base+0(FP), R0
	MOVD y_len+8(FP), R3
	MOVD x_base+24(FP), R1
	VEOR V31.B16, V31.B16, V31.B16
	MAP1(RELU_RESULT)

// func reluGradNEON(dx, x, dy []float32)
TEXT ·reluGradNEON(SB), NOSPLIT, $0-72
	MOVD dx_base+0(FP), R0
	MOVD dx_len+8(FP), R3
	MOVD x_base+24(FP), R1
	MOVD dy_base+48(FP), R2
	MAP2(RELU_GRAD_RESULT)

// func addReLUNEON(y, a, b []float32)
TEXT ·addReLUNEON(SB), NOSPLIT, $0-72
	MOVD y_base+0(FP), R0
	MOVD y_len+8(FP), R3
	MOVD a_base+24(FP), R1
	MOVD b_base+48(FP), R2
	VEOR V31.B16, V31.B16, V31.B16
	MAP2(ADD_RELU_RESULT)

// func leakyNEON(y, x []float32, slope float32)
TEXT ·leakyNEON(SB), NOSPLIT, $0-52
	MOVD y_base+0(FP), R0
	MOVD y_len+8(FP), R3
	MOVD x_base+24(FP), R1
	CONSTANT(slope+48(FP), F31, V31)
	MAP1(LEAKY_RESULT)

// func leakyGradNEON(dx, x, dy []float32, slope float32)
TEXT ·leakyGradNEON(SB), NOSPLIT, $0-76
	MOVD dx_base+0(FP), R0
	MOVD dx_len+8(FP), R3
	MOVD x_base+24(FP), R1
	MOVD dy_base+48(FP), R2
	CONSTANT(slope+72(FP), F31, V31)
	MAP2(LEAKY_GRAD_RESULT)
