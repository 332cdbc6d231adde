// Package tfevents writes the event files that TensorBoard reads: scalars,
// histograms, pictures, texts and a graph, each at a step.
//
// An event file is a sequence of records, each a protocol buffer of TensorFlow's
// (tensorflow/core/util/event.proto) between its length and checksums.
package tfevents

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// prefix is how the names of event files begin; TensorBoard reads no others.
const prefix = "events.out.tfevents."

// Writer writes an event file. Its methods keep the first error, which Flush and
// Close return. It is to be used by one goroutine.
type Writer struct {
	file *os.File
	out  *bufio.Writer
	err  error
}

// Create begins a new event file in a folder, after the ones that are there in
// the order in which TensorBoard reads them.
func Create(dir string) (*Writer, error) {
	second, err := nextSecond(dir, time.Now().Unix())
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, fmt.Sprintf("%s%010d.zoo", prefix, second))
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, plain(path, err)
	}
	w := &Writer{file: f, out: bufio.NewWriter(f)}
	w.event(0, field(nil, 3, []byte("brain.Event:2"))) // the version comes first
	return w, w.Flush()
}

// nextSecond is now or, if an event file has that time or a later one in its
// name, the second after it: the names say the order of the files.
func nextSecond(dir string, now int64) (int64, error) {
	files, err := Files(dir)
	if err != nil {
		return 0, err
	}
	for _, path := range files {
		digits, _, _ := strings.Cut(filepath.Base(path)[len(prefix):], ".")
		if second, err := strconv.ParseInt(digits, 10, 64); err == nil {
			now = max(now, second+1)
		}
	}
	return now, nil
}

// Files returns the event files of a folder, in order.
func Files(dir string) (paths []string, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, plain(dir, err)
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			paths = append(paths, filepath.Join(dir, e.Name()))
		}
	}
	return paths, nil
}

// Purge says that what earlier files have from a step on does not count: a run
// goes on from there.
func (w *Writer) Purge(step int) {
	const start = 1 // SessionLog.START
	w.event(step, field(nil, 7, varint(nil, 1, start)))
}

// event writes what happened at a step.
func (w *Writer) event(step int, what []byte) {
	b := double(nil, 1, float64(time.Now().UnixNano())/1e9)
	w.record(append(varint(b, 2, step), what...))
}

// record writes bytes with their length and checksums.
func (w *Writer) record(data []byte) {
	if w.err == nil {
		_, w.err = w.out.Write(appendRecord(nil, data))
	}
}

// Flush brings what was written to the file.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if w.err != nil {
		return plain(w.file.Name(), w.err)
	}
	return nil
}

// Close ends the file.
func (w *Writer) Close() error {
	err := w.Flush()
	if e := w.file.Close(); err == nil && e != nil {
		err = plain(w.file.Name(), e)
	}
	return err
}

// plain says what the file system found without the name of the call.
func plain(path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return errors.Wrap(err, path)
}
