package train

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pkg/errors"
)

// Live is a Reporter that shows a run to browsers: / is the report, which keeps
// itself up to date, /status.json where the run is, and /metrics the same for
// Prometheus. Nobody who looks can hold up the run.
type Live struct {
	listener net.Listener
	server   *http.Server

	mu    sync.Mutex
	now   Progress
	meter meter
	shown *page // nil until the run begins
}

// ErrAddress is behind the error of Listen when the address is none.
var ErrAddress = errors.New("want :PORT or HOST:PORT")

// Listen opens a port and begins to serve. An address without a host, ":8080", is
// that port for this machine alone. The Live must be closed.
func Listen(addr string) (*Live, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("%q, %w", addr, ErrAddress)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return nil, fmt.Errorf("%q is no port, %w", port, ErrAddress)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, errors.Wrapf(socketError(err), "cannot listen at %s", net.JoinHostPort(host, port))
	}
	l := &Live{listener: listener}
	l.server = &http.Server{Handler: l.handler(), ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute}
	go l.server.Serve(listener) // until Close
	return l, nil
}

// socketError says what the network found without the names of calls.
func socketError(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// URL returns where the report is.
func (l *Live) URL() string { return "http://" + l.listener.Addr().String() + "/" }

// Exposed reports whether other machines can look too.
func (l *Live) Exposed() bool {
	a, ok := l.listener.Addr().(*net.TCPAddr)
	return !ok || !a.IP.IsLoopback()
}

// Close ends the serving, and gives answers that are under way a moment.
func (l *Live) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if l.server.Shutdown(ctx) != nil {
		return l.server.Close()
	}
	return nil
}

// Progress takes note of where the run is.
func (l *Live) Progress(p Progress) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.meter.add(p.Done)
	if p.Evaluating {
		p.Loss, p.LR = l.now.Loss, l.now.LR
	}
	l.now = p
}

// Epoch does nothing: the results of the epoch come with the report.
func (l *Live) Epoch(EpochResult) {}

func (l *Live) page(p *page) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.shown = p
}

// handler answers requests. Those to a port of this machine alone must be for this
// machine by name too, lest a page from elsewhere have a name of its own lead here.
func (l *Live) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", l.serveReport)
	mux.HandleFunc("GET /status.json", l.serveStatus)
	mux.HandleFunc("GET /metrics", l.serveMetrics)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !l.Exposed() && !isLocal(r.Host) {
			http.Error(w, "this page is for 127.0.0.1 and localhost", http.StatusForbidden)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// isLocal reports whether the host of a request is this machine.
func isLocal(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (l *Live) serveReport(w http.ResponseWriter, _ *http.Request) {
	l.mu.Lock()
	shown := l.shown
	l.mu.Unlock()
	if shown == nil {
		w.Header().Set("Refresh", "1")
		io.WriteString(w, "The run is being prepared.")
		return
	}
	p := *shown
	p.Live = true
	var b bytes.Buffer
	if err := p.write(&b); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'")
	w.Write(b.Bytes())
}

// liveStatus is what /status.json says.
type liveStatus struct {
	Where       string  `json:"where"`
	Epoch       int     `json:"epoch"`
	Epochs      int     `json:"epochs"`
	Batch       int     `json:"batch"`
	Batches     int     `json:"batches"`
	Step        int     `json:"step"`
	Evaluating  bool    `json:"evaluating"`
	Loss        finite  `json:"loss"`
	LR          finite  `json:"lr"`
	Rate        float64 `json:"rate"` // of Unit a second
	Unit        string  `json:"unit"`
	DataShare   float64 `json:"data_share"`
	Skipped     int     `json:"skipped"`
	Part        float64 `json:"part"` // of the run, since it began or was resumed
	Left        string  `json:"left"`
	LeftSeconds float64 `json:"left_seconds"`
	EpochsDone  int     `json:"epochs_done"`

	history []EpochResult
}

// status returns where the run is.
func (l *Live) status() liveStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	p, left := l.now, l.meter.left(l.now.Total)
	s := liveStatus{
		Where: "waiting for the first step",
		Epoch: p.Epoch, Epochs: p.Epochs, Batch: p.Batch, Batches: p.Batches, Step: p.Step, Evaluating: p.Evaluating,
		Loss: finite(p.Loss), LR: finite(p.LR), Rate: l.meter.rate(), Unit: p.Unit, DataShare: p.DataShare, Skipped: p.Skipped,
		Part: share(p.Done, p.Total), LeftSeconds: left.Seconds(),
	}
	if p.Epoch > 0 {
		s.Where = p.place()
	}
	if left > 0 {
		s.Left = left.Round(time.Second).String()
	}
	if l.shown != nil {
		s.history = l.shown.history
		s.EpochsDone = len(s.history)
	}
	return s
}

func (l *Live) serveStatus(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(l.status())
}

func (l *Live) serveMetrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	s := l.status()
	s.writeMetrics(w)
}
