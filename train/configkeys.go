package train

import (
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"go.yaml.in/yaml/v3"
)

// checkKeys reports a key of a YAML mapping that no field of into, a pointer to
// a struct, is called by. The decoder can do so as well, but names Go types and
// no near keys.
func checkKeys(n *yaml.Node, into any) error {
	return checkNode(n, reflect.TypeOf(into), "")
}

var nodeType = reflect.TypeFor[yaml.Node]()

func checkNode(n *yaml.Node, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	for n.Kind == yaml.DocumentNode || n.Kind == yaml.AliasNode {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		} else {
			n = n.Content[0]
		}
	}
	switch {
	case n.Kind == yaml.ScalarNode && isInt(t):
		return checkWhole(n)
	case n.Kind == yaml.SequenceNode && (t.Kind() == reflect.Slice || t.Kind() == reflect.Array):
		for _, item := range n.Content {
			if err := checkNode(item, t.Elem(), path); err != nil {
				return err
			}
		}
		return nil
	case n.Kind != yaml.MappingNode || t.Kind() != reflect.Struct || t == nodeType:
		return nil // of the right kind or not: the decoder will say
	}
	fields := make(map[string]reflect.Type)
	names := yamlFields(t, fields, nil)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		field, ok := fields[key]
		if !ok {
			return errors.Errorf("line %d: %v", n.Content[i].Line, misplaced(t, path, key, names))
		}
		if err := checkNode(n.Content[i+1], field, strings.TrimSpace(path+" "+key)); err != nil {
			return err
		}
	}
	return nil
}

func isInt(t reflect.Type) bool { return t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64 }

// checkWhole reports a number that is not whole, which the decoder would cut.
func checkWhole(n *yaml.Node) error {
	var v float64
	if n.ShortTag() == "!!float" && (n.Decode(&v) != nil || v != math.Trunc(v)) {
		return errors.Errorf("line %d: found %q, want a whole number", n.Line, n.Value)
	}
	return nil
}

// misplaced is the error of a key that the settings t do not have: if it is one of
// others within them, it belongs there.
func misplaced(t reflect.Type, path, key string, names []string) error {
	fields := make(map[string]reflect.Type)
	for _, name := range yamlFields(t, fields, nil) {
		if inner := fields[name]; inner.Kind() == reflect.Struct && inner != nodeType && slices.Contains(yamlFields(inner, make(map[string]reflect.Type), nil), key) {
			return errors.Errorf("no setting %q here; it belongs to %s", key, name)
		}
	}
	return unknown(strings.TrimSpace(path+" setting"), key, names)
}

// yamlFields collects the fields of a struct by their YAML names.
func yamlFields(t reflect.Type, into map[string]reflect.Type, names []string) []string {
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported() || name == "-":
		case strings.Contains(options, "inline"):
			names = yamlFields(f.Type, into, names)
		default:
			if name == "" {
				name = strings.ToLower(f.Name)
			}
			into[name] = f.Type
			names = append(names, name)
		}
	}
	return names
}

// removeKeys takes keys out of the mapping of a document.
func removeKeys(root *yaml.Node, keys ...string) {
	if root.Kind == yaml.DocumentNode {
		root = root.Content[0]
	}
	if root.Kind != yaml.MappingNode {
		return
	}
	var kept []*yaml.Node
	for i := 0; i+1 < len(root.Content); i += 2 {
		if !slices.Contains(keys, root.Content[i].Value) {
			kept = append(kept, root.Content[i], root.Content[i+1])
		}
	}
	root.Content = kept
}

// valueOf returns what a mapping has under a key, nil for nothing.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// setKey replaces what a mapping has under a key; nil removes the key.
func setKey(n *yaml.Node, key string, value *yaml.Node) {
	removeKeys(n, key)
	if value != nil {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, value)
	}
}
