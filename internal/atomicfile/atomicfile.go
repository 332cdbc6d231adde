// Package atomicfile replaces files whole: whoever opens the file, now or after
// a crash, finds the old content or the new one and never a part of it.
package atomicfile

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"

	"github.com/pkg/errors"
)

// WriteFile makes the file, or replaces it, with what write writes. The bytes go
// to a file of another name in the same folder, which takes the place of the
// old one when all of them are on the disk. After an error, or a panic of write,
// the old file is as it was and nothing else is left in the folder.
//
// A file that is replaced keeps its permissions; a symbolic link stays, and the
// file it points to is replaced.
func WriteFile(path string, write func(io.Writer) error) error {
	return WriteFileKeeping(path, "", write)
}

// WriteFileKeeping is WriteFile, and the old file, if there is one, becomes the
// file old in place of what that was before. A crash may leave the old file under
// its new name and none of the other, but always one of them. That the old file
// cannot be kept, on another disk, is no error.
func WriteFileKeeping(path, old string, write func(io.Writer) error) error {
	target, mode, err := destination(path)
	if err != nil {
		return errors.Wrapf(err, "cannot write %s", path)
	}
	return errors.Wrapf(plain(replace(target, old, mode, write)), "cannot write %s", path)
}

// destination returns the file behind links and the permissions that it has, 0
// if there is none.
func destination(path string) (string, fs.FileMode, error) {
	target, err := filepath.EvalSymlinks(path)
	if errors.Is(err, fs.ErrNotExist) {
		return path, 0, folder(filepath.Dir(path))
	}
	if err != nil {
		return "", 0, plain(err)
	}
	info, err := os.Stat(target)
	switch {
	case err != nil:
		return "", 0, plain(err)
	case info.IsDir():
		return "", 0, errors.New("it is a folder")
	case !info.Mode().IsRegular():
		return "", 0, errors.New("it is not a regular file")
	}
	return target, info.Mode().Perm(), nil
}

// folder says what is wrong with the folder of a new file.
func folder(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.Errorf("there is no folder %s", dir)
	case err != nil:
		return plain(err)
	case !info.IsDir():
		return errors.Errorf("%s is not a folder", dir)
	}
	return nil
}

func replace(target, old string, mode fs.FileMode, write func(io.Writer) error) (err error) {
	f, err := create(filepath.Dir(target))
	if err != nil {
		return err
	}
	kept := false
	defer func() { // also when write panics
		if !kept {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if mode != 0 {
		if err := f.Chmod(mode); err != nil {
			return err
		}
	}
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := exchange(f.Name(), target, old); err != nil {
		return err
	}
	kept = true
	return syncFolder(filepath.Dir(target))
}

// exchange makes the file fresh the target and the target the old one, which has
// no name if it is not to be kept.
func exchange(fresh, target, old string) error {
	moved := old != "" && os.Rename(target, old) == nil
	err := os.Rename(fresh, target)
	if err != nil && moved {
		os.Rename(old, target)
	}
	return err
}

// isTemporary is the pattern of the names that create gives.
var isTemporary = regexp.MustCompile(`^\.[0-9a-f]{16}\.tmp$`)

// Sweep removes what processes that were killed while they wrote have left in the
// folder. Nobody must be writing to it.
func Sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return errors.Wrap(plain(err), dir)
	}
	for _, e := range entries {
		if !isTemporary.MatchString(e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
			return errors.Wrap(plain(err), dir)
		}
	}
	return nil
}

// create makes a new file in the folder. Unlike os.CreateTemp it leaves the
// permissions to the process's umask, for the file is to stay.
func create(dir string) (*os.File, error) {
	for {
		name := filepath.Join(dir, fmt.Sprintf(".%016x.tmp", rand.Uint64()))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// syncFolder puts the new name on the disk too. Windows has no such call, and
// some file systems answer that they do not know it.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}

// plain takes the names of temporary files, which would tell a user nothing,
// out of an error of the file system.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}
