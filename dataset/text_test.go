package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func openText(t testing.TB, spec string, o TextOptions) *Text {
	t.Helper()
	text, err := OpenText(spec, o)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// decoded returns the text of a corpus.
func decoded(v *Vocabulary, c *Corpus) string {
	ids := make([]int, c.Len())
	for i, token := range c.Tokens() {
		ids[i] = int(token)
	}
	return v.Decode(ids)
}

func writeText(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTextKinds(t *testing.T) {
	for spec, want := range map[string]bool{
		"text:a": true, "words:b": true, "sentences": true, "text": true, "glyphs": false, "mnist:text": false, "": false, "textual:a": false,
	} {
		if IsText(spec) != want {
			t.Errorf("IsText(%q) = %v", spec, !want)
		}
	}
	for _, name := range Kinds() {
		if IsText(name) {
			t.Errorf("%s is of images and of text", name)
		}
	}
}

func TestOpenCharacters(t *testing.T) {
	dir := writeText(t, map[string]string{
		"b.txt":   "0123456789",
		"a.txt":   "\ufeffabcde\r\nfgé\rh",
		"c.md":    "not a text",
		"sub.txt": "vwxyz",
	})
	if err := os.Mkdir(filepath.Join(dir, "folder.txt"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, path, train, val string
		trainStarts, valStarts []int
	}{
		{"a file", "b.txt", "012345678", "9", []int{0}, []int{0}},
		{"a file from Windows", "a.txt", "abcde\nfgé", "\rh", []int{0}, []int{0}},
		{"a folder", "", "abcde\nfgé\rh0123456789vw", "xyz", []int{0, 11, 21}, []int{0}},
	} {
		text := openText(t, "text:"+filepath.Join(dir, c.path), TextOptions{})
		train, val := decoded(text.Vocab, text.Train), decoded(text.Vocab, text.Val)
		if train != c.train || val != c.val {
			t.Errorf("%s: %q and %q, want %q and %q", c.name, train, val, c.train, c.val)
		}
		wantStarts(t, c.name+", training", text.Train, c.trainStarts...)
		wantStarts(t, c.name+", validation", text.Val, c.valStarts...)
		if text.Kind != "text" || text.Test != nil || text.Vocab.Unit() != CharacterUnit {
			t.Errorf("%s: %s, %s", c.name, text.Kind, text.Vocab.Unit())
		}
	}
}

func TestOpenWords(t *testing.T) {
	files := map[string]string{"train.txt": "\n a b b\nc", "valid.txt": "c d\n"}
	text := openText(t, "words:"+writeText(t, files), TextOptions{})
	if got := decoded(text.Vocab, text.Train); got != "\na b b\nc\n" {
		t.Errorf("training text %q", got)
	}
	if got := decoded(text.Vocab, text.Val); got != "c <unk>\n" || text.Test != nil {
		t.Errorf("validation text %q", got)
	}
	wantStarts(t, "training", text.Train, 0)
	wiki := writeText(t, map[string]string{"wiki.train.tokens": "a b b\n", "wiki.valid.tokens": "b\n", "wiki.test.tokens": "a"})
	text = openText(t, "words:"+wiki, TextOptions{MinCount: 2})
	if got := decoded(text.Vocab, text.Test); got != "<unk>\n" || text.Vocab.Len() != 3 {
		t.Errorf("test text %q, %d words", got, text.Vocab.Len())
	}
}

// The vocabulary of saved weights encodes any text.
func TestOpenTextWithVocabulary(t *testing.T) {
	file := filepath.Join(writeText(t, map[string]string{"a.txt": "abba"}), "a.txt")
	v := characters(t, "xyzab")
	text := openText(t, "text:"+file, TextOptions{Vocab: v})
	if text.Vocab != v || text.Train.Tokens()[0] != 0 || text.Train.Tokens()[1] != 1 || decoded(v, text.Train) != "abb" {
		t.Errorf("tokens %v", text.Train.Tokens())
	}
	_, err := OpenText("text:"+file, TextOptions{Vocab: characters(t, "ac")})
	wantError(t, err, `a.txt: unknown character "b" at position 1: the vocabulary has 2 characters: "ac"`)
	_, err = OpenText("text:"+file, TextOptions{Vocab: words(t, "a", 1)})
	wantError(t, err, "data set text is read by characters, and the vocabulary given is one of words")
	_, err = OpenText("sentences", TextOptions{Vocab: v})
	wantError(t, err, "sentences: unknown character")
	dir := writeText(t, map[string]string{"train.txt": "a", "valid.txt": "a b"})
	plain, err := RestoreVocabulary(WordUnit, []string{"b", EndToken})
	if err != nil {
		t.Fatal(err)
	}
	_, err = OpenText("words:"+dir, TextOptions{Vocab: plain})
	wantError(t, err, `train.txt: unknown word "a" at position 0: the vocabulary has 2 words, and no <unk>`)
	if got := openText(t, "words:"+dir, TextOptions{Vocab: words(t, "b", 1)}); decoded(got.Vocab, got.Val) != "<unk> b\n" {
		t.Errorf("validation %v", got.Val.Tokens())
	}
}

func TestOpenTextErrors(t *testing.T) {
	dir := writeText(t, map[string]string{
		"empty.txt": "", "one.txt": "aaaa", "binary.bin": "ab\x00\x01", "latin.txt": "caf\xe9", "late.txt": "a\nb\nc\xff", "bom.txt": "\ufeff",
	})
	huge := filepath.Join(dir, "huge")
	if err := os.WriteFile(huge, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(huge, 1<<31); err != nil { // takes no room on the disk
		t.Fatal(err)
	}
	path := func(name string) string { return "text:" + filepath.Join(dir, name) }
	for _, c := range []struct {
		spec string
		o    TextOptions
		want string
	}{
		{spec: "word:a", want: `unknown data set of text "word": did you mean words? known are text, words, sentences`},
		{spec: "mnist:a", want: `unknown data set of text "mnist": known are`},
		{spec: "text", want: "data set text needs a path: text:PATH"},
		{spec: "words:", want: "data set words needs a path: words:DIR"},
		{spec: "sentences:a", want: `data set sentences takes no path, found "a"`},
		{spec: "text:no/such/file", want: "no/such/file: want a file or folder of text, found nothing"},
		{spec: "words:no/such/folder", want: "no/such/folder: want a folder, found nothing"},
		{spec: "words:text_test.go", want: "text_test.go: want a folder, found a file"},
		{spec: path("empty.txt"), want: "empty.txt: the text is empty"},
		{spec: path("bom.txt"), want: "bom.txt: the text is empty"},
		{spec: path("one.txt"), want: "one.txt: a vocabulary of 1 token: want at least 2"},
		{spec: path("binary.bin"), want: "binary.bin: this is no text: byte 2 is zero"},
		{spec: path("latin.txt"), want: "latin.txt: invalid UTF-8 at byte 3, in line 1"},
		{spec: path("late.txt"), want: "late.txt: invalid UTF-8 at byte 5, in line 3"},
		{spec: path("huge"), want: "huge: 2147483648 bytes of text: want at most 2147483647"},
		{spec: "text:" + os.DevNull, want: "want a file of text, found something else"},
		{spec: "text:" + dir, want: "bom.txt: the text is empty"},
		{spec: "text:" + writeText(t, nil), want: "no .txt file in this folder"},
		{spec: "words:" + writeText(t, nil), want: "train.txt or wiki.train.tokens is missing"},
		{spec: "words:" + writeText(t, map[string]string{"train.txt": "a"}), want: "valid.txt or wiki.valid.tokens is missing"},
		{spec: "words:" + writeText(t, map[string]string{"train.txt": "", "valid.txt": "a"}), want: "train.txt: the text is empty"},
		{spec: "words:" + writeText(t, map[string]string{"train.txt": "a", "valid.txt": "a\x00"}), want: "valid.txt: this is no text"},
		{spec: "words:" + writeText(t, map[string]string{"train.txt": "a", "valid.txt": "a", "test.txt": "\xff"}), want: "test.txt: invalid UTF-8"},
		{spec: "words:" + writeText(t, map[string]string{"train.txt": "a", "valid.txt": "a"}), o: TextOptions{MinCount: 2}, want: "no word occurs 2 times"},
		{spec: "sentences", o: TextOptions{TrainLen: -1}, want: "sentences: -1 characters: want at least 1"},
		{spec: "sentences", o: TextOptions{TrainLen: 1, ValLen: -1}, want: "sentences: -1 characters: want at least 1"},
	} {
		_, err := OpenText(c.spec, c.o)
		wantError(t, err, c.want)
	}
}

// Whatever is in a file, it is read whole or is an error of one line.
func FuzzOpenText(f *testing.F) {
	f.Add([]byte("To be, or not to be\r\n"), []byte("that is"))
	f.Add([]byte("\ufeffa\x00"), []byte{0xff})
	f.Add([]byte("a"), []byte(""))
	f.Fuzz(func(t *testing.T, train, val []byte) {
		dir := writeText(t, map[string]string{"train.txt": string(train), "valid.txt": string(val)})
		for _, spec := range []string{"text:" + filepath.Join(dir, "train.txt"), "text:" + dir, "words:" + dir} {
			text, err := OpenText(spec, TextOptions{})
			if err != nil {
				if strings.Contains(err.Error(), "\n") {
					t.Errorf("%q", err)
				}
				continue
			}
			for _, c := range []*Corpus{text.Train, text.Val} {
				if c.Len() == 0 || c.Documents()[0] != 0 {
					t.Errorf("%s: %d tokens, documents from %v", spec, c.Len(), c.Documents())
				}
				for _, token := range c.Tokens() {
					if token < 0 || int(token) >= text.Vocab.Len() {
						t.Fatalf("%s: token %d of %d", spec, token, text.Vocab.Len())
					}
				}
			}
		}
	})
}

func TestTinyShakespeare(t *testing.T) {
	text := openText(t, "text:"+realData(t, "text/tinyshakespeare.txt"), TextOptions{})
	// The lengths that nanoGPT's prepare.py reports.
	if text.Vocab.Len() != 65 || text.Train.Len() != 1003854 || text.Val.Len() != 111540 {
		t.Errorf("%d characters in the vocabulary, %d for training, %d for validation", text.Vocab.Len(), text.Train.Len(), text.Val.Len())
	}
	if got := strings.Join(text.Vocab.Tokens(), ""); got != "\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" {
		t.Errorf("vocabulary %q", got)
	}
	if got := decoded(text.Vocab, text.Train); !strings.HasPrefix(got, "First Citizen:\nBefore we proceed any further, hear me speak.\n") {
		t.Errorf("training text %.60q", got)
	}
	_, err := text.Vocab.Encode("caffé")
	wantError(t, err, `unknown character "é" at position 4: the vocabulary has 65 characters: "\n !$&',-.3:;?ABC..."`)
}

// The tokens of WikiText-2 are counted in the paper: Merity et al. 2017, table 1.
func TestWikiText2(t *testing.T) {
	dir := t.TempDir()
	for name, file := range map[string]string{
		"train.txt": "text/wikitext-2.valid.txt", "valid.txt": "text/wikitext-2.valid.txt", "test.txt": "text/wikitext-2.test.txt",
	} {
		data, err := os.ReadFile(realData(t, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text := openText(t, "words:"+dir, TextOptions{})
	if text.Val.Len() != 217646 || text.Test.Len() != 245569 || text.Vocab.Len() != 13777 {
		t.Errorf("%d and %d tokens, %d words", text.Val.Len(), text.Test.Len(), text.Vocab.Len())
	}
}
