package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/errors"
)

// server serves one file and notes what it was asked for.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string // the Range header of each
}

// answer is what a server does with its n-th request, counted from 0.
type answer func(w http.ResponseWriter, r *http.Request, n int)

func newServer(t *testing.T, a answer) *server {
	t.Helper()
	s := new(server)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := len(s.requests)
		s.requests = append(s.requests, r.Header.Get("Range"))
		s.mu.Unlock()
		a(w, r, n)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) asked() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.requests, "; ")
}

// serve serves content as a good server does, with Range.
func serve(content []byte) answer {
	return func(w http.ResponseWriter, r *http.Request, _ int) {
		http.ServeContent(w, r, "file", time.Time{}, bytes.NewReader(content))
	}
}

// breakOff sends n bytes of content after what was asked for, and hangs up.
func breakOff(w http.ResponseWriter, r *http.Request, content []byte, n int) {
	from := 0
	if _, err := fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from); err == nil {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(content)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	_, _ = w.Write(content[from : from+n])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func TestDownload(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 4096) // 65,536 bytes
	other := bytes.Repeat([]byte{'x'}, len(content))
	sum := sha256.Sum256(content)
	for _, c := range []struct {
		name   string
		answer answer
		part   []byte // what lies there before
		asked  string // Range headers
		err    string
	}{
		{name: "at once", answer: serve(content), asked: ""},
		{
			name: "interrupted", asked: "; bytes=1000-; bytes=3000-",
			answer: func(w http.ResponseWriter, r *http.Request, n int) {
				switch n {
				case 0:
					breakOff(w, r, content, 1000)
				case 1:
					breakOff(w, r, content, 2000)
				}
				serve(content)(w, r, n)
			},
		},
		{name: "resumed from a former call", answer: serve(content), part: content[:5000], asked: "bytes=5000-"},
		{name: "complete but for the name", answer: func(http.ResponseWriter, *http.Request, int) { t.Error("asked") }, part: content},
		{name: "resumed from a wrong part", answer: serve(content), part: other[:5000], asked: "bytes=5000-; "},
		{name: "part too long", answer: serve(content), part: append(other, 'x'), asked: ""},
		{
			name: "no Range support", part: content[:5000], asked: "bytes=5000-; bytes=700-",
			answer: func(w http.ResponseWriter, r *http.Request, n int) {
				r.Header.Del("Range")
				if n == 0 {
					breakOff(w, r, content, 700)
				}
				serve(content)(w, r, n)
			},
		},
		{name: "wrong checksum", answer: serve(other), asked: "", err: "SHA-256 is "},
		{name: "wrong checksum, resumed", answer: serve(other), part: content[:10], asked: "bytes=10-; ", err: "SHA-256 is "},
		{
			name: "404", asked: "", err: "the server answers 404 Not Found",
			answer: func(w http.ResponseWriter, r *http.Request, _ int) { http.NotFound(w, r) },
		},
		{
			name: "busy for a while", asked: "; ",
			answer: func(w http.ResponseWriter, r *http.Request, n int) {
				if n == 0 {
					http.Error(w, "busy", http.StatusServiceUnavailable)
					return
				}
				serve(content)(w, r, n)
			},
		},
		{
			name: "busy for ever", asked: "; ; ", err: "the server answers 503 Service Unavailable",
			answer: func(w http.ResponseWriter, _ *http.Request, _ int) {
				http.Error(w, "busy", http.StatusServiceUnavailable)
			},
		},
		{name: "too long", answer: serve(append(content, content...)), asked: "", err: "more data than the file has"},
		{name: "too short", answer: serve(content[:100]), asked: "; bytes=100-", err: "416"},
		{
			name: "wrong range", part: content[:10], asked: "bytes=10-; bytes=10-; bytes=10-", err: `the server sends "bytes 0-65535/65536"`,
			answer: func(w http.ResponseWriter, _ *http.Request, _ int) {
				w.Header().Set("Content-Range", "bytes 0-65535/65536")
				w.WriteHeader(http.StatusPartialContent)
				_, _ = w.Write(content)
			},
		},
		{
			name: "stalled", asked: "; bytes=1000-",
			answer: func(w http.ResponseWriter, r *http.Request, n int) {
				if n > 0 {
					serve(content)(w, r, n)
					return
				}
				w.Header().Set("Content-Length", fmt.Sprint(len(content)))
				_, _ = w.Write(content[:1000])
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, c.answer)
			dir := t.TempDir()
			var done, total int64
			d := fetch{
				remoteFile: remoteFile{"file", int64(len(content)), hex.EncodeToString(sum[:])},
				options: DownloadOptions{
					Client:   s.Client(),
					Progress: func(_ string, d, t int64) { done, total = d, t },
				},
				url: s.URL + "/file", path: filepath.Join(dir, "file"),
				wait: time.Millisecond, stall: 2 * time.Second,
			}
			if c.name == "stalled" {
				d.stall = 300 * time.Millisecond
			}
			if c.part != nil {
				if err := os.WriteFile(d.part(), c.part, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			err := d.run(t.Context())
			asked := s.asked()
			if c.name == "stalled" { // a slow machine may stall once more
				asked = asked[:min(len(c.asked), len(asked))]
			}
			if asked != c.asked {
				t.Errorf("asked for %q, want %q", asked, c.asked)
			}
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || strings.Contains(err.Error(), "\n") {
					t.Errorf("error %v, want %q in one line", err, c.err)
				}
				if _, err := os.Stat(d.path); err == nil {
					t.Error("the file is there after an error")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(d.path)
			if err != nil || !bytes.Equal(got, content) {
				t.Errorf("%d bytes of another content, %v", len(got), err)
			}
			if c.asked != "" && (done != int64(len(content)) || total != done) {
				t.Errorf("progress ends at %d of %d", done, total)
			}
			if _, err := os.Stat(d.part()); !os.IsNotExist(err) {
				t.Errorf("the partial file is still there (%v)", err)
			}
		})
	}
}

// An interrupted call keeps what it has for the next.
func TestDownloadCancel(t *testing.T) {
	content := bytes.Repeat([]byte{1, 2, 3, 4}, 5000)
	sum := sha256.Sum256(content)
	ctx, cancel := context.WithCancel(t.Context())
	s := newServer(t, func(w http.ResponseWriter, r *http.Request, n int) {
		if n > 0 {
			serve(content)(w, r, n)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		_, _ = w.Write(content[:1234])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	d := fetch{
		remoteFile: remoteFile{"file", int64(len(content)), hex.EncodeToString(sum[:])},
		options: DownloadOptions{Client: s.Client(), Progress: func(_ string, done, _ int64) {
			if done == 1234 {
				cancel()
			}
		}},
		url: s.URL + "/file", path: filepath.Join(t.TempDir(), "file"), wait: time.Millisecond, stall: time.Minute,
	}
	if err := d.run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v, want %v", err, context.Canceled)
	}
	if err := d.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := "; bytes=1234-"; s.asked() != want {
		t.Errorf("asked for %q, want %q", s.asked(), want)
	}
}

// The whole of Download on files that are served under their official names, but
// are not what they should be.
func TestDownloadSets(t *testing.T) {
	s := newServer(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		if r.URL.Path != "/mirror/train-images-idx3-ubyte.gz" && r.URL.Path != "/mirror/cifar-10-binary.tar.gz" &&
			r.URL.Path != "/mirror/cifar-100-binary.tar.gz" {
			t.Errorf("asked for %s", r.URL.Path)
		}
		http.NotFound(w, r)
	})
	for _, kind := range []string{"mnist", "fashion-mnist", "cifar10", "cifar100"} {
		dir := filepath.Join(t.TempDir(), "new", "folder")
		err := Download(t.Context(), kind, dir, DownloadOptions{BaseURL: s.URL + "/mirror"})
		if err == nil || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), s.URL+"/mirror/") {
			t.Errorf("%s: error %v, want 404 and the address", kind, err)
		}
	}
	for kind, want := range map[string]string{
		"glyphs": "cannot be downloaded: only mnist, fashion-mnist, cifar10, cifar100 can",
		"minst":  "did you mean mnist",
	} {
		if err := Download(t.Context(), kind, t.TempDir(), DownloadOptions{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", kind, err, want)
		}
	}
}

// The four official files of Fashion-MNIST through a local server, and opened.
func TestDownloadFashionMNIST(t *testing.T) {
	files := http.FileServer(http.Dir(realData(t, "fashion-mnist")))
	s := newServer(t, func(w http.ResponseWriter, r *http.Request, _ int) { files.ServeHTTP(w, r) })
	dir := t.TempDir()
	var names []string
	progress := func(name string, done, total int64) {
		if done == total {
			names = append(names, name)
		}
	}
	for range 2 { // the second finds everything there
		names = nil
		if err := Download(t.Context(), "fashion-mnist", dir, DownloadOptions{BaseURL: s.URL, Progress: progress}); err != nil {
			t.Fatal(err)
		}
		if len(names) != 4 {
			t.Errorf("progress of %q, want four files", names)
		}
	}
	if n := len(strings.Split(s.asked(), ";")); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
	d, err := Open("fashion-mnist:"+dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Train.Len() != 60000 || d.Val.Len() != 10000 {
		t.Errorf("%d and %d images", d.Train.Len(), d.Val.Len())
	}
}
