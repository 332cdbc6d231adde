package train

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func listen(t *testing.T) *Live {
	t.Helper()
	l, err := Listen(":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// get returns the status, the header and the body of an answer.
func get(t *testing.T, url, host string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	c := http.Client{Timeout: 20 * time.Second}
	a, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	body, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, a.Header, string(body)
}

// While a run goes on, all pages can be read at any time.
func TestLiveWhileTraining(t *testing.T) {
	l := listen(t)
	if code, header, body := get(t, l.URL(), ""); code != 200 || header.Get("Refresh") == "" || !strings.Contains(body, "being prepared") {
		t.Errorf("before the run: %d, %s", code, body)
	}
	r := newRun(t, small(t), Options{Report: Reporters{&stopAt{at: func(Progress) bool { return false }}, l}})
	if code, header, body := get(t, l.URL(), ""); code != 200 || header.Get("Content-Security-Policy") == "" || !strings.Contains(body, "No epoch is complete yet") {
		t.Errorf("at the beginning: %d, %s", code, body)
	}
	end := make(chan error)
	go func() { end <- r.Train(t.Context()) }()
	for training := true; training; {
		for _, path := range []string{"", "status.json", "metrics"} {
			if code, _, body := get(t, l.URL()+path, ""); code != 200 {
				t.Errorf("/%s: %d, %s", path, code, body)
			}
		}
		select {
		case err := <-end:
			if err != nil {
				t.Fatal(err)
			}
			training = false
		default:
		}
	}
	t.Run("report", func(t *testing.T) {
		_, header, body := get(t, l.URL(), "")
		if !strings.HasPrefix(header.Get("Content-Type"), "text/html") || !strings.Contains(body, "Worst mistakes") || !strings.Contains(body, "const epochs =  3") && !strings.Contains(body, "const epochs = 3") {
			t.Errorf("%v, %s", header, body)
		}
	})
	t.Run("status", func(t *testing.T) {
		_, _, body := get(t, l.URL()+"status.json", "")
		var s liveStatus
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			t.Fatal(err)
		}
		if s.EpochsDone != 3 || s.Epoch != 3 || s.Step != 18 || s.Part != 1 || s.Rate <= 0 || s.Unit != "images" || !(s.Loss > 0) {
			t.Errorf("got %s", body)
		}
	})
	t.Run("metrics", func(t *testing.T) {
		_, header, body := get(t, l.URL()+"metrics", "")
		if !strings.HasPrefix(header.Get("Content-Type"), "text/plain; version=0.0.4") {
			t.Errorf("header %v", header)
		}
		got := checkExposition(t, body)
		last := r.History()[2]
		for name, want := range map[string]float64{
			"zoo_train_step": 18, "zoo_train_epochs_done": 3, "zoo_train_eta_seconds": 0,
			"zoo_train_last_epoch_val_top1": last.ValTop1, "zoo_train_last_epoch_data_wait": last.DataWait,
		} {
			if got[name] != want {
				t.Errorf("%s is %v, want %v", name, got[name], want)
			}
		}
	})
	t.Run("closed", func(t *testing.T) {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if _, err := http.Get(l.URL()); err == nil {
			t.Error("it still answers")
		}
	})
}

var sample = regexp.MustCompile(`^([a-z_][a-z0-9_]*) (\S+)$`)

// checkExposition reads the text format of Prometheus: each sample after its help
// and its type.
func checkExposition(t *testing.T, text string) map[string]float64 {
	t.Helper()
	got := make(map[string]float64)
	help, kind := "", ""
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "# HELP "); ok {
			help, _, _ = strings.Cut(rest, " ")
			continue
		}
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			kind = rest
			continue
		}
		m := sample.FindStringSubmatch(line)
		if m == nil || help != m[1] || kind != m[1]+" gauge" {
			t.Fatalf("%q after help for %q and type %q", line, help, kind)
		}
		v, err := strconv.ParseFloat(m[2], 64)
		if _, twice := got[m[1]]; err != nil || twice {
			t.Errorf("%q: %v, twice: %v", line, err, twice)
		}
		got[m[1]] = v
	}
	return got
}

func TestStatusIsJSON(t *testing.T) {
	l := listen(t)
	l.Progress(Progress{Epoch: 1, Epochs: 2, Loss: math.NaN(), LR: math.Inf(1)})
	_, _, body := get(t, l.URL()+"status.json", "")
	var s map[string]any
	if err := json.Unmarshal([]byte(body), &s); err != nil || s["loss"] != nil || s["lr"] != nil || s["where"] != "epoch 1/2  training 0/0" {
		t.Errorf("%v: %s", err, body)
	}
	_, _, body = get(t, l.URL()+"metrics", "")
	if v := checkExposition(t, body)["zoo_train_loss"]; v == v {
		t.Errorf("loss %v, want NaN", v)
	}
}

// A port of this machine alone answers to this machine's names alone.
func TestLiveIsForThisMachine(t *testing.T) {
	l := listen(t)
	if !strings.HasPrefix(l.URL(), "http://127.0.0.1:") || l.Exposed() {
		t.Errorf("%s, exposed: %v", l.URL(), l.Exposed())
	}
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "127.0.0.1:1": 200, "[::1]:80": 200,
		"example.org": 403, "example.org:8080": 403, "localhost.example.org": 403, "10.0.0.1": 403,
	} {
		if code, _, _ := get(t, l.URL()+"metrics", host); code != want {
			t.Errorf("host %s: %d, want %d", host, code, want)
		}
	}
	for path, want := range map[string]int{"config.yaml": 404, "../run.go": 404, "status.json": 200} {
		if code, _, _ := get(t, l.URL()+path, ""); code != want {
			t.Errorf("/%s: %d, want %d", path, code, want)
		}
	}
	all, err := Listen("0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer all.Close()
	if !all.Exposed() {
		t.Error("0.0.0.0 is not exposed")
	}
}

func TestListenRefuses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for addr, want := range map[string]string{
		taken.Addr().String(): "cannot listen at " + taken.Addr().String() + ": ",
		"8080":                `"8080", want :PORT or HOST:PORT`,
		"":                    `"", want :PORT or HOST:PORT`,
		":http-":              `"http-" is no port, want :PORT or HOST:PORT`,
		":99999":              `"99999" is no port, want :PORT or HOST:PORT`,
	} {
		l, err := Listen(addr)
		if err == nil {
			l.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "bind:") {
			t.Errorf("%q: got %v, want %q", addr, err, want)
		}
	}
}

// The page fills in where the run is, in a browser.
func TestLiveInBrowser(t *testing.T) {
	l := listen(t)
	r := newRun(t, small(t), Options{Report: l})
	finish(t, r)
	dom := chromium(t, l.URL())
	if !strings.Contains(dom, `id="where">epoch 3/3`) || !strings.Contains(dom, " images/s</dd>") {
		t.Errorf("got\n%s", dom)
	}
}
