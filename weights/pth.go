package weights

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// checkpoint is a file that torch.save wrote: a pickle, which says what there is,
// and storages of numbers, of which its tensors are made.
type checkpoint struct {
	file     io.ReaderAt
	size     int64
	storages map[string]*storage // by key
	locate   func(*storage) error
}

// torchPickle reports whether a file begins as what torch.save wrote before 1.6,
// or as another pickle.
func torchPickle(head []byte) bool {
	return len(head) > 2 && head[0] == 0x80 && head[1] >= 2 && head[1] <= 5
}

// readPickled reads a checkpoint of the time before PyTorch 1.6.
func readPickled(file io.ReaderAt, size int64) (*contents, error) {
	c := newCheckpoint(file, size)
	root, err := c.openLegacy()
	if err != nil {
		return nil, err
	}
	return c.contents(root)
}

// readTorchZip reads a checkpoint since PyTorch 1.6.
func readTorchZip(file io.ReaderAt, size int64) (*contents, error) {
	c := newCheckpoint(file, size)
	root, err := c.openZip()
	if err != nil {
		return nil, err
	}
	return c.contents(root)
}

func newCheckpoint(file io.ReaderAt, size int64) *checkpoint {
	return &checkpoint{file: file, size: size, storages: make(map[string]*storage)}
}

// unpickle reads the pickle that says what there is.
func (c *checkpoint) unpickle(in *pickleSource) (any, error) {
	begin := in.at()
	u := &unpickler{in: in, find: findGlobal, persistent: c.persistent}
	root, err := u.load()
	if err != nil && holdsModule(in.file, begin, in.end) {
		return nil, errors.Errorf("%v; it may hold a whole torch.nn.Module: save its state_dict() instead", err)
	}
	return root, err
}

// holdsModule reports whether a pickle that cannot be read has layers of PyTorch.
func holdsModule(file io.ReaderAt, begin, end int64) bool {
	data := make([]byte, min(end-begin, pickleLimit))
	n, _ := file.ReadAt(data, begin)
	return bytes.Contains(data[:n], []byte("torch.nn.modules."))
}

// persistent returns the storage that a persistent id names: the word "storage",
// the type, the key, the device, the number of numbers and, in old files, the part
// of it that is meant. Where it was, say on a GPU, does not matter.
func (c *checkpoint) persistent(id any) (any, error) {
	items, _ := argumentsOf(id)
	if len(items) < 5 {
		return nil, errors.New("damaged: the pickle has a persistent id that is no storage")
	}
	word, _ := textOf(items[0])
	g, ok := items[1].(*pyGlobal)
	count, also := items[4].(int64)
	key := keyOf(items[2])
	if word != "storage" || !ok || g.element == nil || !also || key == "" {
		return nil, errors.New("damaged: the pickle has a persistent id that is no storage")
	}
	unit := int64(g.element.size)
	if count < 0 || count > (c.size*maxRatio+maxExtra)/unit {
		return nil, errors.Errorf("damaged: storage %s is announced with %d numbers, more than the file has", printable(key), count)
	}
	s, size := c.storages[key], count*unit
	switch {
	case s == nil:
		s = &storage{key: key, size: size, unit: unit}
		c.storages[key] = s
	case s.size != size:
		return nil, errors.Errorf("damaged: storage %s is announced with %d and with %d bytes", printable(key), s.size, size)
	}
	p := &part{storage: s, element: g.element, to: s.size}
	if len(items) > 5 && items[5] != nil {
		return p, p.narrow(items[5])
	}
	return p, nil
}

// narrow makes the part smaller, to a key of its own, an offset and a count.
func (p *part) narrow(v any) error {
	items, _ := argumentsOf(v)
	if len(items) == 3 {
		offset, ok := items[1].(int64)
		count, also := items[2].(int64)
		size := int64(p.element.size)
		room := p.to / size
		if ok && also && offset >= 0 && offset <= room && count >= 0 && count <= room-offset {
			p.from, p.to = offset*size, (offset+count)*size
			return nil
		}
	}
	return errors.Errorf("damaged: the pickle has a part that storage %s has not", printable(p.storage.key))
}

// keyOf returns the key of a storage, a word or a number.
func keyOf(v any) string {
	if n, ok := v.(int64); ok {
		return strconv.FormatInt(n, 10)
	}
	s, _ := textOf(v)
	return s
}

const (
	// maxRatio is how many times the size of a file its tensors may take at most:
	// of bytes that become int64 it is 8.
	maxRatio = 8
	// maxExtra is what they may take in any case.
	maxExtra = 64 << 20
)

// contents returns the tensors of the state dict, and what the checkpoint says
// beside it.
func (c *checkpoint) contents(root any) (*contents, error) {
	dict, err := stateDict(root)
	if err != nil {
		return nil, err
	}
	out := &contents{meta: Meta{Notes: notes(root)}}
	seen := make(names)
	var used []*storage
	budget := c.size*maxRatio + maxExtra
	for _, item := range dict.items {
		v, ok := item.value.(*view)
		name, named := textOf(item.key)
		if !ok || !named || counted(name) {
			continue
		}
		if v.storage.verify == nil {
			if err := c.locate(v.storage); err != nil {
				return nil, err
			}
			used = append(used, v.storage)
		}
		l, cost, err := v.located(name)
		if err != nil {
			return nil, errors.Wrapf(err, "%.200q", name)
		}
		if cost > budget {
			return nil, errors.Errorf("the tensors up to %.200q take more than %d times the %d bytes of the file and %d MiB: they repeat the same numbers too often, or are compressed too much",
				name, maxRatio, c.size, maxExtra>>20)
		}
		budget -= cost
		if err := out.add(l, seen); err != nil {
			return nil, errors.Wrap(err, "damaged")
		}
	}
	return out, apart(used)
}

// apart reports storages that lie over each other in the file.
func apart(list []*storage) error {
	slices.SortFunc(list, func(a, b *storage) int { return cmp.Compare(a.at, b.at) })
	for i := 1; i < len(list); i++ {
		if before := list[i-1]; before.at+before.packed > list[i].at && list[i].packed > 0 {
			return errors.Errorf("damaged: %s and %s overlap", printable(before.name), printable(list[i].name))
		}
	}
	return nil
}

// notes are the numbers and texts that a checkpoint has beside its tensors: the
// epoch, the accuracy, the name of the architecture.
func notes(root any) map[string]string {
	const most, longest = 64, 200
	d, ok := root.(*pyDict)
	if !ok {
		return nil
	}
	found := make(map[string]string)
	for _, item := range d.items {
		key, ok := textOf(item.key)
		if !ok || len(key) > longest || key == "" || key != printable(key) || len(found) == most {
			continue
		}
		switch v := item.value.(type) {
		case bool, int64, float64:
			found[key] = fmt.Sprint(v)
		case string:
			if len(v) <= longest && v == printable(v) {
				found[key] = strings.TrimSpace(v)
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}
