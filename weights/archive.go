package weights

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// Archive is the content of a file: named tensors in an order, and what is known
// of the model.
type Archive struct {
	Meta    Meta
	Tensors []Tensor
}

// Tensor is a named array of numbers.
type Tensor struct {
	// Section says whose state the tensor belongs to. That of the model itself is
	// in the section "", the one that Into reads. Others are for whoever writes
	// them: a training loop keeps its solver's state in one.
	Section string
	// Name is unique within the section: "layer1.0.conv1.weight".
	Name string
	// Shape has the sizes, none for a scalar.
	Shape []int
	// Values are in row-major order: a []float32, []int64, []uint64 or []byte.
	Values any
	// Buffer and NoDecay are those of graph.Param.
	Buffer, NoDecay bool
}

// DType returns the type of the values, "" if it is none that can be kept.
func (t *Tensor) DType() DType { return dtypeOf(t.Values) }

// Len returns the number of values.
func (t *Tensor) Len() int {
	k, ok := kinds[t.DType()]
	if !ok {
		return 0
	}
	return k.length(t.Values)
}

// Bytes returns the size of the values in bytes.
func (t *Tensor) Bytes() int64 { return int64(t.Len()) * int64(kinds[t.DType()].size) }

// Section returns the tensors of a section, in order.
func (a *Archive) Section(section string) []*Tensor {
	var found []*Tensor
	for i := range a.Tensors {
		if t := &a.Tensors[i]; t.Section == section {
			found = append(found, t)
		}
	}
	return found
}

// Sections returns the names of the sections, in the order in which they appear.
func (a *Archive) Sections() []string {
	var names []string
	for i := range a.Tensors {
		if s := a.Tensors[i].Section; !slices.Contains(names, s) {
			names = append(names, s)
		}
	}
	return names
}

// Get returns the tensor of that section and name.
func (a *Archive) Get(section, name string) (*Tensor, bool) {
	for i := range a.Tensors {
		if t := &a.Tensors[i]; t.Section == section && t.Name == name {
			return t, true
		}
	}
	return nil, false
}

// label is how messages call the tensor.
func (t *Tensor) label() string {
	if t.Section == "" {
		return t.Name
	}
	return t.Section + ":" + t.Name
}

// check reports what cannot be kept in a file.
func (t *Tensor) check() error {
	if err := t.checkName(); err != nil {
		return err
	}
	if t.Values == nil {
		return errors.Errorf("%s: values are <nil>: they are not in memory", t.label())
	}
	k, ok := kinds[t.DType()]
	if !ok {
		return errors.Errorf("%s: values are %T, want []float32, []int64, []uint64 or []byte", t.label(), t.Values)
	}
	n, err := elements(t.Shape, k.size)
	if err != nil {
		return errors.Wrap(err, t.label())
	}
	if n != k.length(t.Values) {
		return errors.Errorf("%s: %d values for shape %v", t.label(), k.length(t.Values), shape(t.Shape))
	}
	return nil
}

// checkName reports names that could not be shown in a line of text.
func (t *Tensor) checkName() error {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	switch {
	case t.Name == "":
		return errors.New("a tensor has no name")
	case !utf8.ValidString(t.label()) || strings.ContainsFunc(t.label(), unprintable):
		return errors.Errorf("the name %.50q has characters that cannot be printed", t.label())
	}
	return nil
}

// names finds tensors of the same name.
type names map[[2]string]bool

func (n names) add(t *Tensor) error {
	key := [2]string{t.Section, t.Name}
	if n[key] {
		return errors.Errorf("%s appears twice", t.label())
	}
	n[key] = true
	return nil
}
