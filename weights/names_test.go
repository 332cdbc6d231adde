package weights

import (
	"strings"
	"testing"
)

func TestStripPrefix(t *testing.T) {
	for _, c := range []struct{ names, want string }{
		{"module.conv1.weight module.fc.bias", "conv1.weight fc.bias"},
		{"module.model.a module.model.b", "a b"},
		{"_orig_mod.module.backbone.a", "a"},
		{"net.a net.b net.", "net.a net.b net."},
		{"module.a b", "module.a b"},
		{"module.a modules.b", "module.a modules.b"},
		{"layers.0.weight layers.1.weight", "layers.0.weight layers.1.weight"},
		{"module.a solver:module.a", "a solver:module.a"},
		{"", ""},
	} {
		var a Archive
		for _, name := range strings.Fields(c.names) {
			section, rest, ok := strings.Cut(name, ":")
			if !ok {
				section, rest = "", name
			}
			a.Tensors = append(a.Tensors, Tensor{Section: section, Name: rest})
		}
		a.StripPrefix()
		var got []string
		for i := range a.Tensors {
			got = append(got, a.Tensors[i].label())
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, want %s", c.names, got, c.want)
		}
	}
}
