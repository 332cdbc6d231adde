package weights

import "strings"

// Classes returns the number of classes of a classifier, which is the number of
// rows of its last linear layer; 0 if the model's state does not end in one.
func (a *Archive) Classes() int {
	if w := a.head(); w != nil {
		return w.Shape[0]
	}
	return 0
}

// head returns the weight of the model's last layer, (classes, features), or nil
// if that is not a linear one.
func (a *Archive) head() *Tensor {
	state := a.Section("")
	if len(state) == 0 {
		return nil
	}
	name := layer(state[len(state)-1].Name) + ".weight"
	w, ok := a.Get("", name)
	if !ok || len(w.Shape) != 2 {
		return nil
	}
	return w
}

// layer returns the name of the layer that a parameter belongs to: "fc" for
// "fc.weight".
func layer(parameter string) string {
	return parameter[:max(0, strings.LastIndexByte(parameter, '.'))]
}
