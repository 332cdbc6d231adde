package train

import (
	"log/slog"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// without are the settings that may change in the middle of a run: what it comes to
// is the same, or they have done all that they do.
var without = []string{"checkpoint_minutes", "keep_best", "tensorboard", "weights", "pretrained", "map"}

// warnOfChanges says which settings are not those of the checkpoint any more. A run may
// go on with others, but is then none that its settings give again.
func (r *Run) warnOfChanges(recipe string) {
	changed := changedSettings(recipe, r.meta.Recipe)
	if len(changed) > 0 {
		r.log.Warn("the settings have changed since the checkpoint was written: what the run comes to is no longer what its config.yaml gives",
			slog.String("changed", strings.Join(changed, ", ")))
	}
}

// changedSettings returns what differs between two recipes, by the keys in YAML:
// "seed 1 → 2". There is nothing to say of a recipe that cannot be read, since other
// versions have other settings.
func changedSettings(before, now string) (changed []string) {
	was, ok := settingsOf(before)
	is, known := settingsOf(now)
	if !ok || !known {
		return nil
	}
	for _, key := range sortedKeys(was, is) {
		if was[key] != is[key] && !slices.Contains(without, key) {
			changed = append(changed, key+" "+orNone(was[key])+" → "+orNone(is[key]))
		}
	}
	return changed
}

func orNone(value string) string {
	if value == "" {
		return "none"
	}
	return value
}

func sortedKeys(maps ...map[string]string) (keys []string) {
	for _, m := range maps {
		for key := range m {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// settingsOf returns the settings of a recipe by their keys: "optimizer.lr". Those that
// it does not have, being older, are the defaults. Where the data is does not count.
func settingsOf(recipe string) (map[string]string, bool) {
	c, err := ParseConfig([]byte(recipe), Names{})
	if err != nil || recipe == "" {
		return nil, false
	}
	c.Data, _, _ = strings.Cut(c.Data, ":")
	var n yaml.Node
	if err := n.Encode(&c); err != nil {
		return nil, false
	}
	settings := make(map[string]string)
	flatten(&n, "", settings)
	return settings, true
}

// flatten puts the leaves of a mapping, lists among them, into a map.
func flatten(n *yaml.Node, key string, into map[string]string) {
	if n.Kind != yaml.MappingNode {
		into[key] = flow(n)
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		flatten(n.Content[i+1], strings.TrimPrefix(key+"."+n.Content[i].Value, "."), into)
	}
}

// flow is a value in a line.
func flow(n *yaml.Node) string {
	if n.Kind != yaml.SequenceNode {
		return n.Value
	}
	var items []string
	for _, c := range n.Content {
		items = append(items, flow(c))
	}
	return "[" + strings.Join(items, ", ") + "]"
}
