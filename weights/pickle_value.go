package weights

// The values of a pickle are nil, bool, int64, float64, string and the types
// below. Python's sets and deques are lists here.
type (
	// pyBytes are bytes.
	pyBytes string
	// pyLong is an integer of more than 64 bits, little-endian.
	pyLong string
	// pyTuple is a tuple, and pyList what can grow.
	pyTuple struct{ items []any }
	pyList  struct{ items []any }
	// pyOpaque is what nobody looks into: a device, a layout of memory.
	pyOpaque struct{}
)

// pyDict is a dict in the order of insertion.
type pyDict struct {
	items []pyItem
	index map[any]int // of a key in items, if there are many
}

type pyItem struct{ key, value any }

// indexed is the size from which on a dict has an index.
const indexed = 8

// set changes the value of a key, or adds it. Keys that are no numbers or text
// are always added: nobody asks for them.
func (d *pyDict) set(key, value any) {
	if i, ok := d.find(key); ok {
		d.items[i].value = value
		return
	}
	d.items = append(d.items, pyItem{key, value})
	switch {
	case d.index != nil:
		d.enter(len(d.items) - 1)
	case len(d.items) >= indexed:
		d.index = make(map[any]int)
		for i := range d.items {
			d.enter(i)
		}
	}
}

func (d *pyDict) enter(i int) {
	if hashable(d.items[i].key) {
		d.index[d.items[i].key] = i
	}
}

func (d *pyDict) find(key any) (int, bool) {
	if !hashable(key) {
		return 0, false
	}
	if d.index != nil {
		i, ok := d.index[key]
		return i, ok
	}
	for i := range d.items {
		if k := d.items[i].key; hashable(k) && k == key {
			return i, true
		}
	}
	return 0, false
}

// get returns the value of a key, nil if there is none.
func (d *pyDict) get(key any) any {
	if i, ok := d.find(key); ok {
		return d.items[i].value
	}
	return nil
}

// hashable reports whether a value is text or a number. A float is not, since
// NaN is not equal to itself.
func hashable(key any) bool {
	switch key.(type) {
	case nil, bool, int64, string, pyBytes, pyLong:
		return true
	}
	return false
}

// textOf returns text, which Python 2 wrote as bytes.
func textOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case pyBytes:
		return string(v), true
	}
	return "", false
}

// argumentsOf returns the items of a tuple or a list.
func argumentsOf(v any) ([]any, bool) {
	switch v := v.(type) {
	case *pyTuple:
		return v.items, true
	case *pyList:
		return v.items, true
	}
	return nil, false
}
