package kernel

// A linear is a matrix that a vector is multiplied by.
type linear [][]float32

// winoMaps holds the matrices of Winograd's algorithm F(m, taps), which computes m
// neighbouring results y of a filter g of so many taps from m+taps-1 inputs d by as
// many products: y = Aᵀ((G g) * (Bᵀ d)). In two dimensions every matrix is applied to
// the columns and then to the rows of a tile.
//
// The matrices are those of Cook and Toom. The product of two polynomials of
// taps and m coefficients is found from its values at m+taps-2 points p and its highest
// coefficient, the value at infinity; correlation is that product transposed.
// With M(x) the product of all (x - p), the row of point p has
//
//	A: p^i    G: p^j / M'(p)    Bᵀ: the coefficients of M(x) / (x - p)
//
// and the row of infinity the highest power alone in A and G and the
// coefficients of M in Bᵀ. What one of the three gains in a row another may
// lose: at point 0 the divisor stands in Bᵀ, elsewhere A is divided by |p|,
// which leaves Aᵀ with few different numbers.
type winoMaps struct {
	m, taps    int
	input      linear // Bᵀ
	weight     linear // G
	output     linear // Aᵀ
	outputGrad linear // A, for the gradient of the weights, Gᵀ((Bᵀ d) * (A dy))
	weightGrad linear // Gᵀ
}

// The points 0, ±2/3, ±3/2 make half the error of the usual 0, ±1, ±2: powers of
// a number and of its inverse stay close together.
var (
	winoMaps2 = newWinoMaps(3, 0, 1, -1)
	winoMaps4 = newWinoMaps(3, 0, 2./3, -2./3, 3./2, -3./2)
)

// winoMapsHalf are those of F(4, 2), whose two taps are half of a window of four
// with a stride of two.
var winoMapsHalf = newWinoMaps(2, 1./2, -1./2, 5./4, -5./4)

// winoTaps is the size of the window that Winograd's algorithm is used for where
// the stride is one.
const winoTaps = 3

func newWinoMaps(taps int, points ...float64) *winoMaps {
	f := &winoMaps{m: len(points) - taps + 2, taps: taps}
	for i, p := range points {
		others := append(append([]float64(nil), points[:i]...), points[i+1:]...)
		divisor := 1.0
		for _, q := range others {
			divisor *= p - q
		}
		if p == 0 {
			f.add(polynomial(others, 1/divisor), powers(p, 1, taps), powers(p, 1, f.m))
		} else {
			size := max(p, -p)
			f.add(polynomial(others, 1), powers(p, size/divisor, taps), powers(p, 1/size, f.m))
		}
	}
	f.add(polynomial(points, 1), unit(taps), unit(f.m))
	f.output, f.weightGrad = f.outputGrad.transposed(), f.weight.transposed()
	return f
}

// add adds a point.
func (f *winoMaps) add(input, weight, outputGrad []float32) {
	if len(input) < f.m+f.taps-1 {
		input = append(input, 0)
	}
	f.input, f.weight, f.outputGrad = append(f.input, input), append(f.weight, weight), append(f.outputGrad, outputGrad)
}

// polynomial returns the coefficients of scale times the product of all
// (x - root), of x^0 first.
func polynomial(roots []float64, scale float64) []float32 {
	c := []float64{scale}
	for _, r := range roots {
		c = append(c, 0)
		for i := len(c) - 1; i >= 0; i-- {
			c[i] *= -r
			if i > 0 {
				c[i] += c[i-1]
			}
		}
	}
	return narrow(c)
}

// powers returns n values scale * p^i.
func powers(p, scale float64, n int) []float32 {
	c := make([]float64, n)
	for i := range c {
		c[i] = scale
		scale *= p
	}
	return narrow(c)
}

// unit returns n values, all zeros but the last, which is one.
func unit(n int) []float32 {
	c := make([]float32, n)
	c[n-1] = 1
	return c
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func (f linear) transposed() linear {
	t := make(linear, len(f[0]))
	for i := range t {
		for _, row := range f {
			t[i] = append(t[i], row[i])
		}
	}
	return t
}

// A lane is a value of each channel of a block.
type lane = [Block]float32

// apply computes y = f x for vectors whose elements are so far apart.
func (f linear) apply(y []lane, stepY int, x []lane, stepX int) {
	for i, row := range f {
		to := &y[i*stepY]
		*to = lane{}
		for j, c := range row {
			if c == 0 {
				continue
			}
			for l, v := range &x[j*stepX] {
				to[l] += c * v
			}
		}
	}
}

// both applies f to the columns and to the rows of a square x, row by row.
func (f linear) both(y, x *[maxPlanes]lane) {
	var half [maxPlanes]lane
	in, out := len(f[0]), len(f)
	for j := range in {
		f.apply(half[j:], in, x[j:], in)
	}
	for i := range out {
		f.apply(y[i*out:], 1, half[i*in:], 1)
	}
}
