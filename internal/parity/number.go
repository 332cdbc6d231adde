package parity

import (
	"math"
	"strconv"

	"github.com/pkg/errors"
)

// Number is a number of a fixture. JSON has no NaN and no infinities; the
// fixtures write them as the strings "NaN", "Inf" and "-Inf".
type Number float64

// UnmarshalJSON reads a number or one of the three strings.
func (v *Number) UnmarshalJSON(text []byte) error {
	switch s := string(text); s {
	case `"NaN"`:
		*v = Number(math.NaN())
	case `"Inf"`:
		*v = Number(math.Inf(1))
	case `"-Inf"`:
		*v = Number(math.Inf(-1))
	default:
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return errors.Errorf("want a number, NaN, Inf or -Inf, found %s", s)
		}
		*v = Number(f)
	}
	return nil
}
