// What the kernels of panel_arm64.s and group_arm64.s are made of.
//
// The sums of pixel p are V(4p) to V(4p+3), so that a kernel of n pixels has
// its sums in V0 to V(4n-1). Four channels of pixel p are in V(24+p). V30 and
// V31 hold two vectors of a row of weights.
//
// R1 x, R2 y and R3 residual (or 0) of the tile; R4 tiles left; R5 and R6 from a
// pixel to the next of x and of y; R7 the steps, R8 how many are left; R9 the
// weights of all, R16 of the step; R10 to R15 the pixels.

// The fields of panelArgs; a test holds the numbers against the struct.
#define LOAD_ARGS \
	MOVD t+0(FP), R0; \
	MOVD 0(R0), R1;   \ // x
	MOVD 56(R0), R2;  \ // y
	MOVD 96(R0), R3;  \ // residual
	MOVD 48(R0), R4;  \ // tiles
	MOVD 32(R0), R5;  \ // pixelX
	MOVD 64(R0), R6;  \ // pixelY
	MOVD 24(R0), R9     // w

// What a tile begins with: the first pixel's sums are the bias.
#define BEGIN_TILE \
	MOVD 8(R0), R7;              \ // steps
	MOVD 16(R0), R8;             \ // depth
	MOVD 88(R0), R10;            \ // bias
	VEOR V0.B16, V0.B16, V0.B16; \
	VEOR V1.B16, V1.B16, V1.B16; \
	VEOR V2.B16, V2.B16, V2.B16; \
	VEOR V3.B16, V3.B16, V3.B16; \
	CBZ  R10, 3(PC);             \
	FLDPQ (R10), (F0, F1);       \
	FLDPQ 32(R10), (F2, F3)

// The next tile; decides whether there is one.
#define NEXT_TILE \
	MOVD 40(R0), R7; \ // nextX
	MOVD 72(R0), R8; \ // nextY
	ADD  R7, R1;     \
	ADD  R8, R2;     \
	CBZ  R3, 2(PC);  \
	ADD  R8, R3;     \
	SUBS $1, R4

// Where the weights and the pixels of a step are.
#define POINT1 \
	LDP.P 16(R7), (R10, R16); \
	ADD   R9, R16;            \
	ADD   R1, R10

#define POINT2 POINT1; ADD R5, R10, R11
#define POINT3 POINT2; ADD R5, R11, R12
#define POINT4 POINT3; ADD R5, R12, R13
#define POINT5 POINT4; ADD R5, R13, R14
#define POINT6 POINT5; ADD R5, R14, R15

// Some values of the pixels, at bytes after the first: four, two or one, as LOAD
// takes them.
#define PIXELS1(LOAD, at) LOAD (at)(R10), F24
#define PIXELS2(LOAD, at) PIXELS1(LOAD, at); LOAD (at)(R11), F25
#define PIXELS3(LOAD, at) PIXELS2(LOAD, at); LOAD (at)(R12), F26
#define PIXELS4(LOAD, at) PIXELS3(LOAD, at); LOAD (at)(R13), F27
#define PIXELS5(LOAD, at) PIXELS4(LOAD, at); LOAD (at)(R14), F28
#define PIXELS6(LOAD, at) PIXELS5(LOAD, at); LOAD (at)(R15), F29

// Vector v of the sums, with weights Vw and lane i of the pixels.
#define FMA1(v, w, i) FMLA_LANE(v, w, 24, i)
#define FMA2(v, w, i) FMA1(v, w, i); FMLA_LANE(4+v, w, 25, i)
#define FMA3(v, w, i) FMA2(v, w, i); FMLA_LANE(8+v, w, 26, i)
#define FMA4(v, w, i) FMA3(v, w, i); FMLA_LANE(12+v, w, 27, i)
#define FMA5(v, w, i) FMA4(v, w, i); FMLA_LANE(16+v, w, 28, i)
#define FMA6(v, w, i) FMA5(v, w, i); FMLA_LANE(20+v, w, 29, i)

// Adds the residual at R10 to the sums V(d) to V(d+3).
#define ADD_RESIDUAL(d) \
	FLDPQ (R10), (F24, F25);   \
	FLDPQ 32(R10), (F26, F27); \
	ADD   R6, R10;             \
	FADD4(d, d, 24);           \
	FADD4(d+1, d+1, 25);       \
	FADD4(d+2, d+2, 26);       \
	FADD4(d+3, d+3, 27)

#define ADD_RESIDUAL1 MOVD R3, R10; ADD_RESIDUAL(0)
#define ADD_RESIDUAL2 ADD_RESIDUAL1; ADD_RESIDUAL(4)
#define ADD_RESIDUAL3 ADD_RESIDUAL2; ADD_RESIDUAL(8)
#define ADD_RESIDUAL4 ADD_RESIDUAL3; ADD_RESIDUAL(12)
#define ADD_RESIDUAL5 ADD_RESIDUAL4; ADD_RESIDUAL(16)
#define ADD_RESIDUAL6 ADD_RESIDUAL5; ADD_RESIDUAL(20)

#define RELU(d) \
	FMAX4(d, d, 24);     \
	FMAX4(d+1, d+1, 24); \
	FMAX4(d+2, d+2, 24); \
	FMAX4(d+3, d+3, 24)

#define RELU1 VEOR V24.B16, V24.B16, V24.B16; RELU(0)
#define RELU2 RELU1; RELU(4)
#define RELU3 RELU2; RELU(8)
#define RELU4 RELU3; RELU(12)
#define RELU5 RELU4; RELU(16)
#define RELU6 RELU5; RELU(20)

#define STORE(a, b, c, d) \
	FSTPQ (a, b), (R10);   \
	FSTPQ (c, d), 32(R10); \
	ADD   R6, R10

#define STORE1 MOVD R2, R10; STORE(F0, F1, F2, F3)
#define STORE2 STORE1; STORE(F4, F5, F6, F7)
#define STORE3 STORE2; STORE(F8, F9, F10, F11)
#define STORE4 STORE3; STORE(F12, F13, F14, F15)
#define STORE5 STORE4; STORE(F16, F17, F18, F19)
#define STORE6 STORE5; STORE(F20, F21, F22, F23)

// Another pixel begins like the first.
#define SAME(a, b, c, d) \
	VMOV V0.B16, a.B16; \
	VMOV V1.B16, b.B16; \
	VMOV V2.B16, c.B16; \
	VMOV V3.B16, d.B16

#define SAME1
#define SAME2 SAME(V4, V5, V6, V7)
#define SAME3 SAME2; SAME(V8, V9, V10, V11)
#define SAME4 SAME3; SAME(V12, V13, V14, V15)
#define SAME5 SAME4; SAME(V16, V17, V18, V19)
#define SAME6 SAME5; SAME(V20, V21, V22, V23)
