package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func rendered(t *testing.T, p *page) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elsewhere is what would have a browser look at the network.
var elsewhere = regexp.MustCompile(`(?i)(src|href|action|data)\s*=\s*"(?:https?:|//)|@import|url\(|<script|<link|<iframe`)

// The report of every task has what the task has to show, and needs nothing else.
func TestReport(t *testing.T) {
	for name, c := range map[string]struct {
		config Config
		want   []string
	}{
		"classifier": {small(t), []string{"resnet20 on glyphs", "3 of 3 epochs, complete", "Confusion", "Calibration", "Worst mistakes", "top-1 (%)", "training images", "precision", "data:image/png;base64,", "val ece"}},
		"lstm":       {tiny(t, others["lstm"]), []string{"language model", "What it writes", "epoch 3, loss ", "perplexity", "<dt>best</dt>"}},
		"gan":        {tiny(t, others["gan"]), []string{"What it draws", "epoch 3", "<dt>last</dt>", "probability of being real", "data:image/png;base64,"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRun(t, c.config, Options{})
			begun, err := os.ReadFile(r.dir.path(ReportFile))
			if err != nil || !strings.Contains(string(begun), "No epoch is complete yet") {
				t.Errorf("at the beginning: %v", err)
			}
			finish(t, r)
			text, err := os.ReadFile(r.dir.path(ReportFile))
			if err != nil {
				t.Fatal(err)
			}
			want := append(c.want, "seconds an epoch", "waiting for data", "batch_size: ", "kernels", "go1.", "<svg", "viewport")
			for _, w := range want {
				if !strings.Contains(string(text), w) {
					t.Errorf("the report lacks %q", w)
				}
			}
			if found := elsewhere.Find(text); found != nil {
				t.Errorf("the report has %q", found)
			}
			if host, err := os.Hostname(); err == nil && len(host) > 4 && strings.Contains(string(text), host) {
				t.Error("the report names the machine")
			}
		})
	}
}

// A resumed run finds the evaluation of its best epoch in the folder. One that is
// damaged or lacking is left out, with a warning.
func TestReportOfResumedRun(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(path string) error
		want   bool
		warns  string
	}{
		{"whole", func(string) error { return nil }, true, ""},
		{"gone", os.Remove, false, "no such file"},
		{"no JSON", func(path string) error { return os.WriteFile(path, []byte("{"), 0o666) }, false, "unexpected end"},
		{"other classes", func(path string) error {
			return os.WriteFile(path, []byte(`{"epoch":3,"classes":[{"class":"a"}],"confusion":[[1]],"mistakes":[{"label":1}]}`), 0o666)
		}, false, "mistake of class 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRun(t, small(t), Options{})
			finish(t, r)
			r.Close()
			if err := c.damage(r.dir.path(EvaluationFile)); err != nil {
				t.Fatal(err)
			}
			again, err := Resume(r.Dir(), Options{Log: quiet})
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			text, err := os.ReadFile(r.dir.path(ReportFile))
			if err != nil || strings.Contains(string(text), "Worst mistakes") != c.want {
				t.Errorf("%v, with the mistakes: %v, want %v", err, !c.want, c.want)
			}
			log, err := os.ReadFile(r.dir.path(LogFile))
			if err != nil || strings.Contains(string(log), "level=WARN") != (c.warns != "") || !strings.Contains(string(log), c.warns) {
				t.Errorf("%v, want a warning of %q in\n%s", err, c.warns, log)
			}
		})
	}
}

// hostile is a page whose names would like to be more than names.
func hostile() *page {
	const name = `<script>alert(1)</script>"' onload=x&`
	e := &bestEvaluation{
		Epoch: 1, N: 3, Wrong: 1, ECE: 0.25,
		Classes:   []classLine{{Class: name, Images: 2, Predicted: 1}, {Class: "b", Images: 1, Predicted: 2}},
		Confusion: [][]int{{1, 1}, {0, 1}},
	}
	p := &page{
		Title: name, Subtitle: name, Best: &fact{name, name}, Recipe: name, BestRow: -1,
		Facts: []fact{{name, name}}, Texts: []sampleText{{name, name}},
		Evaluation: &evaluationPart{
			Confusion: e.confusionRows(), Frequent: e.frequentConfusions(), Classes: e.Classes, Chart: calibrationChart(&e.Calibration),
			Mistakes: []mistakePicture{{pngURL(nil), name, name, 0.1, 0.9, 0}},
		},
	}
	p.addEpochs([]EpochResult{{Epoch: 1, TrainLoss: math.NaN(), ValLoss: math.Inf(1)}}, "classification", 0)
	return p
}

func TestReportEscapes(t *testing.T) {
	text := rendered(t, hostile())
	for _, bad := range []string{"<script", `"' onload`, "alert(1)<"} {
		if strings.Contains(text, bad) {
			t.Errorf("the report has %q", bad)
		}
	}
	if n := strings.Count(text, "&lt;script&gt;"); n < 12 {
		t.Errorf("the name is there %d times", n)
	}
}

// With many classes the matrix is a picture and the classes are folded.
func TestReportOfManyClasses(t *testing.T) {
	e := &bestEvaluation{Confusion: make([][]int, 100)}
	for i := range e.Confusion {
		e.Confusion[i] = make([]int, 100)
		e.Confusion[i][i], e.Confusion[i][(i+1)%100] = 9, i%3
		e.Classes = append(e.Classes, classLine{Class: fmt.Sprint("class ", i), Images: 9 + i%3})
	}
	if e.confusionRows() != nil {
		t.Error("a table of 100 classes")
	}
	url, err := e.confusionPicture()
	if err != nil || !strings.HasPrefix(string(url), "data:image/png;base64,") {
		t.Errorf("%.40s, %v", url, err)
	}
	f := e.frequentConfusions()
	if len(f) != 10 || f[0] != (confused{"class 2", "class 3", 2, 2. / 11}) || f[9].N != 2 {
		t.Errorf("got %+v", f)
	}
}

// chromium returns the page as a browser without a network sees it.
func chromium(t *testing.T, url string) string {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium")
	}
	if testing.Short() {
		t.Skip("a browser takes seconds")
	}
	c := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--virtual-time-budget=1500", "--enable-logging=stderr", "--dump-dom", url)
	var errs bytes.Buffer
	c.Stderr = &errs
	timer := time.AfterFunc(time.Minute, func() { c.Process.Kill() })
	defer timer.Stop()
	dom, err := c.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	if strings.Contains(errs.String(), "CONSOLE") {
		t.Errorf("the browser complains:\n%s", errs.String())
	}
	return string(dom)
}

func TestReportInBrowser(t *testing.T) {
	trained := func(c Config) func(*testing.T) string {
		return func(t *testing.T) string {
			r := newRun(t, c, Options{})
			finish(t, r)
			return r.dir.path(ReportFile)
		}
	}
	for name, c := range map[string]struct {
		report   func(t *testing.T) string
		drawings int
	}{
		"classifier":     {trained(small(t)), 5},
		"language model": {trained(tiny(t, others["lstm"])), 4},
		"GAN":            {trained(tiny(t, others["gan"])), 4},
		"hostile": {func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), ReportFile)
			write(t, path, []byte(rendered(t, hostile())))
			return path
		}, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dom := chromium(t, "file://"+c.report(t))
			if n := strings.Count(dom, "<svg"); n != c.drawings {
				t.Errorf("%d drawings, want %d", n, c.drawings)
			}
			if strings.Contains(dom, "<script") || !strings.HasSuffix(strings.TrimSpace(dom), "</html>") {
				t.Errorf("got\n%s", dom)
			}
		})
	}
}

// What evaluation.json says is what was measured.
func TestEvaluationFile(t *testing.T) {
	r := newRun(t, small(t), Options{})
	finish(t, r)
	e, err := readEvaluation(r.dir.path(EvaluationFile))
	if err != nil {
		t.Fatal(err)
	}
	best := r.Best()
	if e.Epoch != best.Epoch || float64(e.ECE) != best.ValECE || share(e.N-e.Wrong, e.N) != best.ValTop1 || len(e.Classes) != 10 {
		t.Errorf("got %+v, want what epoch %d came to", e, best.Epoch)
	}
	if len(e.Mistakes) != min(e.Wrong, mistakesKept) || len(e.Mistakes[0].PNG) == 0 {
		t.Errorf("%d mistakes", len(e.Mistakes))
	}
	text, err := os.ReadFile(r.dir.path(EvaluationFile))
	var plain map[string]any
	if err != nil || json.Unmarshal(text, &plain) != nil || plain["classes"] == nil {
		t.Errorf("%v, %.80s", err, text)
	}
}
