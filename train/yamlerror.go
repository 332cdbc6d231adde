package train

import (
	"regexp"
	"strings"
)

// oneLine returns the message of an error of the YAML package in one line, without
// the names of Go types.
func oneLine(err error) string {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	text = strings.Replace(text, "unmarshal errors:\n  ", "", 1)
	text = unfitting.ReplaceAllStringFunc(text, func(found string) string {
		m := unfitting.FindStringSubmatch(found)
		return "found " + foundIn(m[1], m[2]) + ", want " + wantedBy(m[3])
	})
	return strings.ReplaceAll(text, "\n  ", "; ")
}

// unfitting is how the YAML package tells of a value of the wrong kind: its tag, the
// value of a scalar, and the type in Go.
var unfitting = regexp.MustCompile("cannot unmarshal !!(\\w+)(?: `([^\n]*)`)? into ([^\n]+)")

func foundIn(tag, value string) string {
	switch tag {
	case "seq":
		return "a list"
	case "map":
		return "settings"
	}
	return `"` + value + `"`
}

// wantedBy says what fits a Go type.
func wantedBy(goType string) string {
	switch {
	case strings.HasPrefix(goType, "["):
		return "a list"
	case strings.HasPrefix(goType, "int"):
		return "a whole number"
	case strings.HasPrefix(goType, "uint"):
		return "a whole number from 0"
	case strings.HasPrefix(goType, "float"):
		return "a number"
	case goType == "bool":
		return "true or false"
	case goType == "string":
		return "a text"
	}
	return "settings"
}
