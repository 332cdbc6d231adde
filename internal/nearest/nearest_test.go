package nearest

import (
	"slices"
	"testing"
)

func TestOf(t *testing.T) {
	models := []string{"resnet18", "resnet34", "resnet50", "resnet101", "resnext50_32x4d", "wide_resnet50_2", "lenet"}
	for _, c := range []struct {
		name string
		want []string
	}{
		{"resnet18", []string{"resnet18"}},
		{"ResNet-18", []string{"resnet18"}},
		{"resnet5", []string{"resnet50", "resnet18", "resnet34"}},
		{"renset18", []string{"resnet18"}},
		{"resnext50", []string{"resnet50", "resnext50_32x4d"}},
		{"wide_resnet", []string{"wide_resnet50_2"}},
		{"rse", nil},
		{"vgg16", nil},
		{"", nil},
	} {
		got := Of(c.name, models)
		if len(c.want) > 0 && len(got) > 0 && got[0] != c.want[0] || (len(got) == 0) != (len(c.want) == 0) {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
		for _, w := range c.want {
			if !slices.Contains(got, w) {
				t.Errorf("%q: got %q, want %q among them", c.name, got, w)
			}
		}
		if len(got) > most {
			t.Errorf("%q: %d names", c.name, len(got))
		}
	}
	if got := Of("x", nil); got != nil {
		t.Errorf("without choices: %q", got)
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"kitten", "sitting", 3}, {"ab", "ba", 1}, {"abcd", "acbd", 1}, {"ca", "abc", 3}, {"größe", "grösse", 2},
	} {
		if got := distance([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("%q to %q: got %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestHint(t *testing.T) {
	choices := []string{"train", "eval"}
	for name, want := range map[string]string{"x": "there are train, eval", "trian": "did you mean train?"} {
		if got := Hint(name, choices); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}
