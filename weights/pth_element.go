package weights

// element is a type of PyTorch's numbers.
type element struct {
	dtype   string // torch.float16 is "float16"
	storage string // the class of what holds them, "HalfStorage"; "" if there is none
	size    int    // of a number in bytes
	form    *form  // nil if they are not read
}

// torchElements are PyTorch's types.
var torchElements = []element{
	{"float32", "FloatStorage", 4, float32s},
	{"float64", "DoubleStorage", 8, float64s},
	{"float16", "HalfStorage", 2, float16},
	{"bfloat16", "BFloat16Storage", 2, bfloat16},
	{"int64", "LongStorage", 8, int64s},
	{"int32", "IntStorage", 4, int32s},
	{"int16", "ShortStorage", 2, int16s},
	{"int8", "CharStorage", 1, int8s},
	{"uint8", "ByteStorage", 1, uint8s},
	{"bool", "BoolStorage", 1, bools},
	{"uint16", "", 2, uint16s},
	{"uint32", "", 4, uint32s},
	{"uint64", "", 8, uint64s},
	{"complex64", "ComplexFloatStorage", 8, nil},
	{"complex128", "ComplexDoubleStorage", 16, nil},
	{"uint8", "UntypedStorage", 1, uint8s}, // bytes of whatever type
	{"uint8", "_UntypedStorage", 1, uint8s},
}

// addElements adds the names of types and of storages, which those of a GPU have
// in a module of their own.
func addElements(all map[string]*pyGlobal) {
	for i := range torchElements {
		e := &torchElements[i]
		names := []string{"torch." + e.dtype}
		if e.storage != "" {
			names = append(names, "torch."+e.storage, "torch.cuda."+e.storage, "torch.storage."+e.storage)
		}
		for _, n := range names {
			if all[n] == nil {
				all[n] = &pyGlobal{name: n, element: e}
			}
		}
	}
}
