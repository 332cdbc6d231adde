package train

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pkg/errors"
	"go.yaml.in/yaml/v3"

	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/internal/tfevents"
)

// The files of a run folder.
const (
	ConfigFile     = "config.yaml"     // every setting: enough to run again
	MetricsFile    = "metrics.csv"     // a line for each epoch
	LinesFile      = "metrics.jsonl"   // the same as JSON
	ReportFile     = "report.html"     // all that there is to see, for a browser
	LogFile        = "log.txt"         // what happened when
	LastFile       = "last.ckpt"       // where the run has got to
	BestFile       = "best.ckpt"       // where its top-1, or the loss of a language model, was best
	WeightsFile    = "weights.gob"     // the model of BestFile alone
	CurvesFile     = "curves.png"      // losses and what else is measured over the epochs
	SamplesFile    = "samples.txt"     // of a language model: what it writes after each epoch
	SamplesDir     = "samples"         // of a GAN: images from the same noise after each epoch
	ConfusionFile  = "confusion.png"   // of a classifier: which classes the model of BestFile confuses
	EvaluationFile = "evaluation.json" // of a classifier: how that model did, class by class
)

var runFiles = []string{ConfigFile, MetricsFile, LinesFile, LogFile, LastFile, PreviousFile, BestFile, WeightsFile, CurvesFile, SamplesFile, ConfusionFile, ReportFile, EvaluationFile}

// folder is a run folder.
type folder string

func (f folder) path(file string) string { return filepath.Join(string(f), file) }

// DefaultDir returns a folder for a run of that model and data set that begins
// now: runs/resnet20-glyphs-20060102-150405.
func DefaultDir(c Config, now time.Time) string {
	kind, _, _ := strings.Cut(c.Data, ":")
	return filepath.Join("runs", c.Model+"-"+kind+now.Format("-20060102-150405"))
}

// create makes the folder.
func (f folder) create() error {
	return errors.Wrap(plain(string(f), os.MkdirAll(string(f), 0o777)), "cannot make the run folder")
}

// clear makes way for a new run. If there is a run in the folder already, that is
// an error or, with overwrite, the end of that run.
func (f folder) clear(overwrite bool) error {
	removed := false
	for _, file := range runFiles {
		_, err := os.Lstat(f.path(file))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err == nil && !overwrite:
			return errors.Errorf("%s holds a run already (%s): resume it, take another folder, or say to overwrite it", f, file)
		case err == nil:
			removed = true
			err = os.Remove(f.path(file))
		}
		if err != nil {
			return plain(f.path(file), err)
		}
	}
	if !removed {
		return nil
	}
	events, err := tfevents.Files(string(f))
	if err != nil {
		return err
	}
	for _, path := range append(append(events, f.keptFiles()...), f.path(DamagedFile), f.path(SamplesDir)) {
		if err := os.RemoveAll(path); err != nil {
			return plain(path, err)
		}
	}
	return nil
}

// openLog opens log.txt for more lines.
func (f folder) openLog() (*os.File, error) {
	file, err := os.OpenFile(f.path(LogFile), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return nil, errors.Wrap(plain(f.path(LogFile), err), "cannot write")
	}
	return file, nil
}

// writeConfig writes config.yaml.
func (f folder) writeConfig(c *Config) error {
	return atomicfile.WriteFile(f.path(ConfigFile), func(w io.Writer) error {
		e := yaml.NewEncoder(w)
		e.SetIndent(2)
		if err := e.Encode(c); err != nil {
			return err
		}
		return e.Close()
	})
}

// recipe returns the settings as YAML for those who get the weights: of files there
// is the name alone.
func (c Config) recipe() (string, error) {
	kind, path, _ := strings.Cut(c.Data, ":")
	if c.Data = kind; path != "" {
		c.Data += ":" + filepath.Base(path)
	}
	for _, file := range []*string{&c.Weights, &c.Map} {
		if *file != "" {
			*file = filepath.Base(*file)
		}
	}
	text, err := yaml.Marshal(&c)
	return string(text), errors.Wrap(err, "settings")
}

// writeMetrics writes metrics.csv and metrics.jsonl.
func (f folder) writeMetrics(history []EpochResult) error {
	err := atomicfile.WriteFile(f.path(LinesFile), func(w io.Writer) error { return writeLines(w, history) })
	if err != nil {
		return err
	}
	return atomicfile.WriteFile(f.path(MetricsFile), func(w io.Writer) error { return writeCSV(w, history) })
}

// readConfig reads the config.yaml of a run.
func (f folder) readConfig() (Config, error) {
	if info, err := os.Stat(string(f)); err != nil {
		return Config{}, plain(string(f), err)
	} else if !info.IsDir() {
		return Config{}, errors.Errorf("%s is a file, want a run folder", f)
	}
	c, err := ReadConfig(f.path(ConfigFile), Names{})
	if errors.Is(err, fs.ErrNotExist) {
		return c, errors.Errorf("%s is no run folder: there is no %s in it", f, ConfigFile)
	}
	return c, err
}

// plain says what the file system found without the name of the call.
func plain(path string, err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return errors.Wrap(err, path)
}
