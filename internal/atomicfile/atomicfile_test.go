package atomicfile

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/pkg/errors"
)

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// holds checks that the folder has these files, name and content in turn, and
// no other.
func holds(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != len(want)/2 {
		t.Errorf("the folder holds %v, want %d files", entries, len(want)/2)
	}
	for i := 0; i < len(want); i += 2 {
		got, err := os.ReadFile(filepath.Join(dir, want[i]))
		if err != nil || string(got) != want[i+1] {
			t.Errorf("%s: got %q, %v, want %q", want[i], got, err, want[i+1])
		}
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	long := strings.Repeat("0123456789", 30000) // more than one buffer
	for _, s := range []string{"one", "", long, "two"} {
		if err := WriteFile(path, text(s)); err != nil {
			t.Fatal(err)
		}
		holds(t, dir, "a", s)
	}
}

func TestFailureLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	broken := func(w io.Writer) error {
		if err := text(strings.Repeat("x", 1<<20))(w); err != nil {
			return err
		}
		return errors.New("out of ideas")
	}
	err := WriteFile(path, broken)
	if want := "cannot write " + path + ": out of ideas"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	holds(t, dir)

	if err := WriteFile(path, text("old")); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(path, broken); err == nil {
		t.Error("want an error")
	}
	holds(t, dir, "a", "old")

	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was lost")
			}
		}()
		WriteFile(path, func(io.Writer) error { panic("no") })
	}()
	holds(t, dir, "a", "old")
}

func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no permission bits")
	}
	dir := t.TempDir()
	plain, made := filepath.Join(dir, "plain"), filepath.Join(dir, "made")
	if err := os.WriteFile(plain, nil, 0o666); err != nil { // what the umask leaves of 0666
		t.Fatal(err)
	}
	if err := WriteFile(made, text("x")); err != nil {
		t.Fatal(err)
	}
	if mode(t, plain) != mode(t, made) {
		t.Errorf("a new file has %v, want %v", mode(t, made), mode(t, plain))
	}
	if err := os.Chmod(made, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(made, text("y")); err != nil {
		t.Fatal(err)
	}
	if got := mode(t, made); got != 0o640 {
		t.Errorf("a replaced file has %v, want that of the old one", got)
	}
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestLinkIsFollowed(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	file, link := filepath.Join(other, "file"), filepath.Join(dir, "link")
	if err := os.WriteFile(file, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	if err := WriteFile(link, text("new")); err != nil {
		t.Fatal(err)
	}
	holds(t, other, "file", "new")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
}

func TestDestinationsThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{filepath.Join(dir, "no", "a"), "there is no folder " + filepath.Join(dir, "no")},
		{dir, "it is a folder"},
		{filepath.Join(file, "a"), "not a "},
		{os.DevNull, "it is not a regular file"},
	} {
		if runtime.GOOS == "windows" && c.path == os.DevNull {
			continue
		}
		err := WriteFile(c.path, text("new"))
		if err == nil || !strings.Contains(err.Error(), "cannot write "+c.path+": ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.path, err, c.want)
		}
	}
	holds(t, dir, "file", "old")
}

func TestUnwritableFolder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil { // let the ordinary user in
		t.Fatal(err)
	}
	defer os.Chmod(dir, 0o755)
	defer ordinaryUser()()
	if f, err := os.Create(filepath.Join(dir, "probe")); err == nil {
		f.Close()
		os.Remove(f.Name())
		t.Skip("this user may write everywhere")
	}
	err := WriteFile(path, text("new"))
	if want := "cannot write " + path + ": permission denied"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	holds(t, dir, "a", "old")
}

func TestErrorsNameNoTemporaryFile(t *testing.T) {
	err := plain(&os.PathError{Op: "write", Path: ".0123.tmp", Err: syscall.ENOSPC})
	if err != error(syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
}
