package train

import (
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
	if n.Kind != yaml.MappingNode || t.Kind() != reflect.Struct || t == nodeType {
		return nil // of the right kind or not: the decoder will say
	}
	fields := make(map[string]reflect.Type)
	names := yamlFields(t, fields, nil)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i].Value
		field, ok := fields[key]
		if !ok {
			return errors.Errorf("line %d: %v", n.Content[i].Line, unknown(strings.TrimSpace(path+" setting"), key, names))
		}
		if err := checkNode(n.Content[i+1], field, strings.TrimSpace(path+" "+key)); err != nil {
			return err
		}
	}
	return nil
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

// oneLine returns the message of an error of the YAML package in one line.
func oneLine(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.Replace(text, "unmarshal errors:\n  ", "", 1)
	return strings.ReplaceAll(text, "\n  ", "; ")
}
