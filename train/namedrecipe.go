package train

import (
	"embed"
	"io/fs"
	"path"
	"strings"

	"github.com/pkg/errors"
)

// NamedRecipe is a file of settings that the program has with it. It names a kind of
// data set, but not the folder.
type NamedRecipe struct {
	Name      string // "he2015"
	About     string // one line
	Reference string // where the settings are from
	Result    string // what they came to, or that it was not measured here
	Text      []byte // YAML, for ParseConfig
}

//go:embed recipes/*.yaml
var recipeFiles embed.FS

// NamedRecipes returns all recipes, by their names.
func NamedRecipes() ([]NamedRecipe, error) {
	files, err := fs.Glob(recipeFiles, "recipes/*.yaml")
	if err != nil {
		return nil, err
	}
	list := make([]NamedRecipe, len(files))
	for i, f := range files {
		text, err := recipeFiles.ReadFile(f)
		if err != nil {
			return nil, err
		}
		list[i] = parseRecipe(strings.TrimSuffix(path.Base(f), ".yaml"), text)
	}
	return list, nil
}

// parseRecipe reads what the comments at the head of a recipe say.
func parseRecipe(name string, text []byte) NamedRecipe {
	r := NamedRecipe{Name: name, Text: text}
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(comment, ": ")
		switch key {
		case "reference":
			r.Reference = value
		case "result":
			r.Result = value
		default:
			r.About = comment
		}
	}
	return r
}

// RecipeConfig returns the settings of a recipe, as ReadConfig does those of a
// file. A name that does not exist is an error that gives the nearest ones.
func RecipeConfig(name string, override Names) (Config, error) {
	list, err := NamedRecipes()
	if err != nil {
		return Config{}, err
	}
	var names []string
	for _, r := range list {
		if r.Name == name {
			c, err := ParseConfig(r.Text, override)
			return c, errors.Wrap(err, name)
		}
		names = append(names, r.Name)
	}
	return Config{}, unknown("recipe", name, names)
}
