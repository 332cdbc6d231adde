#include "textflag.h"
#include "neon_arm64.h"
#include "map_arm64.h"

#define ADD_RESULT(i) FADD4(i+16, i, i+4)
#define MUL_RESULT(i) FMUL4(i+16, i, i+4)
#define SCALE_RESULT(i) FMUL4(i+16, i, 31)
#define SHIFT_RESULT(i) FADD4(i+16, i, 31)
#define AXPY_RESULT(i) \
	MOV16(i+16, i); \
	FMLA4(i+16, i+4, 31)

// func addNEON(dst, a, b []float32)
TEXT ·addNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD a_base+24(FP), R1
	MOVD b_base+48(FP), R2
	MAP2(ADD_RESULT)

// func mulNEON(dst, a, b []float32)
TEXT ·mulNEON(SB), NOSPLIT, $0-72
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD a_base+24(FP), R1
	MOVD b_base+48(FP), R2
	MAP2(MUL_RESULT)

// func scaleNEON(dst, a []float32, s float32)
TEXT ·scaleNEON(SB), NOSPLIT, $0-52
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD a_base+24(FP), R1
	CONSTANT(s+48(FP), F31, V31)
	MAP1(SCALE_RESULT)

// func axpyNEON(dst, a []float32, s float32)
TEXT ·axpyNEON(SB), NOSPLIT, $0-52
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD dst_base+0(FP), R1
	MOVD a_base+24(FP), R2
	CONSTANT(s+48(FP), F31, V31)
	MAP2(AXPY_RESULT)

// func shiftNEON(dst, a []float32, s float32)
TEXT ·shiftNEON(SB), NOSPLIT, $0-52
	MOVD dst_base+0(FP), R0
	MOVD dst_len+8(FP), R3
	MOVD a_base+24(FP), R1
	CONSTANT(s+48(FP), F31, V31)
	MAP1(SHIFT_RESULT)

// func sumNEON(a, b []float32) float64
TEXT ·sumNEON(SB), NOSPLIT, $0-56
	MOVD a_base+0(FP), R1
	MOVD a_len+8(FP), R3
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VEOR V18.B16, V18.B16, V18.B16
	VEOR V19.B16, V19.B16, V19.B16
	SUBS $8, R3
	BLT  below8

loop8:
	FLDPQ.P 32(R1), (F0, F1)
	FCVTL(4, 0)
	FCVTL2(5, 0)
	FCVTL(6, 1)
	FCVTL2(7, 1)
	FADD2(16, 16, 4)
	FADD2(17, 17, 5)
	FADD2(18, 18, 6)
	FADD2(19, 19, 7)
	SUBS $8, R3
	BGE  loop8

below8:
	FADD2(16, 16, 17)
	FADD2(18, 18, 19)
	FADD2(16, 16, 18)
	FADDP2(16, 16)
	ADDS $8, R3
	BEQ  done

loop1:
	FMOVS.P 4(R1), F0
	FCVTSD  F0, F0
	FADDD   F0, F16
	SUBS    $1, R3
	BNE     loop1

done:
	FMOVD F16, ret+48(FP)
	RET

// func dotNEON(a, b []float32) float64
TEXT ·dotNEON(SB), NOSPLIT, $0-56
	MOVD a_base+0(FP), R1
	MOVD a_len+8(FP), R3
	MOVD b_base+24(FP), R2
	VEOR V16.B16, V16.B16, V16.B16
	VEOR V17.B16, V17.B16, V17.B16
	VEOR V18.B16, V18.B16, V18.B16
	VEOR V19.B16, V19.B16, V19.B16
	SUBS $8, R3
	BLT  below8

loop8:
	FLDPQ.P 32(R1), (F0, F1)
	FLDPQ.P 32(R2), (F2, F3)
	FCVTL(4, 0)
	FCVTL2(5, 0)
	FCVTL(6, 1)
	FCVTL2(7, 1)
	FCVTL(20, 2)
	FCVTL2(21, 2)
	FCVTL(22, 3)
	FCVTL2(23, 3)
	FMLA2(16, 4, 20)
	FMLA2(17, 5, 21)
	FMLA2(18, 6, 22)
	FMLA2(19, 7, 23)
	SUBS $8, R3
	BGE  loop8

below8:
	FADD2(16, 16, 17)
	FADD2(18, 18, 19)
	FADD2(16, 16, 18)
	FADDP2(16, 16)
	ADDS $8, R3
	BEQ  done

loop1:
	FMOVS.P 4(R1), F0
	FMOVS.P 4(R2), F1
	FCVTSD  F0, F0
	FCVTSD  F1, F1
	FMADDD  F0, F16, F1, F16
	SUBS    $1, R3
	BNE     loop1

done:
	FMOVD F16, ret+48(FP)
	RET
