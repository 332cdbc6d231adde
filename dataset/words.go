package dataset

import (
	"strings"

	"github.com/pkg/errors"
)

// wordFiles are the names that the texts of words may have: those of torch's
// examples and those of WikiText.
var wordFiles = struct{ train, val, test []string }{
	train: []string{"train.txt", "wiki.train.tokens"},
	val:   []string{"valid.txt", "wiki.valid.tokens"},
	test:  []string{"test.txt", "wiki.test.tokens"},
}

// openWords opens a folder of texts by words.
func openWords(dir string, o TextOptions) (*Text, error) {
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	path, train, err := readWords(dir, wordFiles.train)
	if err != nil {
		return nil, err
	}
	text := &Text{Vocab: o.Vocab}
	if text.Vocab == nil {
		if text.Vocab, err = NewWords(train, o.MinCount); err != nil {
			return nil, errors.WithMessage(err, path)
		}
	}
	if text.Train, err = encodeFile(text.Vocab, path, train); err != nil {
		return nil, err
	}
	if text.Val, err = openSplit(text.Vocab, dir, wordFiles.val); err != nil {
		return nil, err
	}
	if _, err := findFile(dir, []string{""}, wordFiles.test); err == nil {
		if text.Test, err = openSplit(text.Vocab, dir, wordFiles.test); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// openSplit reads and encodes the first of names that is in dir.
func openSplit(v *Vocabulary, dir string, names []string) (*Corpus, error) {
	path, text, err := readWords(dir, names)
	if err != nil {
		return nil, err
	}
	return encodeFile(v, path, text)
}

// readWords reads the first of names that is in dir. Its last line has an end
// even if the file has none there.
func readWords(dir string, names []string) (path, text string, err error) {
	if path, err = findFile(dir, []string{""}, names); err != nil {
		return "", "", err
	}
	if text, err = readText(path); err != nil {
		return "", "", err
	}
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return path, text, nil
}

// encodeFile makes one document of the text of a file: as in torch's example,
// the state of a model runs on from line to line.
func encodeFile(v *Vocabulary, path, text string) (*Corpus, error) {
	tokens, err := v.encode(text)
	if err != nil {
		return nil, errors.WithMessage(err, path)
	}
	c := new(Corpus)
	c.add(tokens)
	return c, nil
}
