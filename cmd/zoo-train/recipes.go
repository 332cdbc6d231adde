package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/pkg/errors"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gorgonia-zoo/modelzoo/train"
)

// origin is where the settings that no flag gives are from.
type origin struct {
	file, recipe string
}

func (o *origin) register(flags *pflag.FlagSet) {
	flags.StringVar(&o.recipe, "recipe", "", "the settings of the recipe of that `NAME`, see zoo-train recipes; flags override it")
	flags.StringVar(&o.file, "config", "", "settings in a YAML `FILE`, such as the config.yaml of a run; flags override it")
}

// config returns the settings, in which names take the place of the origin's own.
func (o origin) config(names train.Names) (train.Config, error) {
	switch {
	case o.file != "" && o.recipe != "":
		return train.Config{}, errors.New("--config and --recipe: want one of them")
	case o.recipe != "":
		return train.RecipeConfig(o.recipe, names)
	case o.file != "":
		return train.ReadConfig(o.file, names)
	}
	return train.ParseConfig(nil, names)
}

func newRecipesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "recipes",
		Short: "List the recipes: settings that have a name",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			list, err := train.NamedRecipes()
			if err != nil {
				return err
			}
			w := tabwriter.NewWriter(c.OutOrStdout(), 0, 0, 2, ' ', 0)
			for _, r := range list {
				fmt.Fprintf(w, "%s\t%s\n\tResult: %s\n\tReference: %s\n", r.Name, r.About, r.Result, r.Reference)
			}
			return w.Flush()
		},
	}
}
