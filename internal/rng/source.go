// Package rng is the project's one generator of random numbers: the
// counter-based Philox 4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel
// random numbers: as easy as 1, 2, 3" (SC 2011).
//
// A [Source] is keyed by what it is drawn for: the seed, a purpose and any
// number of indices, such as the epoch and the index of an image. Equal keys
// give equal bits and different keys unrelated ones, so a draw depends neither
// on the draws before it nor on the goroutine that makes it: shuffles,
// augmentations, initial weights and dropout masks come out the same at any
// number of workers, and a resumed run continues as if it had not stopped.
//
//	r := rand.New(rng.New(seed, "augment", epoch, index))
//	flip := r.Uint32()&1 == 1
package rng

import (
	"crypto/sha256"
	"encoding/binary"
)

// Source is a stream of 2^66 random 32-bit words that can be read in order
// (Uint64, which makes it a math/rand/v2.Source) or anywhere (Block). Reading
// in order is not safe for concurrent use; Block is.
type Source struct {
	key    [2]uint32
	stream [2]uint32 // upper half of the counter: part of the stream's name

	next uint64 // block to be drawn next, the lower half of the counter
	half uint64 // second half of the block drawn last
	full bool   // half has not been returned yet
}

// New returns the source named by seed, purpose and indices, at its beginning.
//
// The name is hashed to 128 bits (64 of Philox's key, 64 of its counter), so
// two different names do not meet in practice; neither ("a", 1) and ("a", 1, 0)
// nor ("a1") and ("a", 1) are the same name.
func New(seed uint64, purpose string, indices ...uint64) *Source {
	// Small enough to be inlined, so that a caller who keeps the source to
	// itself has it on its stack.
	s := new(Source)
	s.name(seed, purpose, indices)
	return s
}

func (s *Source) name(seed uint64, purpose string, indices []uint64) {
	name := make([]byte, 0, 128)
	name = binary.LittleEndian.AppendUint64(name, seed)
	name = binary.LittleEndian.AppendUint64(name, uint64(len(purpose)))
	name = append(name, purpose...)
	for _, i := range indices {
		name = binary.LittleEndian.AppendUint64(name, i)
	}
	sum := sha256.Sum256(name)
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(sum[4*i:]) }
	s.key = [2]uint32{word(0), word(1)}
	s.stream = [2]uint32{word(2), word(3)}
}

// Block returns the i-th four words of the stream, wherever Uint64 has got to.
func (s *Source) Block(i uint64) [4]uint32 {
	return Philox4x32([4]uint32{uint32(i), uint32(i >> 32), s.stream[0], s.stream[1]}, s.key)
}

// State returns the key and the name of the stream within it: Block(i) is
//
//	Philox4x32([4]uint32{uint32(i), uint32(i >> 32), state[2], state[3]}, [2]uint32{state[0], state[1]})
func (s *Source) State() [4]uint32 {
	return [4]uint32{s.key[0], s.key[1], s.stream[0], s.stream[1]}
}

// Uint64 returns the next 64 bits of the stream: the words of block 0, the
// first of a pair in the lower half, then those of block 1, and so on.
func (s *Source) Uint64() uint64 {
	if s.full {
		s.full = false
		return s.half
	}
	b := s.Block(s.next)
	s.next++
	s.half, s.full = uint64(b[3])<<32|uint64(b[2]), true
	return uint64(b[1])<<32 | uint64(b[0])
}
