package dataset

import "io"

// recorder keeps what is read through it, until it is stopped.
type recorder struct {
	in    io.Reader
	bytes []uint8
	on    bool
}

// maxHeader bounds what comes before the size of an image: a JPEG file may hold a
// preview, a colour profile and comments there.
const maxHeader = 1 << 24

func (r *recorder) begin(in io.Reader) { r.in, r.bytes, r.on = in, r.bytes[:0], true }

func (r *recorder) stop() { r.on = false }

// Read is io.Reader's. While it records, maxHeader bytes are all that there is.
func (r *recorder) Read(p []uint8) (int, error) {
	if !r.on {
		return r.in.Read(p)
	}
	if p = p[:min(len(p), maxHeader-len(r.bytes))]; len(p) == 0 {
		return 0, io.EOF
	}
	n, err := r.in.Read(p)
	r.bytes = append(r.bytes, p[:n]...)
	return n, err
}
