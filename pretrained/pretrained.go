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

// Name is what a set of weights is known by.
type Name struct {
	// Model is that of the registered model, "resnet20", and Data that of what it was
	// trained on, "cifar10".
	Model, Data string

	file string // in files
}

// Entry is a set of weights and its card.
type Entry struct {
	Name
	// Size is that of the file in bytes.
	Size int
	// Meta is the model card: classes or vocabulary, preparation of the input, what was
	// measured (on data that were not trained on; of a GAN, the losses of its last
	// epoch), the settings of the training, where the weights come from and their licence.
	Meta weights.Meta
}

// List returns what there is, by the names of models and data.
func List() []Entry { return slices.Clone(entries()) }

// entries reads the cards. That of a file which cannot be read stays empty, which a
// test excludes.
var entries = sync.OnceValue(func() []Entry {
	var list []Entry
	for _, n := range names() {
		e := Entry{Name: n}
		if a, size, err := read(n.file); err == nil {
			e.Meta, e.Size = a.Meta, size
		}
		list = append(list, e)
	}
	return list
})

// names lists the files without reading them, so that a program which uses one set of
// weights does not wait for the others.
var names = sync.OnceValue(func() []Name {
	var list []Name
	found, _ := fs.Glob(files, "files/*/*")
	for _, file := range found {
		list = append(list, Name{strings.TrimSuffix(path.Base(file), path.Ext(file)), path.Base(path.Dir(file)), file})
	}
	slices.SortFunc(list, func(a, b Name) int {
		return cmp.Or(cmp.Compare(a.Model, b.Model), cmp.Compare(a.Data, b.Data))
	})
	return list
})

// Archive returns the weights of a model that was trained on data. Either name may
// be empty if the other leaves no choice.
func Archive(model, data string) (*weights.Archive, error) {
	n, err := Find(model, data)
	if err != nil {
		return nil, err
	}
	a, _, err := read(n.file)
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

// Find returns the name of the one set of weights that has these names, of which either
// may be empty if the other leaves no choice. It tells an unknown name, with the nearest
// one that there is, or that the names do not decide.
func Find(model, data string) (Name, error) {
	list, err := narrow(names(), data, "data", func(n Name) string { return n.Data })
	if err != nil {
		return Name{}, err
	}
	list, err = narrow(list, model, "a model", func(n Name) string { return n.Model })
	if err != nil {
		return Name{}, err
	}
	if len(list) > 1 {
		return Name{}, undecided(model, data, list)
	}
	return list[0], nil
}

// undecided is the error of names that leave a choice.
func undecided(model, data string, list []Name) error {
	join := func(of func(Name) string) string {
		var all []string
		for _, n := range list {
			all = append(all, of(n))
		}
		return strings.Join(all, ", ")
	}
	switch {
	case data != "":
		return errors.Errorf("several models have pretrained weights of %s, name the one: %s", data, join(func(n Name) string { return n.Model }))
	case model != "":
		return errors.Errorf("%s has several sets of pretrained weights, name the data: %s", model, join(func(n Name) string { return n.Data }))
	}
	return errors.Errorf("there are several sets of pretrained weights, name model and data: %s", join(func(n Name) string { return n.Model + " of " + n.Data }))
}

// narrow keeps the names that have a part, all if it is empty.
func narrow(list []Name, part, what string, of func(Name) string) ([]Name, error) {
	if part == "" {
		return list, nil
	}
	var kept []Name
	var all []string
	for _, n := range list {
		if of(n) == part {
			kept = append(kept, n)
		}
		if !slices.Contains(all, of(n)) {
			all = append(all, of(n))
		}
	}
	if len(kept) == 0 {
		return nil, errors.Errorf("no pretrained weights for %s called %q; %s", what, part, nearest.Hint(part, all))
	}
	return kept, nil
}
