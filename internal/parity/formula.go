package parity

import "strconv"

// Tensor is a tensor of the formula: element i is
//
//	float32(Offset + Scale * u(Name, i) + (Nudge[i]-'M')/128)
//
// where u is uniform on [-1, 1) and the last term is absent if Nudge is. It is
// what a fixture stores of an input.
type Tensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	// Scale and Offset are float32 values, so the product with u, which has 24
	// bits, is exact in float64 and the result does not depend on whether a
	// machine fuses the multiplication with the addition.
	Scale  float32 `json:"scale"`
	Offset float32 `json:"offset"`
	// Nudge shifts each element a little; a letter from A to Z for each.
	Nudge string `json:"nudge"`
	// Set overwrites single elements, by their index in row-major order.
	Set map[string]Number `json:"set"`
}

// Size is the number of elements; 1 for the scalar shape.
func (t Tensor) Size() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Data computes the elements in row-major order, in a new slice.
func (t Tensor) Data() []float32 {
	data := make([]float32, t.Size())
	t.Fill(data)
	return data
}

// Fill computes the elements into dst, which has Size elements.
func (t Tensor) Fill(dst []float32) {
	scale, offset := float64(t.Scale), float64(t.Offset)
	state := hash(t.Name)
	for i := range dst {
		state += gamma
		v := offset + scale*uniform(mix(state))
		if i < len(t.Nudge) {
			v += (float64(t.Nudge[i]) - 'M') / 128
		}
		dst[i] = float32(v)
	}
	for at, v := range t.Set {
		if i, err := strconv.Atoi(at); err == nil && i < len(dst) {
			dst[i] = float32(v)
		}
	}
}

// Positions are the count places of the tensor called name, which has n
// elements (fewer than 2^32), that a fixture samples. Places may repeat.
func Positions(name string, n, count int) []int {
	at := make([]int, count)
	state := hash(name + "#at")
	for i := range at {
		state += gamma
		at[i] = int((mix(state) >> 32) * uint64(n) >> 32)
	}
	return at
}

// gamma is the step of splitmix64 (Steele, Lea and Flood 2014).
const gamma = 0x9e3779b97f4a7c15

// mix is splitmix64's finaliser.
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// hash is FNV-1a of 64 bits.
func hash(name string) uint64 {
	h := uint64(0xcbf29ce484222325)
	for i := 0; i < len(name); i++ {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return h
}

// uniform takes the upper 24 bits of w to a multiple of 2^-23 in [-1, 1).
func uniform(w uint64) float64 {
	return float64(w>>40)/(1<<23) - 1
}
