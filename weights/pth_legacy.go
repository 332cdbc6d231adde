package weights

import (
	"encoding/binary"

	"github.com/pkg/errors"
)

// torchMagic is the number that a checkpoint of the time before 1.6 begins with.
const torchMagic = pyLong("\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19")

// torchProtocol is the version of that format.
const torchProtocol = int64(1001)

// openLegacy reads the pickles of an older checkpoint: the magic number, the
// version, a dict about the machine that wrote it, what there is, and the keys of
// the storages, whose numbers follow, each after how many there are.
func (c *checkpoint) openLegacy() (any, error) {
	u := &unpickler{in: newPickleSource(c.file, 0, c.size), find: findGlobal, persistent: c.persistent}
	magic, err := u.load()
	if err != nil || magic != torchMagic {
		return nil, errors.New("it looks like a Python pickle that is no PyTorch checkpoint")
	}
	if err := c.legacyHeader(u); err != nil {
		return nil, err
	}
	in := newPickleSource(c.file, u.in.at(), c.size)
	root, err := c.unpickle(in)
	if err != nil {
		return nil, err
	}
	u.in, u.spent = newPickleSource(c.file, in.at(), c.size), 0
	keys, err := u.load()
	if err != nil {
		return nil, err
	}
	c.locate = func(s *storage) error {
		return errors.Errorf("damaged: storage %s is missing", printable(s.key))
	}
	return root, c.legacyStorages(keys, u.in.at())
}

// legacyHeader reads what comes before the pickle that says what there is.
func (c *checkpoint) legacyHeader(u *unpickler) error {
	version, err := u.load()
	if err != nil {
		return err
	}
	if version != torchProtocol {
		return errors.Errorf("a PyTorch checkpoint of another version than %d of its format", torchProtocol)
	}
	machine, err := u.load()
	if err != nil {
		return err
	}
	d, ok := machine.(*pyDict)
	if !ok {
		return errors.New("damaged: what should tell of the machine that wrote the file is no dict")
	}
	if d.get("little_endian") == false || d.get(pyBytes("little_endian")) == false {
		return errors.New("its numbers are of byte order \"big\", this program reads little")
	}
	return nil
}

// legacyStorages finds the storages, which lie one after the other.
func (c *checkpoint) legacyStorages(keys any, at int64) error {
	list, ok := argumentsOf(keys)
	if !ok {
		return errors.New("damaged: the keys of the storages are no list")
	}
	for _, k := range list {
		key := keyOf(k)
		s := c.storages[key]
		if s == nil || s.verify != nil {
			return errors.Errorf("damaged: there is a storage %s of which the pickle knows nothing", printable(key))
		}
		var head [8]byte
		if at > c.size-int64(len(head)) {
			return errors.Errorf("truncated: the file ends before storage %s", printable(key))
		}
		if _, err := c.file.ReadAt(head[:], at); err != nil {
			return err
		}
		at += int64(len(head))
		count := binary.LittleEndian.Uint64(head[:])
		if want := uint64(s.size / s.unit); count != want {
			return errors.Errorf("damaged: storage %s has %d numbers, the pickle announces %d", printable(key), count, want)
		}
		if s.size > c.size-at {
			return errors.Errorf("truncated: storage %s takes %d bytes and the file has %d more", printable(key), s.size, c.size-at)
		}
		s.place(record{file: c.file, name: "storage " + key, at: at, packed: s.size})
		at += s.size
	}
	return nil
}
