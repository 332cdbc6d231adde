#include "textflag.h"
#include "neon_arm64.h"

// The constants of the maps for the points 0, ±a, ±b and infinity with a = 2/3,
// b = 3/2: a, b, a², b², a²+b²; and n, na, na² for n = 1/(2a(a²-b²)), then the
// same with a and b exchanged.
DATA points4<>+0(SB)/4, $0.6666666666666666
DATA points4<>+4(SB)/4, $1.5
DATA points4<>+8(SB)/4, $0.4444444444444444
DATA points4<>+12(SB)/4, $2.25
DATA points4<>+16(SB)/4, $2.6944444444444446
GLOBL points4<>(SB), RODATA|NOPTR, $20

DATA weights4<>+0(SB)/4, $-0.41538461538461535
DATA weights4<>+4(SB)/4, $-0.2769230769230769
DATA weights4<>+8(SB)/4, $-0.18461538461538457
DATA weights4<>+12(SB)/4, $0.1846153846153846
DATA weights4<>+16(SB)/4, $0.2769230769230769
DATA weights4<>+20(SB)/4, $0.41538461538461535
GLOBL weights4<>(SB), RODATA|NOPTR, $24

DATA half<>+0(SB)/4, $0.5
GLOBL half<>(SB), RODATA|NOPTR, $4

// A row of pixels that stands for those outside the image.
GLOBL outside<>(SB), RODATA|NOPTR, $576

// Constants to all lanes of V24 and further registers.
#define NO_CONSTANTS

#define POINTS4 \
	MOVD    $points4<>(SB), R17; \
	VLD1R.P 4(R17), [V24.S4];    \
	VLD1R.P 4(R17), [V25.S4];    \
	VLD1R.P 4(R17), [V26.S4];    \
	VLD1R.P 4(R17), [V27.S4];    \
	VLD1R   (R17), [V28.S4]

#define WEIGHTS4 \
	MOVD    $weights4<>(SB), R17; \
	VLD1R.P 4(R17), [V24.S4];     \
	VLD1R.P 4(R17), [V25.S4];     \
	VLD1R.P 4(R17), [V26.S4];     \
	VLD1R.P 4(R17), [V27.S4];     \
	VLD1R.P 4(R17), [V28.S4];     \
	VLD1R   (R17), [V29.S4]

#define HALF \
	MOVD  $half<>(SB), R17; \
	VLD1R (R17), [V24.S4]

// The maps of kernel.winoMaps, which says what they are: from V0 on to V16 on.
// Rows of two points of opposite sign are even + odd and even - odd.

#define INPUT4 \
	MOV16(6, 4);      \
	FMLS4(6, 2, 27);  \
	MOV16(7, 3);      \
	FMLS4(7, 1, 27);  \
	FADD4(16, 4, 0);  \
	FMLS4(16, 2, 28); \
	FADD4(21, 1, 5);  \
	FMLS4(21, 3, 28); \
	FMLS4(4, 2, 26);  \
	FMLS4(3, 1, 26);  \
	MOV16(17, 6);     \
	FMLA4(17, 7, 24); \
	MOV16(18, 6);     \
	FMLS4(18, 7, 24); \
	MOV16(19, 4);     \
	FMLA4(19, 3, 25); \
	MOV16(20, 4);     \
	FMLS4(20, 3, 25)

#define WEIGHT4 \
	MOV16(16, 0);     \
	MOV16(21, 2);     \
	FMUL4(17, 0, 24); \
	FMLA4(17, 2, 26); \
	FMUL4(19, 0, 27); \
	FMLA4(19, 2, 29); \
	MOV16(18, 17);    \
	FMLA4(17, 1, 25); \
	FMLS4(18, 1, 25); \
	MOV16(20, 19);    \
	FMLA4(19, 1, 28); \
	FMLS4(20, 1, 28)

#define OUTPUT_GRAD4 \
	MOV16(16, 0);    \
	MOV16(21, 3);    \
	FMUL4(4, 0, 25); \
	FMLA4(4, 2, 24); \
	MOV16(5, 1);     \
	FMLA4(5, 3, 26); \
	FMUL4(6, 0, 24); \
	FMLA4(6, 2, 25); \
	MOV16(7, 1);     \
	FMLA4(7, 3, 27); \
	FADD4(17, 4, 5); \
	FSUB4(18, 4, 5); \
	FADD4(19, 6, 7); \
	FSUB4(20, 6, 7)

// Sums and differences of two pairs of points: V6 to V9.
#define FOLD4 \
	FADD4(6, 1, 2); \
	FSUB4(7, 1, 2); \
	FADD4(8, 3, 4); \
	FSUB4(9, 3, 4)

#define OUTPUT4 \
	FOLD4;            \
	MOV16(16, 0);     \
	FMLA4(16, 6, 25); \
	FMLA4(16, 8, 24); \
	FADD4(17, 7, 9);  \
	FMUL4(18, 6, 24); \
	FMLA4(18, 8, 25); \
	MOV16(19, 5);     \
	FMLA4(19, 7, 26); \
	FMLA4(19, 9, 27)

#define WEIGHT_GRAD4 \
	FOLD4;            \
	MOV16(16, 0);     \
	FMLA4(16, 6, 24); \
	FMLA4(16, 8, 27); \
	FMUL4(17, 7, 25); \
	FMLA4(17, 9, 28); \
	MOV16(18, 5);     \
	FMLA4(18, 6, 26); \
	FMLA4(18, 8, 29)

#define INPUT2 \
	FSUB4(16, 0, 2); \
	FADD4(17, 2, 1); \
	FSUB4(18, 2, 1); \
	FSUB4(19, 3, 1)

#define WEIGHT2 \
	MOV16(16, 0);      \
	MOV16(19, 2);      \
	FADD4(17, 0, 2);   \
	FMUL4(17, 17, 24); \
	MOV16(18, 17);     \
	FMLA4(17, 1, 24);  \
	FMLS4(18, 1, 24)

#define OUTPUT_GRAD2 \
	MOV16(16, 0);    \
	FADD4(17, 0, 1); \
	FSUB4(18, 0, 1); \
	MOV16(19, 1)

#define OUTPUT2 \
	FADD4(16, 0, 1);  \
	FADD4(16, 16, 2); \
	FADD4(17, 3, 1);  \
	FSUB4(17, 17, 2)

#define WEIGHT_GRAD2 \
	FADD4(4, 1, 2);   \
	MOV16(16, 0);     \
	FMLA4(16, 4, 24); \
	FSUB4(17, 1, 2);  \
	FMUL4(17, 17, 24); \
	MOV16(18, 3);     \
	FMLA4(18, 4, 24)

// Addresses of up to six neighbours in R11 to R16, from the first on.
#define WALK2(step) ADD step, R11, R12
#define WALK3(step) WALK2(step); ADD step, R12, R13
#define WALK4(step) WALK3(step); ADD step, R13, R14
#define WALK6(step) WALK4(step); ADD step, R14, R15; ADD step, R15, R16

// All of them moved on.
#define MOVE2(n) ADD n, R11; ADD n, R12
#define MOVE3(n) MOVE2(n); ADD n, R13
#define MOVE4(n) MOVE3(n); ADD n, R14
#define MOVE6(n) MOVE4(n); ADD n, R15; ADD n, R16

// A vector of values from or to each of them.
#define LOAD2(at) FMOVQ at(R11), F0; FMOVQ at(R12), F1
#define LOAD3(at) LOAD2(at); FMOVQ at(R13), F2
#define LOAD4(at) LOAD3(at); FMOVQ at(R14), F3
#define LOAD6(at) LOAD4(at); FMOVQ at(R15), F4; FMOVQ at(R16), F5

#define STORE4(at) FMOVQ F16, at(R11); FMOVQ F17, at(R12); FMOVQ F18, at(R13); FMOVQ F19, at(R14)
#define STORE6(at) STORE4(at); FMOVQ F20, at(R15); FMOVQ F21, at(R16)

// A vector of a row of the work memory at R20.
#define GET2(at) FMOVQ (at)(R20), F0; FMOVQ (at+64)(R20), F1
#define GET3(at) GET2(at); FMOVQ (at+128)(R20), F2
#define GET4(at) GET3(at); FMOVQ (at+192)(R20), F3
#define GET6(at) GET4(at); FMOVQ (at+256)(R20), F4; FMOVQ (at+320)(R20), F5

// A vector of a column of the work memory at R20, where rows are bytes apart.
#define PUT2(at, row) FMOVQ F16, (at)(R20); FMOVQ F17, (at+row)(R20)
#define PUT3(at, row) PUT2(at, row); FMOVQ F18, (at+2*row)(R20)
#define PUT4(at, row) PUT3(at, row); FMOVQ F19, (at+3*row)(R20)
#define PUT6(at, row) PUT4(at, row); FMOVQ F20, (at+4*row)(R20); FMOVQ F21, (at+5*row)(R20)

// Rows of pixels that the mask in R2 does not have are outside.
#define CHECK_ROW(i, r) \
	TST  $(1<<i), R2;  \
	CSEL NE, r, R1, r

#define CHECK_ROWS2 CHECK_ROW(0, R11); CHECK_ROW(1, R12)
#define CHECK_ROWS3 CHECK_ROWS2; CHECK_ROW(2, R13)
#define CHECK_ROWS4 CHECK_ROWS3; CHECK_ROW(3, R14)
#define CHECK_ROWS6 CHECK_ROWS4; CHECK_ROW(4, R15); CHECK_ROW(5, R16)

// A kernel that applies a map from in to out values to the columns of tiles of
// pixels, which go to the work memory, and to the rows there, which go to the
// planes. The fields are those of spreadArgs; a test holds the numbers against
// the struct.
//
// R1 outside; R2 and R3 which rows and columns are inside; R4 from a plane to the
// next; R5 and R6 tiles and blocks left; R7 and R8 the block on both sides, R9
// and R10 the tile; R19 columns or rows left; R20 work memory; R21 the columns
// left to check; R22 planes.
#define SPREAD(CONSTANTS, MAP, in, out, WALK_IN, MOVE_IN, CHECK_ROWS, LOAD, PUT, GET, WALK_OUT, STORE) \
	MOVD t+0(FP), R0;         \
	CONSTANTS;                \
	MOVD $outside<>(SB), R1;  \
	MOVD 2304(R0), R7;        \ // x
	MOVD 2312(R0), R17;       \ // at
	ADD  R17, R7;             \
	MOVD 2328(R0), R2;        \ // rows
	MOVD 2336(R0), R3;        \ // columns
	MOVD 2360(R0), R6;        \ // blocks
	MOVD 2376(R0), R8;        \ // v
	MOVD 2384(R0), R4;        \ // plane
block: \
	MOVD 2344(R0), R5;        \ // tiles
	MOVD R7, R9;              \
	MOVD R8, R10;             \
tile: \
	MOVD 2320(R0), R17;       \ // pitch
	MOVD R9, R11;             \
	WALK_IN(R17);             \
	CHECK_ROWS;               \
	MOVD R0, R20;             \
	MOVD R3, R21;             \
	MOVD $in, R19;            \
column: \
	TBZ  $0, R21, zeros;      \
	LOAD(0);                  \
	MAP;                      \
	PUT(0, 64*in);            \
	LOAD(16);                 \
	MAP;                      \
	PUT(16, 64*in);           \
	LOAD(32);                 \
	MAP;                      \
	PUT(32, 64*in);           \
	LOAD(48);                 \
	MAP;                      \
	PUT(48, 64*in);           \
	B    next;                \
zeros: \
	VEOR V16.B16, V16.B16, V16.B16; \
	VEOR V17.B16, V17.B16, V17.B16; \
	VEOR V18.B16, V18.B16, V18.B16; \
	VEOR V19.B16, V19.B16, V19.B16; \
	VEOR V20.B16, V20.B16, V20.B16; \
	VEOR V21.B16, V21.B16, V21.B16; \
	PUT(0, 64*in);            \
	PUT(16, 64*in);           \
	PUT(32, 64*in);           \
	PUT(48, 64*in);           \
next: \
	LSR  $1, R21;             \
	ADD  $64, R20;            \
	MOVE_IN($64);             \
	SUBS $1, R19;             \
	BNE  column;              \
	MOVD R0, R20;             \
	MOVD R10, R22;            \
	MOVD $out, R19;           \
row: \
	MOVD R22, R11;            \
	WALK_OUT(R4);             \
	GET(0);                   \
	MAP;                      \
	STORE(0);                 \
	GET(16);                  \
	MAP;                      \
	STORE(16);                \
	GET(32);                  \
	MAP;                      \
	STORE(32);                \
	GET(48);                  \
	MAP;                      \
	STORE(48);                \
	ADD  $(64*in), R20;       \
	MOVD $out, R17;           \
	MADD R17, R22, R4, R22;   \
	SUBS $1, R19;             \
	BNE  row;                 \
	MOVD 2352(R0), R17;       \ // nextX
	ADD  R17, R9;             \
	MOVD 2392(R0), R17;       \ // nextV
	ADD  R17, R10;            \
	SUBS $1, R5;              \
	BNE  tile;                \
	MOVD 2368(R0), R17;       \ // blockX
	ADD  R17, R7;             \
	MOVD 2400(R0), R17;       \ // blockV
	ADD  R17, R8;             \
	SUBS $1, R6;              \
	BNE  block;               \
	RET

#define SPREAD_6_6(CONSTANTS, MAP) SPREAD(CONSTANTS, MAP, 6, 6, WALK6, MOVE6, CHECK_ROWS6, LOAD6, PUT6, GET6, WALK6, STORE6)
#define SPREAD_3_6(CONSTANTS, MAP) SPREAD(CONSTANTS, MAP, 3, 6, WALK3, MOVE3, CHECK_ROWS3, LOAD3, PUT6, GET3, WALK6, STORE6)
#define SPREAD_4_6(CONSTANTS, MAP) SPREAD(CONSTANTS, MAP, 4, 6, WALK4, MOVE4, CHECK_ROWS4, LOAD4, PUT6, GET4, WALK6, STORE6)
#define SPREAD_4_4(CONSTANTS, MAP) SPREAD(CONSTANTS, MAP, 4, 4, WALK4, MOVE4, CHECK_ROWS4, LOAD4, PUT4, GET4, WALK4, STORE4)
#define SPREAD_3_4(CONSTANTS, MAP) SPREAD(CONSTANTS, MAP, 3, 4, WALK3, MOVE3, CHECK_ROWS3, LOAD3, PUT4, GET3, WALK4, STORE4)
#define SPREAD_2_4(CONSTANTS, MAP) SPREAD(CONSTANTS, MAP, 2, 4, WALK2, MOVE2, CHECK_ROWS2, LOAD2, PUT4, GET2, WALK4, STORE4)

// Completes and stores a vector of pixel i of the row at R23 with residual at R21
// (or 0), from V(16+i), unless the pixel is beyond the columns.
#define PIXEL(i, r, bias, at, end) \
	CMP   $i, R3;               \
	BLE   end;                  \
	FADD4(16+i, 16+i, bias);    \
	CBZ   R21, 3(PC);           \
	FMOVQ (64*i+at)(R21), F22;  \
	FADD4(16+i, 16+i, 22);      \
	FMAX4(16+i, 16+i, 23);      \
	FMOVQ r, (64*i+at)(R23)

#define PIXELS2(bias, at, end) PIXEL(0, F16, bias, at, end); PIXEL(1, F17, bias, at, end)
#define PIXELS3(bias, at, end) PIXELS2(bias, at, end); PIXEL(2, F18, bias, at, end)
#define PIXELS4(bias, at, end) PIXELS3(bias, at, end); PIXEL(3, F19, bias, at, end)

// A kernel that applies a map from in values to the columns of what lies in
// the planes and to the rows of the results, which are stored as pixels. The
// fields are those of collectArgs; a test holds the numbers against the struct.
//
// R1 bias of the block (or 0); R2 rows, R3 columns that are stored; R4 from a
// plane to the next; R5 and R6 tiles and blocks left; R7 and R8 the block on both
// sides, R9 and R10 the tile; R19 columns or rows left; R20 work memory; R21 the
// row's residual (or 0); R22 planes; R23 the row; R24 from a pixel to its
// residual; V23 what pixels are cut off below, V12 to V15 the bias.
#define COLLECT(CONSTANTS, MAP, in, WALK, LOAD, PUT, GET, PIXELS) \
	MOVD t+0(FP), R0;         \
	CONSTANTS;                \
	MOVD 2304(R0), R7;        \ // v
	MOVD 2312(R0), R4;        \ // plane
	MOVD 2344(R0), R6;        \ // blocks
	MOVD 2352(R0), R8;        \ // y
	MOVD 2384(R0), R2;        \ // rows
	MOVD 2392(R0), R3;        \ // columns
	MOVD 2400(R0), R1;        \ // bias
	MOVD 2408(R0), R24;       \ // residual
	SUB  R8, R24;             \
	MOVD 2416(R0), R17;       \ // flags
	VEOR V23.B16, V23.B16, V23.B16; \
	TBNZ $0, R17, block;      \
	MOVD $0xFF800000, R17;    \ // -Inf
	VDUP R17, V23.S4;         \
block: \
	MOVD 2336(R0), R5;        \ // tiles
	MOVD R7, R9;              \
	MOVD R8, R10;             \
	VEOR V12.B16, V12.B16, V12.B16; \
	VEOR V13.B16, V13.B16, V13.B16; \
	VEOR V14.B16, V14.B16, V14.B16; \
	VEOR V15.B16, V15.B16, V15.B16; \
	CBZ  R1, tile;            \
	FLDPQ.P 32(R1), (F12, F13); \
	FLDPQ.P 32(R1), (F14, F15); \
tile: \
	MOVD R0, R20;             \
	MOVD R9, R22;             \
	MOVD $in, R17;            \
	MUL  R4, R17;             \
	MOVD $in, R19;            \
column: \
	MOVD R22, R11;            \
	WALK(R17);                \
	LOAD(0);                  \
	MAP;                      \
	PUT(0, 64*in);            \
	LOAD(16);                 \
	MAP;                      \
	PUT(16, 64*in);           \
	LOAD(32);                 \
	MAP;                      \
	PUT(32, 64*in);           \
	LOAD(48);                 \
	MAP;                      \
	PUT(48, 64*in);           \
	ADD  $64, R20;            \
	ADD  R4, R22;             \
	SUBS $1, R19;             \
	BNE  column;              \
	MOVD R0, R20;             \
	MOVD R10, R23;            \
	MOVD R2, R19;             \
row: \
	MOVD 2408(R0), R21;       \ // residual
	CBZ  R21, 2(PC);          \
	ADD  R24, R23, R21;       \
	GET(0);                   \
	MAP;                      \
	PIXELS(12, 0, end0);      \
end0: \
	GET(16);                  \
	MAP;                      \
	PIXELS(13, 16, end1);     \
end1: \
	GET(32);                  \
	MAP;                      \
	PIXELS(14, 32, end2);     \
end2: \
	GET(48);                  \
	MAP;                      \
	PIXELS(15, 48, end3);     \
end3: \
	ADD  $(64*in), R20;       \
	MOVD 2360(R0), R17;       \ // pitch
	ADD  R17, R23;            \
	SUBS $1, R19;             \
	BNE  row;                 \
	MOVD 2320(R0), R17;       \ // nextV
	ADD  R17, R9;             \
	MOVD 2368(R0), R17;       \ // nextY
	ADD  R17, R10;            \
	SUBS $1, R5;              \
	BNE  tile;                \
	MOVD 2328(R0), R17;       \ // blockV
	ADD  R17, R7;             \
	MOVD 2376(R0), R17;       \ // blockY
	ADD  R17, R8;             \
	SUBS $1, R6;              \
	BNE  block;               \
	RET

#define COLLECT_6_4(CONSTANTS, MAP) COLLECT(CONSTANTS, MAP, 6, WALK6, LOAD6, PUT4, GET6, PIXELS4)
#define COLLECT_6_3(CONSTANTS, MAP) COLLECT(CONSTANTS, MAP, 6, WALK6, LOAD6, PUT3, GET6, PIXELS3)
#define COLLECT_4_2(CONSTANTS, MAP) COLLECT(CONSTANTS, MAP, 4, WALK4, LOAD4, PUT2, GET4, PIXELS2)
#define COLLECT_4_3(CONSTANTS, MAP) COLLECT(CONSTANTS, MAP, 4, WALK4, LOAD4, PUT3, GET4, PIXELS3)

// func spreadInput4NEON(t *byte)
TEXT ·spreadInput4NEON(SB), NOSPLIT, $0-8
	SPREAD_6_6(POINTS4, INPUT4)

// func spreadWeight4NEON(t *byte)
TEXT ·spreadWeight4NEON(SB), NOSPLIT, $0-8
	SPREAD_3_6(WEIGHTS4, WEIGHT4)

// func spreadOutputGrad4NEON(t *byte)
TEXT ·spreadOutputGrad4NEON(SB), NOSPLIT, $0-8
	SPREAD_4_6(POINTS4, OUTPUT_GRAD4)

// func collectOutput4NEON(t *byte)
TEXT ·collectOutput4NEON(SB), NOSPLIT, $0-8
	COLLECT_6_4(POINTS4, OUTPUT4)

// func collectWeightGrad4NEON(t *byte)
TEXT ·collectWeightGrad4NEON(SB), NOSPLIT, $0-8
	COLLECT_6_3(WEIGHTS4, WEIGHT_GRAD4)

// func spreadInput2NEON(t *byte)
TEXT ·spreadInput2NEON(SB), NOSPLIT, $0-8
	SPREAD_4_4(NO_CONSTANTS, INPUT2)

// func spreadWeight2NEON(t *byte)
TEXT ·spreadWeight2NEON(SB), NOSPLIT, $0-8
	SPREAD_3_4(HALF, WEIGHT2)

// func spreadOutputGrad2NEON(t *byte)
TEXT ·spreadOutputGrad2NEON(SB), NOSPLIT, $0-8
	SPREAD_2_4(NO_CONSTANTS, OUTPUT_GRAD2)

// func collectOutput2NEON(t *byte)
TEXT ·collectOutput2NEON(SB), NOSPLIT, $0-8
	COLLECT_4_2(NO_CONSTANTS, OUTPUT2)

// func collectWeightGrad2NEON(t *byte)
TEXT ·collectWeightGrad2NEON(SB), NOSPLIT, $0-8
	COLLECT_4_3(HALF, WEIGHT_GRAD2)
