// Package pretrained has trained weights inside: those that docs/results.md and
// docs/models.md tell the making of, each in a file of less than 3 MB. They are
// read from the program itself, without a network or files beside it.
//
// A program that imports this package is larger by all of them.
package pretrained

import (
	"bytes"
	"cmp"
	"embed"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// files are DATA/MODEL.gob and, for those whose values have 16 bits, DATA/MODEL.safetensors.
//
//go:embed files
var files embed.FS

// Entry is a set of weights.
type Entry struct {
	// Model is the name of the registered model, "resnet20", and Data that of what
	// it was trained on, "cifar10".
	Model, Data string
	// Size is that of the file in bytes.
	Size int
	// Meta is the model card: classes, preparation of the input, what was measured
	// on data that were not trained on, the settings of the training, where the
	// weights come from and their licence.
	Meta weights.Meta

	file string // in files
}

// List returns what there is, by the names of models and data.
func List() []Entry { return slices.Clone(entries()) }

// entries reads the cards. That of a file which cannot be read stays empty, which a
// test excludes.
var entries = sync.OnceValue(func() []Entry {
	var list []Entry
	names, _ := fs.Glob(files, "files/*/*")
	for _, name := range names {
		e := Entry{Model: strings.TrimSuffix(path.Base(name), path.Ext(name)), Data: path.Base(path.Dir(name)), file: name}
		if a, size, err := read(name); err == nil {
			e.Meta, e.Size = a.Meta, size
		}
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Data, b.Data))
	})
	return list
})

// Archive returns the weights of a model that was trained on data. Either name may
// be empty if the other leaves no choice.
func Archive(model, data string) (*weights.Archive, error) {
	e, err := Find(model, data)
	if err != nil {
		return nil, err
	}
	a, _, err := read(e.file)
	return a, err
}

// read returns what is in a file, and its size.
func read(name string) (a *weights.Archive, size int, err error) {
	content, err := files.ReadFile(name)
	if err != nil {
		return nil, 0, err
	}
	a, err = weights.Read(bytes.NewReader(content), int64(len(content)))
	return a, len(content), err
}

// Load returns a model with its weights. The names are those of Archive; options
// are laid over the configuration that the weights are for.
func Load(model, data string, opts ...zoo.Option) (*zoo.Pretrained, error) {
	return LoadFitting(model, data, new(weights.Fitting), opts...)
}

// LoadFitting is Load for weights that are to be changed to fit the model, as
// zoo.LoadFitting does.
func LoadFitting(model, data string, f *weights.Fitting, opts ...zoo.Option) (*zoo.Pretrained, error) {
	a, err := Archive(model, data)
	if err != nil {
		return nil, err
	}
	p, err := zoo.FromArchive(a, model, f, opts...)
	return p, errors.Wrap(err, "pretrained weights")
}

// Find returns the one entry of these names. It tells an unknown name, with the
// nearest one that there is, or that the names do not decide.
func Find(model, data string) (Entry, error) {
	list, err := narrow(entries(), data, "data", func(e Entry) string { return e.Data })
	if err != nil {
		return Entry{}, err
	}
	list, err = narrow(list, model, "a model", func(e Entry) string { return e.Model })
	if err != nil {
		return Entry{}, err
	}
	if len(list) > 1 {
		var names []string
		for _, e := range list {
			names = append(names, e.Model+" of "+e.Data)
		}
		return Entry{}, errors.Errorf("more than one set of pretrained weights is meant: want one of %s", strings.Join(names, ", "))
	}
	return list[0], nil
}

// narrow keeps the entries that have a name, all if it is empty.
func narrow(list []Entry, name, what string, of func(Entry) string) ([]Entry, error) {
	if name == "" {
		return list, nil
	}
	var kept []Entry
	var names []string
	for _, e := range list {
		if of(e) == name {
			kept = append(kept, e)
		}
		if !slices.Contains(names, of(e)) {
			names = append(names, of(e))
		}
	}
	if len(kept) == 0 {
		return nil, errors.Errorf("no pretrained weights for %s called %q; %s", what, name, nearest.Hint(name, names))
	}
	return kept, nil
}
