package train

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// sampleTokens is the length of the text that a run shows of itself, by the unit
// of the vocabulary.
var sampleTokens = map[string]int{dataset.CharacterUnit: 500, dataset.WordUnit: 100}

// artifacts adds to samples.txt what the model has to say after the epoch. A model
// that cannot say anything is no reason to end the run.
func (t *writer) artifacts(bool) error {
	if t.decoder == nil {
		d, err := t.model.NewDecoder(t.shown())
		if err != nil {
			return err
		}
		t.decoder = d
	}
	epoch := len(t.progress.History)
	text, err := t.sample(uint64(epoch))
	if err != nil {
		t.log.Warn("no sample", slog.Int("epoch", epoch), slog.String("reason", err.Error()))
		text = "(none: " + err.Error() + ")"
	}
	t.said = text
	return t.dir.addSample(epoch, t.progress.History[epoch-1].Summary(), text)
}

// addSample adds a text to samples.txt, in place of those of this epoch and later
// ones that a run has left that could not save itself.
func (f folder) addSample(epoch int, summary, text string) error {
	path := f.path(SamplesFile)
	before, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return plain(path, err)
	}
	heading := fmt.Sprintf("---------- epoch %d, ", epoch)
	if !bytes.HasPrefix(before, []byte(heading)) {
		heading = "\n" + heading // of a section behind others
	}
	if at := bytes.LastIndex(before, []byte(heading)); at >= 0 {
		before = before[:at+strings.Index(heading, "-")]
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s---------- epoch %d, %s ----------\n%s\n\n", before, epoch, summary, text)
		return err
	})
}

// exhibits is the sample of the epoch.
func (t *writer) exhibits() ([]exhibit, error) {
	return []exhibit{{name: "sample", text: t.said}}, nil
}

// sample continues the end of a line.
func (t *writer) sample(epoch uint64) (string, error) {
	v := t.text.Vocab
	var tokens []int
	s := zoo.Sampling{Temperature: 0.8, Seed: rng.New(t.config.Seed, "samples", epoch).Uint64()}
	err := t.decoder.Generate([]int{v.LineStart()}, sampleTokens[v.Unit()], s, func(token int) bool {
		tokens = append(tokens, token)
		return true
	})
	return v.Decode(tokens), err
}
