package train

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
)

// LockFile is locked by the run that writes to its folder, and says which process
// that is. The operating system ends the lock with the process, however that ends;
// the file stays.
const LockFile = "run.lock"

// hold is a run folder that is kept from other runs.
type hold struct {
	lock *flock.Flock
	// doubt is why the folder could not be locked, on a file system that knows no
	// locks: then nothing keeps other runs out.
	doubt error
}

// hold locks the folder, and removes what a process that was killed has left half
// written in it.
func (f folder) hold() (*hold, error) {
	path := f.path(LockFile)
	h := &hold{lock: flock.New(path, flock.SetFlag(os.O_CREATE|os.O_RDWR))}
	locked, err := h.lock.TryLock()
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return nil, errors.Wrap(plain(path, err), "cannot write")
	}
	if err != nil {
		h.doubt = err
		return h, nil
	}
	if !locked {
		return nil, errors.Errorf("%s is in use: %s trains in it", f, f.holder())
	}
	if err := f.sign(); err != nil {
		h.release()
		return nil, err
	}
	return h, nil
}

// The first byte of the file is what is locked, which on Windows nobody else can
// read. The holder stands behind it, in a line.
const holderAt = 1

// sign says in the lock file who has it, and tidies up.
func (f folder) sign() error {
	file, err := os.OpenFile(f.path(LockFile), os.O_WRONLY, 0)
	if err != nil {
		return errors.Wrap(plain(f.path(LockFile), err), "cannot write")
	}
	defer file.Close()
	who := fmt.Sprintf("process %d", os.Getpid())
	if host, err := os.Hostname(); err == nil {
		who += " on " + host
	}
	if _, err := file.WriteAt([]byte(who+", since "+time.Now().Format(time.DateTime)+",\n"), holderAt); err != nil {
		return errors.Wrap(plain(f.path(LockFile), err), "cannot write")
	}
	for _, dir := range []string{string(f), f.path(SamplesDir)} {
		if err := atomicfile.Sweep(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errors.Wrap(err, "cannot write")
		}
	}
	return nil
}

// holder reads what sign wrote.
func (f folder) holder() string {
	file, err := os.Open(f.path(LockFile))
	if err != nil {
		return "another process"
	}
	defer file.Close()
	line, err := bufio.NewReader(io.NewSectionReader(file, holderAt, math.MaxInt64-holderAt)).ReadString('\n')
	if err != nil || len(line) > 200 {
		return "another process"
	}
	return strings.TrimSpace(line)
}

// release lets other runs in. Of nobody's hold, and a second time, it does nothing.
func (h *hold) release() error {
	if h == nil {
		return nil
	}
	return h.lock.Close()
}
