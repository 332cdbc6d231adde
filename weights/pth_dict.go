package weights

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pkg/errors"
)

// wrappers are the keys under which training scripts keep the state dict of a
// model among other things.
var wrappers = []string{
	"state_dict", "model_state_dict", "model", "net", "network", "module", "weights", "params",
	"ema", "model_ema", "state_dict_ema", "ema_state_dict", "params_ema",
}

// candidate is a dict with tensors in it.
type candidate struct {
	path    string // "model.state_dict", "" for the whole
	dict    *pyDict
	known   bool // there are only wrappers on the path
	tensors int
	values  float64 // of all tensors, perhaps too many for an int
}

func (c *candidate) String() string {
	if c.path == "" {
		return fmt.Sprintf("its top level (%d tensors)", c.tensors)
	}
	return fmt.Sprintf("%q (%d tensors)", printable(c.path), c.tensors)
}

// larger reports whether c has more tensors than d, or more values in as many.
func (c *candidate) larger(d *candidate) bool {
	if c.tensors != d.tensors {
		return c.tensors > d.tensors
	}
	return c.values > d.values
}

// stateDict finds the dict of the model's tensors: the whole, or what is in it
// under one of the names above, perhaps twice so. Of several it is the largest.
// What is under other names is taken if there is nothing else, and one only.
func stateDict(root any) (*pyDict, error) {
	d, ok := root.(*pyDict)
	if !ok {
		return nil, errors.New("it holds no dict of tensors: save the state_dict() of a model")
	}
	s := &search{seen: make(map[*pyDict]bool)}
	s.walk(candidate{dict: d, known: true}, 2)
	if len(s.known) == 0 {
		s.known, s.other = s.other, nil
		if len(s.known) > 1 {
			return nil, ambiguous(s.known)
		}
	}
	if len(s.known) == 0 {
		return nil, errors.New("there are no tensors in it")
	}
	best := &s.known[0]
	for i := range s.known {
		if s.known[i].larger(best) {
			best = &s.known[i]
		}
	}
	same := slices.DeleteFunc(s.known, func(c candidate) bool { return best.larger(&c) })
	if same[0].path == "" { // of which some may be no weights
		for _, c := range s.other {
			if c.larger(&same[0]) {
				same = append(same, c)
			}
		}
	}
	if len(same) > 1 {
		return nil, ambiguous(same)
	}
	return same[0].dict, nil
}

// ambiguous names the dicts of which any could be meant.
func ambiguous(list []candidate) error {
	const most = 8
	var text []string
	for i := range list[:min(len(list), most)] {
		text = append(text, list[i].String())
	}
	if len(list) > most {
		text = append(text, fmt.Sprintf("%d more", len(list)-most))
	}
	return errors.Errorf("it has several state dicts, save the one that is wanted by itself: %s", strings.Join(text, ", "))
}

type search struct {
	seen         map[*pyDict]bool
	known, other []candidate
}

// walk looks for dicts with tensors, so many levels deep.
func (s *search) walk(c candidate, depth int) {
	if s.seen[c.dict] {
		return
	}
	s.seen[c.dict] = true
	for _, item := range c.dict.items {
		key, ok := textOf(item.key)
		if !ok {
			continue
		}
		switch v := item.value.(type) {
		case *view:
			c.tensors++
			c.values += v.count()
		case *pyDict:
			if depth > 0 {
				s.walk(candidate{path: join(c.path, key), dict: v, known: c.known && slices.Contains(wrappers, key)}, depth-1)
			}
		}
	}
	switch {
	case c.tensors == 0:
	case c.known:
		s.known = append(s.known, c)
	default:
		s.other = append(s.other, c)
	}
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// count returns the number of values, without limit.
func (v *view) count() float64 {
	n := 1.0
	for _, d := range v.dims {
		n *= float64(d)
	}
	return n
}
