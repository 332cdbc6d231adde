package zoo

import (
	"path"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/nearest"
)

// Entry is a registered model.
type Entry struct {
	// Name is unique, "resnet18".
	Name string
	// Architecture is the configuration, at its usual input size and number of
	// classes.
	Architecture Architecture
	// Params is the number of trained scalars, and MACs the number of
	// multiply-adds of convolutions, linear and recurrent layers for one image or,
	// of a language model, one token. Both are recomputed by a test.
	Params int
	MACs   int64
	// Source names the paper.
	Source string
}

// registry keeps the entries in the order in which they were registered.
var registry []Entry

// Register adds a model, so that New, and the commands built with this package,
// know it by name. It is meant to be called from init functions.
func Register(e Entry) error {
	switch {
	case e.Name == "" || strings.ContainsAny(e.Name, "*?[]\\/ \t\n"):
		return errors.Errorf("%q is no name for a model: want letters, digits, '_', '-' and '.'", e.Name)
	case find(e.Name) >= 0:
		return errors.Errorf("model %s is registered already", e.Name)
	case e.Architecture == nil:
		return errors.Errorf("model %s has no architecture", e.Name)
	}
	if err := e.Architecture.Validate(); err != nil {
		return errors.Wrap(err, e.Name)
	}
	registry = append(registry, e)
	return nil
}

// Lookup returns the entry of that name. For an unknown name the error gives
// the nearest ones.
func Lookup(name string) (Entry, error) {
	if i := find(name); i >= 0 {
		return registry[i], nil
	}
	if near := nearest.Of(name, names(registry)); len(near) > 0 {
		return Entry{}, errors.Errorf("no model %q; the nearest names are %s", name, strings.Join(near, ", "))
	}
	return Entry{}, errors.Errorf("no model %q; there are %s", name, strings.Join(names(registry), ", "))
}

// List returns the entries whose names match the pattern, in which * stands for
// any characters and ? for one (path.Match); an empty pattern matches all.
func List(pattern string) ([]Entry, error) {
	if pattern == "" {
		pattern = "*"
	}
	var found []Entry
	for _, e := range registry {
		ok, err := path.Match(pattern, e.Name)
		if err != nil {
			return nil, errors.Errorf("pattern %q: %v", pattern, err)
		}
		if ok {
			found = append(found, e)
		}
	}
	return found, nil
}

// Names returns the names that match the pattern; see List.
func Names(pattern string) ([]string, error) {
	found, err := List(pattern)
	return names(found), err
}

func names(entries []Entry) []string {
	n := make([]string, len(entries))
	for i, e := range entries {
		n[i] = e.Name
	}
	return n
}

func find(name string) int {
	for i, e := range registry {
		if e.Name == name {
			return i
		}
	}
	return -1
}
