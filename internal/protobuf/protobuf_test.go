package protobuf

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// wire is a message with a field of each kind, the last of them a message with a list
// of numbers in two pieces, a packed one and one that is not.
func wire() []byte {
	b := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 300)
	b = protowire.AppendFixed32(protowire.AppendTag(b, 2, protowire.Fixed32Type), 7)
	b = protowire.AppendFixed64(protowire.AppendTag(b, 3, protowire.Fixed64Type), 1<<40)
	b = protowire.AppendString(protowire.AppendTag(b, 4, protowire.BytesType), "wörd")
	inner := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), []byte{1, 0xac, 2})
	inner = protowire.AppendVarint(protowire.AppendTag(inner, 1, protowire.VarintType), 5)
	inner = protowire.AppendFixed32(protowire.AppendTag(inner, 2, protowire.Fixed32Type), 0x01020304)
	inner = protowire.AppendBytes(protowire.AppendTag(inner, 2, protowire.BytesType), []byte{9, 8, 7, 6})
	return protowire.AppendBytes(protowire.AppendTag(b, 5, protowire.BytesType), inner)
}

func TestFields(t *testing.T) {
	var (
		values  []uint64
		text    string
		varints []uint64
		fixed   []byte
	)
	err := Of(wire()).Fields(func(f *Field) (err error) {
		switch f.Number {
		case 4:
			text, err = f.Text()
		case 5:
			return f.Message().Fields(func(f *Field) error {
				if f.Number == 2 {
					return f.Fixed(4, &fixed)
				}
				return f.Varints(func(v uint64) error { varints = append(varints, v); return nil })
			})
		default:
			values = append(values, f.Value)
		}
		return err
	})
	if err != nil || !slices.Equal(values, []uint64{300, 7, 1 << 40}) || text != "wörd" ||
		!slices.Equal(varints, []uint64{1, 300, 5}) || !bytes.Equal(fixed, []byte{4, 3, 2, 1, 9, 8, 7, 6}) {
		t.Errorf("%v: %v, %q, %v, %v", err, values, text, varints, fixed)
	}
}

// A field is where it says it is, also in a file of which a message is a part and that
// is larger than what is read at once.
func TestPlaces(t *testing.T) {
	long := bytes.Repeat([]byte("long"), 5000)
	b := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), long)
	b = protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), "end")
	seen := 0
	err := NewMessage(bytes.NewReader(append(b, 0xff)), int64(len(b))).Fields(func(f *Field) error {
		seen++
		want := map[protowire.Number][]byte{1: long, 2: []byte("end")}[f.Number]
		got, err := f.Bytes()
		if !bytes.Equal(got, want) || !bytes.Equal(b[f.At:f.At+f.Size], want) {
			t.Errorf("field %d: %d bytes at %d", f.Number, f.Size, f.At)
		}
		return err
	})
	if err != nil || seen != 2 {
		t.Errorf("%d fields, %v", seen, err)
	}
}

func TestDamaged(t *testing.T) {
	whole, messages := wire(), 0
	for n := range whole {
		err := Of(whole[:n]).Fields(func(*Field) error { return nil })
		if err == nil {
			messages++
		} else if !strings.Contains(err.Error(), "no protocol buffer") {
			t.Errorf("%d of %d bytes: %v", n, len(whole), err)
		}
	}
	if messages != 5 { // those of the first 0 to 4 of its fields
		t.Errorf("%d beginnings of a message are messages, want 5", messages)
	}
	text := func(f *Field) error { _, err := f.Text(); return err }
	list := func(f *Field) error { return f.Varints(func(uint64) error { return nil }) }
	tagged := func(kind protowire.Type, rest ...byte) []byte {
		return append(protowire.AppendTag(nil, 1, kind), rest...)
	}
	for _, c := range []struct {
		b    []byte
		do   func(*Field) error
		want string
	}{
		{[]byte{0}, text, "no protocol buffer"},
		{tagged(protowire.VarintType, 0x80), text, "no protocol buffer"},
		{tagged(protowire.BytesType, 9, 1), text, "no protocol buffer"},
		{tagged(protowire.BytesType, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1), text, "no protocol buffer"},
		{tagged(protowire.StartGroupType), text, "no protocol buffer"},
		{tagged(protowire.BytesType, 1, 0xff), text, "no UTF-8"},
		{tagged(protowire.BytesType, 1, 0x80), list, "no protocol buffer"},
		{protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), make([]byte, textLimit+1)), text, "a text of 4194305 bytes"},
	} {
		if err := Of(c.b).Fields(c.do); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.20x: %v, want %q", c.b, err, c.want)
		}
	}
}
