package train

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorgonia-zoo/modelzoo/weights"
)

// Variables of the process that TestKill starts and kills.
const (
	victimFolder = "ZOO_TEST_VICTIM_FOLDER"
	victimConfig = "ZOO_TEST_VICTIM_CONFIG"
)

// talker says a line for each batch.
type talker struct{}

func (talker) Progress(Progress)   { fmt.Println("batch") }
func (talker) Epoch(e EpochResult) { fmt.Println("epoch") }

// TestVictim is no test, but the process that TestKill kills: it begins a run, or
// goes on with it, as somebody would who finds the folder as it is.
func TestVictim(t *testing.T) {
	dir := os.Getenv(victimFolder)
	if dir == "" {
		t.Skip("for TestKill")
	}
	o := Options{Log: quiet, Report: talker{}}
	r, err := Resume(dir, o)
	if err != nil && !hasCheckpoint(dir) { // it was killed before there was anything
		var c Config
		if c, err = ReadConfig(os.Getenv(victimConfig), Names{}); err != nil {
			t.Fatal(err)
		}
		o.Dir, o.Overwrite = dir, true
		r, err = New(c, o)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	finish(t, r)
}

func hasCheckpoint(dir string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*.ckpt"))
	return len(files) > 0
}

// TestKill kills runs again and again, wherever they are: what they come to is in
// every bit what they would have come to. The operating system gives them no chance
// to say goodbye, on Windows neither.
func TestKill(t *testing.T) {
	kills := 18
	if testing.Short() {
		kills = 2
	}
	configs := map[string]Config{"classifier": small(t)}
	for _, name := range []string{"lstm", "gan"} {
		configs[name] = tiny(t, others[name])
	}
	all := configs["classifier"]
	all.EMADecay, all.Accumulate, all.OnNaN, all.Schedule = 0.9, 2, SkipOnNaN, DefaultSchedule("plateau")
	all.Augment, all.Architecture, all.Optimizer = modern, node(t, "{blocks: [1, 1], width: 4, drop_path: 0.3}"), DefaultOptimizer("adamw")
	configs["classifier with everything"] = all
	for name, c := range configs {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.CheckpointMinutes, c.KeepBest = 1e-9, 2 // always about to write
			r := newRun(t, c, Options{})
			finish(t, r)
			random := rand.New(rand.NewPCG(1, uint64(len(name))))
			for left, round := kills, 0; left > 0; round++ {
				dir := filepath.Join(t.TempDir(), "run")
				for !victim(t, dir, filepath.Join(r.Dir(), ConfigFile), &left, random) {
				}
				sameFolder(t, dir, r.Dir())
			}
		})
	}
}

// victim starts the process and kills it, if there are kills left, a random time
// after a random number of batches. It reports whether the run is complete.
func victim(t *testing.T, dir, config string, left *int, random *rand.Rand) bool {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestVictim$")
	c.Env = append(os.Environ(), victimFolder+"="+dir, victimConfig+"="+config)
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	lines := bufio.NewScanner(out)
	batches, delay := random.IntN(8), time.Duration(random.IntN(30_000))*time.Microsecond
	for range batches {
		if !lines.Scan() {
			break
		}
		said += lines.Text() + "\n"
	}
	if *left > 0 {
		time.AfterFunc(delay, func() { c.Process.Kill() })
	}
	for lines.Scan() {
		said += lines.Text() + "\n"
	}
	err = c.Wait()
	if err == nil {
		return true
	}
	if *left == 0 || strings.Contains(said, "FAIL") {
		t.Fatalf("the run failed: %v\n%s", err, said)
	}
	*left--
	return false
}

// sameFolder compares two run folders in all but times.
func sameFolder(t *testing.T, got, want string) {
	t.Helper()
	if g, w := namesIn(t, got), namesIn(t, want); !slices.Equal(g, w) {
		t.Errorf("files %q, want %q", g, w)
	}
	for _, file := range namesIn(t, want) {
		g, w := filepath.Join(got, file), filepath.Join(want, file)
		switch {
		case file == LogFile || file == LockFile || file == PreviousFile || file == ReportFile: // of times, or of when they were written
		case strings.HasSuffix(file, ".ckpt") || strings.HasSuffix(file, ".gob"):
			sameArchive(t, g, w)
		case file == LinesFile:
			if g, w := untimedLines(t, g), untimedLines(t, w); !slices.Equal(g, w) {
				t.Errorf("%s: %+v, want %+v", file, g, w)
			}
		case file == MetricsFile:
			if g, w := untimed(t, g), untimed(t, w); !reflect.DeepEqual(g, w) {
				t.Errorf("%s: %q, want %q", file, g, w)
			}
		default:
			if g, w := content(t, g), content(t, w); g != w {
				t.Errorf("%s: %d bytes differ from %d", file, len(g), len(w))
			}
		}
	}
}

func namesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !strings.HasPrefix(e.Name(), "events.") {
			name, _ := filepath.Rel(dir, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// untimed is a table without the columns of times.
func untimed(t *testing.T, path string) [][]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(content(t, path))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	timed := func(column string) bool {
		return strings.HasSuffix(column, "seconds") || strings.HasSuffix(column, "_per_second") || column == "data_wait"
	}
	head := slices.Clone(lines[0])
	for i, line := range lines {
		k := -1
		lines[i] = slices.DeleteFunc(line, func(string) bool { k++; return timed(head[k]) })
	}
	return lines
}

// untimedLines is metrics.jsonl without times.
func untimedLines(t *testing.T, path string) (list []EpochResult) {
	t.Helper()
	for line := range strings.Lines(content(t, path)) {
		var r EpochResult
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		withoutTimes(&r)
		list = append(list, r)
	}
	return list
}

func withoutTimes(r *EpochResult) {
	r.Seconds, r.EvalSeconds, r.DataWait, r.ImagesPerSecond, r.TokensPerSecond = 0, 0, 0, 0, 0
}

func sameArchive(t *testing.T, got, want string) {
	t.Helper()
	var sides [2]*weights.Archive
	for i, path := range []string{got, want} {
		a, err := weights.Load(path)
		if err != nil {
			t.Error(err)
			return
		}
		if s, ok := a.Get(runSection, stateName); ok {
			var p progress
			if err := json.Unmarshal(s.Values.([]byte), &p); err != nil {
				t.Fatal(err)
			}
			p.Seconds, p.Wait = 0, 0
			for k := range p.History {
				withoutTimes(&p.History[k])
			}
			s.Values, _ = json.Marshal(&p)
			s.Shape = nil
		}
		sides[i] = a
	}
	if !reflect.DeepEqual(sides[0], sides[1]) {
		t.Errorf("%s differs from %s", got, want)
	}
}
