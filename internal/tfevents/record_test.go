package tfevents

import (
	"bytes"
	"testing"
)

// The checksum of "123456789" is the check value of CRC-32C, 0xe3069283, turned
// right by 15 bits, 0x2507c60d, and moved by 0xa282ead8.
func TestMasked(t *testing.T) {
	if got, want := masked([]byte("123456789")), uint32(0xc78ab0e5); got != want {
		t.Errorf("got %#x, want %#x", got, want)
	}
}

func TestAppendRecord(t *testing.T) {
	got := appendRecord(nil, []byte("abc"))
	if len(got) != 19 || !bytes.Equal(got[:8], []byte{3, 0, 0, 0, 0, 0, 0, 0}) || string(got[12:15]) != "abc" {
		t.Errorf("got % x", got)
	}
}
