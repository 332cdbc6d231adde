package weights

import (
	"maps"
	"slices"
)

// The file is a stream of gob values:
//
//	string          magic
//	int             version
//	header
//	header.Tensors times:
//	    entry
//	    []byte      its values, chunkSize bytes at a time
//	uint32          CRC-32C of all bytes of the file before this value
//
// docs/formats.md repeats this for users. Fields may be added without a new
// version: a gob decoder passes over fields that it does not know. There are no
// maps among the types: gob writes them in random order, and makes one of any
// size that a file asks for.

const (
	magic     = "modelzoo weights"
	version   = 1
	chunkSize = 1 << 20

	// Larger messages than these are neither written nor read.
	headerLimit = 4 << 20
	entryLimit  = 64 << 10
	chunkLimit  = chunkSize + 64
	wordLimit   = 64 // magic, version, checksum

	tensorLimit = 1 << 20
	nameLimit   = entryLimit / 2
	rankLimit   = 64
)

// header is Meta without maps.
type header struct {
	Tensors int

	Model, Config   string
	Classes         []string
	Input           Input
	Epoch, Step     int
	Metrics         []metric // sorted by name
	Source, License string
	Recipe          string
	Notes           []note // sorted by name

	TokenUnit string
	Tokens    []string
}

type metric struct {
	Name  string
	Value float64
}

type note struct{ Name, Text string }

// entry announces a tensor.
type entry struct {
	Section, Name   string
	Shape           []int
	DType           string
	Buffer, NoDecay bool
	Bytes           int64  // the size of the values
	CRC             uint32 // CRC-32C of the values, little-endian
}

func newHeader(a *Archive) header {
	m := &a.Meta
	h := header{
		Tensors: len(a.Tensors),
		Model:   m.Model, Config: m.Config,
		Classes: m.Classes,
		Input:   m.Input,
		Epoch:   m.Epoch, Step: m.Step,
		Source: m.Source, License: m.License, Recipe: m.Recipe,
	}
	if v := m.Vocabulary; v != nil {
		h.TokenUnit, h.Tokens = v.Unit, v.Tokens
	}
	for _, k := range slices.Sorted(maps.Keys(m.Metrics)) {
		h.Metrics = append(h.Metrics, metric{k, m.Metrics[k]})
	}
	for _, k := range slices.Sorted(maps.Keys(m.Notes)) {
		h.Notes = append(h.Notes, note{k, m.Notes[k]})
	}
	return h
}

func (h *header) meta() Meta {
	m := Meta{
		Model: h.Model, Config: h.Config,
		Classes: h.Classes,
		Input:   h.Input,
		Epoch:   h.Epoch, Step: h.Step,
		Source: h.Source, License: h.License, Recipe: h.Recipe,
	}
	if len(h.Tokens) > 0 {
		m.Vocabulary = &Vocabulary{Unit: h.TokenUnit, Tokens: h.Tokens}
	}
	if len(h.Metrics) > 0 {
		m.Metrics = make(map[string]float64)
	}
	for _, e := range h.Metrics {
		m.Metrics[e.Name] = e.Value
	}
	if len(h.Notes) > 0 {
		m.Notes = make(map[string]string)
	}
	for _, e := range h.Notes {
		m.Notes[e.Name] = e.Text
	}
	return m
}
