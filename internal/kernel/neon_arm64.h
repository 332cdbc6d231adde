// Instructions that Go's assembler lacks or does not take for vectors of
// numbers, put together from the numbers of the registers.

// FMLA_LANE(d, n, m, i) is  FMLA Vd.4S, Vn.4S, Vm.S[i].
#define FMLA_LANE(d, n, m, i) WORD $(0x4F801000 | ((i&1)<<21) | ((m)<<16) | ((i>>1)<<11) | ((n)<<5) | (d))

// OP(d, n, m) is  OP Vd, Vn, Vm  on four float32. FMLS takes a product from Vd;
// FMAX keeps NaN.
#define FADD4(d, n, m) WORD $(0x4E20D400 | ((m)<<16) | ((n)<<5) | (d))
#define FSUB4(d, n, m) WORD $(0x4EA0D400 | ((m)<<16) | ((n)<<5) | (d))
#define FMUL4(d, n, m) WORD $(0x6E20DC00 | ((m)<<16) | ((n)<<5) | (d))
#define FMLA4(d, n, m) WORD $(0x4E20CC00 | ((m)<<16) | ((n)<<5) | (d))
#define FMLS4(d, n, m) WORD $(0x4EA0CC00 | ((m)<<16) | ((n)<<5) | (d))
#define FMAX4(d, n, m) WORD $(0x4E20F400 | ((m)<<16) | ((n)<<5) | (d))

// Where the float32 of Vn is above, or is not above, zero, Vd is all ones; NaN
// is neither.
#define FCMGT4_ZERO(d, n) WORD $(0x4EA0C800 | ((n)<<5) | (d))
#define FCMLE4_ZERO(d, n) WORD $(0x6EA0D800 | ((n)<<5) | (d))

// Vd = Vn; Vd = Vn without the bits of Vm; and Vd = Vn where the bits of Vd are
// set, Vm elsewhere.
#define MOV16(d, n) WORD $(0x4EA01C00 | ((n)<<16) | ((n)<<5) | (d))
#define BIC16(d, n, m) WORD $(0x4E601C00 | ((m)<<16) | ((n)<<5) | (d))
#define BSL16(d, n, m) WORD $(0x6E601C00 | ((m)<<16) | ((n)<<5) | (d))

// Two float64: OP Vd.2D, Vn.2D, Vm.2D.
#define FADD2(d, n, m) WORD $(0x4E60D400 | ((m)<<16) | ((n)<<5) | (d))
#define FSUB2(d, n, m) WORD $(0x4EE0D400 | ((m)<<16) | ((n)<<5) | (d))
#define FMLA2(d, n, m) WORD $(0x4E60CC00 | ((m)<<16) | ((n)<<5) | (d))

// Float64 from the lower and the upper two float32 of Vn; and the sum of the two
// float64 of Vn.
#define FCVTL(d, n) WORD $(0x0E617800 | ((n)<<5) | (d))
#define FCVTL2(d, n) WORD $(0x4E617800 | ((n)<<5) | (d))
#define FADDP2(d, n) WORD $(0x7E70D800 | ((n)<<5) | (d))

// Vd has the even, or the odd, float32 of Vn at the even places and those of Vm at
// the odd ones.
#define TRN1_4(d, n, m) WORD $(0x4E802800 | ((m)<<16) | ((n)<<5) | (d))
#define TRN2_4(d, n, m) WORD $(0x4E806800 | ((m)<<16) | ((n)<<5) | (d))
