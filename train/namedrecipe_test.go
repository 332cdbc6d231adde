package train

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/pretrained"
)

// Every recipe says where it is from and what it came to, names no folder, and can
// be as soon as there is one.
func TestNamedRecipes(t *testing.T) {
	list, err := NamedRecipes()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range list {
		names = append(names, r.Name)
		if r.About == "" || r.Reference == "" || r.Result == "" {
			t.Errorf("%+v: want a line about it, a reference and a result", r)
		}
		bare, err := RecipeConfig(r.Name, Names{})
		if err != nil {
			t.Error(err)
			continue
		}
		oneClearLine(t, bare.Validate(), "want "+bare.Data+":DIR")
		c, err := RecipeConfig(r.Name, Names{Data: bare.Data + ":dir"})
		if err != nil {
			t.Error(err)
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
	for _, want := range []string{"cifar10-fast", "fashion", "he2015", "torchvision-v1"} {
		if !slices.Contains(names, want) {
			t.Errorf("no %s in %q", want, names)
		}
	}
}

// The numbers of the references.
func TestNamedRecipeNumbers(t *testing.T) {
	he, err := RecipeConfig("he2015", Names{Data: "cifar10:dir"})
	if err != nil {
		t.Fatal(err)
	}
	perEpoch := 50000 / he.BatchSize
	s, err := he.Schedule.Schedule(he.Optimizer.LR, he.Epochs, perEpoch)
	if err != nil {
		t.Fatal(err)
	}
	for step, want := range map[int]float64{0: 0.1, 31900: 0.1, 32000: 0.01, 47900: 0.01, 48000: 0.001, 63900: 0.001} {
		if lr := s.LR(step); lr < 0.99*want || lr > 1.01*want {
			t.Errorf("learning rate %g at step %d, want %g", lr, step, want)
		}
	}
	if steps := he.Epochs * perEpoch; steps < 63900 || steps > 64100 || he.Optimizer.Nesterov || he.Optimizer.WeightDecay != 1e-4 {
		t.Errorf("%d steps of %+v", steps, he.Optimizer)
	}
}

// The weights that ship were trained by the recipes that claim their results.
func TestRecipesOfPretrainedWeights(t *testing.T) {
	list, err := NamedRecipes()
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{"cifar10-fast": "cifar10", "fashion": "fashion-mnist"} {
		a, err := pretrained.Archive("resnet20", data)
		if err != nil {
			t.Fatal(err)
		}
		c, err := RecipeConfig(name, Names{})
		if err != nil {
			t.Fatal(err)
		}
		recipe, err := c.recipe()
		if err != nil {
			t.Fatal(err)
		}
		for _, changed := range changedSettings(a.Meta.Recipe, recipe) {
			filledIn := func(begin string) bool { return strings.HasPrefix(changed, begin) }
			if !slices.ContainsFunc([]string{"architecture.", "augment.usual ", "augment.erasing_", "mean ", "std "}, filledIn) {
				t.Errorf("%s: %s", name, changed)
			}
		}
		want := fmt.Sprintf("%.2f %% top-1", 100*a.Meta.Metrics["top1"])
		if !slices.ContainsFunc(list, func(r NamedRecipe) bool { return r.Name == name && strings.HasPrefix(r.Result, want) }) {
			t.Errorf("%s: the recipe does not tell the %s of the weights", name, want)
		}
	}
}

// A recipe is a file of settings: names override its own.
func TestNamedRecipeOverride(t *testing.T) {
	c, err := RecipeConfig("he2015", Names{Model: "resnet56", Data: "cifar100:dir", Schedule: "cosine"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Model != "resnet56" || c.Data != "cifar100:dir" || c.Schedule.Name != "cosine" || c.Epochs != 164 {
		t.Errorf("%+v", c)
	}
	_, err = RecipeConfig("cifar-fast", Names{})
	oneClearLine(t, err, `no recipe "cifar-fast"`, "did you mean cifar10-fast")
	_, err = RecipeConfig("zzz", Names{})
	oneClearLine(t, err, "there are "+strings.Join([]string{"cifar10-fast", "fashion"}, ", "))
}
