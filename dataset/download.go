package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
)

// DownloadOptions are settings of [Download]. The zero DownloadOptions are the
// defaults.
type DownloadOptions struct {
	// BaseURL is the folder that holds the files, for a mirror; default the
	// official address of each set.
	BaseURL string

	// Progress, if not nil, is told now and then, and at the end of each file,
	// how many bytes of it are there. It is called from the goroutine of
	// Download.
	Progress func(file string, done, total int64)

	// Client makes the requests; default http.DefaultClient.
	Client *http.Client
}

// remoteFile is a file that can be fetched, with what it must be.
type remoteFile struct {
	name   string
	size   int64
	sha256 string
}

// remote is where a data set comes from.
type remote struct {
	kind  string
	base  string
	files []remoteFile
}

// The official addresses; for MNIST, whose own site refuses downloads, the
// mirror that torchvision uses. The sums are those that TensorFlow Datasets
// publishes (url_checksums), and for Fashion-MNIST computed from the files whose
// MD5 its authors publish.
var remotes = []remote{
	{"mnist", "https://ossci-datasets.s3.amazonaws.com/mnist/", []remoteFile{
		{"train-images-idx3-ubyte.gz", 9912422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"},
		{"train-labels-idx1-ubyte.gz", 28881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"},
		{"t10k-images-idx3-ubyte.gz", 1648877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"},
		{"t10k-labels-idx1-ubyte.gz", 4542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"},
	}},
	{"fashion-mnist", "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/", []remoteFile{
		{"train-images-idx3-ubyte.gz", 26421880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"},
		{"train-labels-idx1-ubyte.gz", 29515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"},
		{"t10k-images-idx3-ubyte.gz", 4422102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"},
		{"t10k-labels-idx1-ubyte.gz", 5148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"},
	}},
	{"cifar10", "https://www.cs.toronto.edu/~kriz/", []remoteFile{
		{"cifar-10-binary.tar.gz", 170052171, "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"},
	}},
	{"cifar100", "https://www.cs.toronto.edu/~kriz/", []remoteFile{
		{"cifar-100-binary.tar.gz", 168513733, "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"},
	}},
}

// Download fetches the files of a data set ("mnist", "fashion-mnist", "cifar10"
// or "cifar100") into dir, which is made if need be, so that [Open] finds them
// there. Files that are there already and have the right SHA-256 are kept.
//
// A file is written under its name with ".part" added, and renamed when its
// SHA-256 is right. An interrupted download is continued where it stopped, by
// this call up to a few times and by the next call, if the server supports it.
func Download(ctx context.Context, kind, dir string, o DownloadOptions) error {
	i := slices.IndexFunc(remotes, func(r remote) bool { return r.kind == kind })
	if i < 0 {
		if _, err := findKind(kind); err != nil {
			return err
		}
		var can []string
		for _, r := range remotes {
			can = append(can, r.kind)
		}
		return errors.Errorf("data set %s cannot be downloaded: only %s can", kind, strings.Join(can, ", "))
	}
	return remotes[i].download(ctx, dir, o)
}

func (r remote) download(ctx context.Context, dir string, o DownloadOptions) error {
	if o.BaseURL == "" {
		o.BaseURL = r.base
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.Progress == nil {
		o.Progress = func(string, int64, int64) {}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return errors.WithStack(err)
	}
	for _, f := range r.files {
		d := fetch{
			remoteFile: f, options: o,
			url:  strings.TrimSuffix(o.BaseURL, "/") + "/" + f.name,
			path: filepath.Join(dir, f.name),
			wait: time.Second, stall: time.Minute,
		}
		if err := d.run(ctx); err != nil {
			return errors.WithMessage(err, d.url)
		}
	}
	return nil
}

// fetch is the download of one file.
type fetch struct {
	remoteFile
	options DownloadOptions
	url     string
	path    string        // where the file will lie
	wait    time.Duration // before the first try that follows one without progress
	stall   time.Duration // how long nothing may come
}

// fetchTries is how many tries in a row may end without a byte of progress.
const fetchTries = 3

func (d *fetch) part() string { return d.path + ".part" }

// run fetches the file unless it is there.
func (d *fetch) run(ctx context.Context) error {
	if sum, size, err := hashFile(d.path); err == nil && sum == d.sha256 {
		d.options.Progress(d.name, size, d.size)
		return nil
	}
	resumed, err := d.fetchPart(ctx)
	if err != nil {
		return err
	}
	err = d.verify()
	if err != nil && resumed {
		// What was there before may have been the bad part: once from the start.
		if _, err := d.fetchPart(ctx); err != nil {
			return err
		}
		err = d.verify()
	}
	if err != nil {
		return err
	}
	return errors.WithStack(os.Rename(d.part(), d.path))
}

// fetchPart completes the partial file, in several tries if progress is made. It
// reports whether some of it was there before.
func (d *fetch) fetchPart(ctx context.Context) (resumed bool, err error) {
	f, err := os.OpenFile(d.part(), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return false, errors.WithStack(err)
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = errors.WithStack(closeErr)
		}
	}()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, errors.WithStack(err)
	}
	if have > d.size { // not a part of this file
		have = 0
		if err := f.Truncate(0); err != nil {
			return false, errors.WithStack(err)
		}
	}
	resumed = have > 0
	for failed := 0; have != d.size; {
		before := have
		have, err = d.request(ctx, f, have)
		if err == nil {
			break
		}
		if !temporary(err) {
			return resumed, err
		}
		if have > before {
			failed = 0
			continue
		}
		if failed++; failed == fetchTries {
			return resumed, err
		}
		if err := sleep(ctx, d.wait<<(failed-1)); err != nil {
			return resumed, err
		}
	}
	return resumed, errors.WithStack(f.Sync())
}

// statusError is an answer other than the file.
type statusError struct {
	code   int
	status string
}

func (e *statusError) Error() string { return "the server answers " + e.status }

// errTooLong means that more comes than the file has.
var errTooLong = errors.New("more data than the file has: it has changed, or the server sends another")

// temporary reports whether another try may succeed.
func temporary(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errTooLong) {
		return false
	}
	var s *statusError
	if errors.As(err, &s) {
		return s.code >= 500 || s.code == http.StatusTooManyRequests || s.code == http.StatusRequestTimeout
	}
	var disk *os.PathError
	return !errors.As(err, &disk)
}

// request asks for the file from byte have on and appends what comes. It returns
// how much of the file there is then. It gives up when nothing comes any more.
func (d *fetch) request(ctx context.Context, f *os.File, have int64) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(d.stall, func() { cancel(errors.Errorf("nothing came for %v", d.stall)) })
	defer watch.Stop()
	have, err := d.receive(ctx, f, have, func() { watch.Reset(d.stall) })
	if err != nil && ctx.Err() != nil {
		err = errors.WithStack(context.Cause(ctx))
	}
	return have, err
}

// receive is request without its watch; alive is called when something comes.
func (d *fetch) receive(ctx context.Context, f *os.File, have int64, alive func()) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return have, errors.WithStack(err)
	}
	req.Header.Set("Accept-Encoding", "identity") // the bytes of the file, as they are
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := d.options.Client.Do(req)
	if err != nil {
		return have, errors.WithStack(err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusPartialContent && have > 0:
		if from := resp.Header.Get("Content-Range"); !strings.HasPrefix(from, fmt.Sprintf("bytes %d-", have)) {
			return have, errors.Errorf("asked for the file from byte %d on, the server sends %q", have, from)
		}
	case resp.StatusCode == http.StatusOK: // the whole file, asked for or not
		have = 0
		if err := f.Truncate(0); err != nil {
			return have, errors.WithStack(err)
		}
	default:
		return have, &statusError{resp.StatusCode, resp.Status}
	}
	if _, err := f.Seek(have, io.SeekStart); err != nil {
		return have, errors.WithStack(err)
	}
	return d.copy(f, resp.Body, have, alive)
}

// copy appends the body to the file, and no more than the file has.
func (d *fetch) copy(f *os.File, body io.Reader, have int64, alive func()) (int64, error) {
	buf := make([]byte, 1<<18)
	d.options.Progress(d.name, have, d.size)
	for {
		n, err := body.Read(buf)
		alive()
		if have+int64(n) > d.size {
			return have, errTooLong
		}
		if n > 0 {
			if _, err := f.Write(buf[:n]); err != nil {
				return have, errors.WithStack(err)
			}
			have += int64(n)
			d.options.Progress(d.name, have, d.size)
		}
		switch {
		case err == io.EOF && have == d.size:
			return have, nil
		case err == io.EOF:
			return have, errors.Errorf("the connection ended after %d bytes of %d", have, d.size)
		case err != nil:
			return have, errors.WithMessagef(err, "after %d bytes of %d", have, d.size)
		}
	}
}

// verify compares the partial file with its sum, and removes it if it is wrong.
func (d *fetch) verify() error {
	sum, size, err := hashFile(d.part())
	if err != nil {
		return err
	}
	if sum == d.sha256 {
		return nil
	}
	if err := os.Remove(d.part()); err != nil {
		return errors.WithStack(err)
	}
	return errors.Errorf("SHA-256 is %s, want %s (%d bytes of %d): the file was damaged on the way, or has changed",
		sum, d.sha256, size, d.size)
}

// hashFile returns the SHA-256 of a file and its size.
func hashFile(path string) (sum string, size int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, errors.WithStack(err)
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		return "", 0, errors.WithStack(err)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}

// sleep waits, unless ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
