package train

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/gorgonia-zoo/modelzoo/dataset"
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
	path := t.dir.path(SamplesFile)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return plain(path, err)
	}
	_, err = fmt.Fprintf(f, "---------- epoch %d, %s ----------\n%s\n\n", epoch, t.progress.History[epoch-1].Summary(), text)
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return plain(path, err)
	}
	return nil
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
