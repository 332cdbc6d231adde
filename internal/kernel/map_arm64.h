// A loop over slices: RESULT(i) computes V(i+16) from V(i), of the first input,
// and V(i+4), of the second, for i of 0 to 3. It may use V(i+8), V(i+12) and
// V(i+20) besides; V28 to V31 are constants. What is left over of a slice goes
// through the same instructions value by value, so that a value's result does
// not depend on its place.
//
// R0 is where results go, R1 and R2 are the inputs, R3 is how many values there
// are.

#define INPUT1_16 \
	FLDPQ.P 32(R1), (F0, F1); \
	FLDPQ.P 32(R1), (F2, F3)

#define INPUT2_16 \
	INPUT1_16;                \
	FLDPQ.P 32(R2), (F4, F5); \
	FLDPQ.P 32(R2), (F6, F7)

#define INPUT1_4 FMOVQ.P 16(R1), F0
#define INPUT2_4 INPUT1_4; FMOVQ.P 16(R2), F4

#define INPUT1_1 FMOVS.P 4(R1), F0
#define INPUT2_1 INPUT1_1; FMOVS.P 4(R2), F4

#define MAP(LOAD16, LOAD4, LOAD1, RESULT) \
	SUBS $16, R3;                 \
	BLT  below16;                 \
loop16: \
	LOAD16;                       \
	RESULT(0);                    \
	RESULT(1);                    \
	RESULT(2);                    \
	RESULT(3);                    \
	FSTPQ.P (F16, F17), 32(R0);   \
	FSTPQ.P (F18, F19), 32(R0);   \
	SUBS $16, R3;                 \
	BGE  loop16;                  \
below16: \
	ADDS $12, R3;                 \
	BLT  below4;                  \
loop4: \
	LOAD4;                        \
	RESULT(0);                    \
	FMOVQ.P F16, 16(R0);          \
	SUBS $4, R3;                  \
	BGE  loop4;                   \
below4: \
	ADDS $4, R3;                  \
	BEQ  done;                    \
loop1: \
	LOAD1;                        \
	RESULT(0);                    \
	FMOVS.P F16, 4(R0);           \
	SUBS $1, R3;                  \
	BNE  loop1;                   \
done: \
	RET

#define MAP1(RESULT) MAP(INPUT1_16, INPUT1_4, INPUT1_1, RESULT)
#define MAP2(RESULT) MAP(INPUT2_16, INPUT2_4, INPUT2_1, RESULT)

// A constant in all lanes.
#define CONSTANT(arg, f, v) \
	FMOVS arg, f; \
	VDUP  v.S[0], v.S4
