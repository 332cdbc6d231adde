package dataset

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"
)

// Text is an opened data set of text.
type Text struct {
	Kind  string // what the specification begins with, such as "words"
	Vocab *Vocabulary
	Train *Corpus
	Val   *Corpus
	Test  *Corpus // nil where the set has none
}

// TextOptions are settings of [OpenText]. The zero TextOptions are the defaults.
type TextOptions struct {
	// Vocab encodes the text, as that of saved weights must; by default the
	// text gets a vocabulary of its own.
	Vocab *Vocabulary

	// MinCount is how often a word must occur in the training text of words to
	// be in their vocabulary; 0 is 1.
	MinCount int

	// Seed chooses the sentences.
	Seed uint64

	// TrainLen and ValLen are how many characters sentences have; default
	// [SentencesTrainLen] and [SentencesValLen].
	TrainLen, ValLen int
}

// textKind is one of the data sets of text that can be opened.
type textKind struct {
	name   string
	unit   string // of its vocabulary
	path   string // what to call its path; "" if it has none
	opener func(path string, o TextOptions) (*Text, error)
}

var textKinds = []textKind{
	{"text", CharacterUnit, "PATH", openCharacters},
	{"words", WordUnit, "DIR", openWords},
	{"sentences", CharacterUnit, "", openSentences},
}

// TextKinds returns the names that a specification of text may begin with.
func TextKinds() []string {
	names := make([]string, len(textKinds))
	for i := range textKinds {
		names[i] = textKinds[i].name
	}
	return names
}

// IsText reports whether a specification is one for [OpenText].
func IsText(spec string) bool {
	name, _, _ := strings.Cut(spec, ":")
	return slices.Contains(TextKinds(), name)
}

// OpenText opens the text that a specification names.
//
//	text:PATH    characters of a file, or of a folder whose .txt files, in the
//	             order of their names, are a document each; the first 90 % of
//	             the characters are for training, the others for validation
//	words:DIR    words of train.txt, valid.txt and, if it is there, test.txt,
//	             or of wiki.train.tokens and so on; the vocabulary is that of
//	             the training text, and each line end is a token
//	sentences    English sentences made by a grammar; needs no file
//
// Files are UTF-8; a byte order mark at the beginning is left out, and lines
// may end as on Windows. Text is read into memory. A missing, empty or binary
// file is an error of one line.
func OpenText(spec string, o TextOptions) (*Text, error) {
	name, path, _ := strings.Cut(spec, ":")
	i := slices.Index(TextKinds(), name)
	if i < 0 {
		return nil, unknownKind("data set of text", name, TextKinds())
	}
	k := textKinds[i]
	switch {
	case k.path == "" && path != "":
		return nil, errors.Errorf("data set %s takes no path, found %q", name, path)
	case k.path != "" && path == "":
		return nil, errors.Errorf("data set %s needs a path: %s:%s", name, name, k.path)
	case o.Vocab != nil && o.Vocab.Unit() != k.unit:
		return nil, errors.Errorf("data set %s is read by %ss, and the vocabulary given is one of %ss", name, k.unit, o.Vocab.Unit())
	}
	text, err := k.opener(path, o)
	if err != nil {
		return nil, errors.WithMessage(err, name)
	}
	text.Kind = name
	return text, nil
}

// openCharacters opens a file or a folder of files by characters.
func openCharacters(path string, o TextOptions) (*Text, error) {
	paths, err := textFiles(path)
	if err != nil {
		return nil, err
	}
	documents := make([]string, len(paths))
	for i := range paths {
		if documents[i], err = readText(paths[i]); err != nil {
			return nil, err
		}
	}
	vocab := o.Vocab
	if vocab == nil {
		if vocab, err = NewCharacters(strings.Join(documents, "")); err != nil {
			return nil, errors.WithMessage(err, path)
		}
	}
	all := new(Corpus)
	for i, document := range documents {
		tokens, err := vocab.encode(document)
		if err != nil {
			return nil, errors.WithMessage(err, paths[i])
		}
		all.add(tokens)
	}
	text := &Text{Vocab: vocab}
	text.Train, text.Val = all.split(all.Len() * 9 / 10)
	return text, nil
}

// textFiles returns path if it is a file, and the .txt files in it if it is a
// folder.
func textFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, pathError(err, "a file or folder of text")
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path) // in the order of their names
	if err != nil {
		return nil, errors.WithStack(err)
	}
	var paths []string
	for _, e := range entries {
		if file := filepath.Join(path, e.Name()); filepath.Ext(file) == ".txt" && isFile(file) {
			paths = append(paths, file)
		}
	}
	if len(paths) == 0 {
		return nil, errors.Errorf("%s: no .txt file in this folder", path)
	}
	return paths, nil
}

// readText reads a file of text.
func readText(path string) (string, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return "", pathError(err, "a file of text")
	case !info.Mode().IsRegular():
		return "", errors.Errorf("%s: want a file of text, found something else", path)
	case info.Size() > math.MaxInt32:
		return "", errors.Errorf("%s: %d bytes of text: want at most %d", path, info.Size(), math.MaxInt32)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", errors.WithStack(err)
	}
	text := decodeText(data)
	return text, errors.WithMessage(checkText(text), path)
}

// decodeText removes what editors on Windows add.
func decodeText(data []byte) string {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	return string(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
}

// checkText reports what is no text.
func checkText(text string) error {
	if text == "" {
		return errors.New("the text is empty")
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return errors.Errorf("this is no text: byte %d is zero", i)
	}
	return checkUTF8(text)
}

// checkUTF8 reports where a text stops being UTF-8.
func checkUTF8(text string) error {
	if utf8.ValidString(text) {
		return nil
	}
	at := 0
	for {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return errors.Errorf("invalid UTF-8 at byte %d, in line %d", at, 1+strings.Count(text[:at], "\n"))
}
