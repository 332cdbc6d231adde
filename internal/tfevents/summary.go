package tfevents

import (
	"bytes"
	"image"
	"image/png"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// value writes a value of a tag at a step.
func (w *Writer) value(step int, tag string, what []byte) {
	value := append(field(nil, 1, []byte(tag)), what...)
	w.event(step, field(nil, 5, field(nil, 1, value)))
}

// Scalar writes a number.
func (w *Writer) Scalar(step int, tag string, v float64) {
	b := protowire.AppendTag(nil, 2, protowire.Fixed32Type)
	w.value(step, tag, protowire.AppendFixed32(b, math.Float32bits(float32(v))))
}

// Histogram writes how values are distributed; those that are not finite are left
// out.
func (w *Writer) Histogram(step int, tag string, values []float32) {
	w.value(step, tag, field(nil, 5, newHistogram(values).encode()))
}

// Image writes a picture.
func (w *Writer) Image(step int, tag string, m image.Image) {
	var data bytes.Buffer
	if err := png.Encode(&data, m); err != nil {
		if w.err == nil {
			w.err = err
		}
		return
	}
	const rgb = 3
	b := varint(nil, 1, m.Bounds().Dy())
	b = varint(b, 2, m.Bounds().Dx())
	b = varint(b, 3, rgb)
	w.value(step, tag, field(nil, 4, field(b, 4, data.Bytes())))
}

// Text writes a text, in which TensorBoard reads Markdown.
func (w *Writer) Text(step int, tag, text string) {
	const typeString = 7
	plugin := field(nil, 1, field(nil, 1, []byte("text")))
	tensor := varint(nil, 1, typeString)
	tensor = field(tensor, 2, nil) // a scalar
	tensor = field(tensor, 8, []byte(text))
	w.value(step, tag, field(field(nil, 8, tensor), 9, plugin))
}
