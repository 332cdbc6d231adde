package weights

import (
	"bufio"
	"bytes"
	"os"
	"regexp"
	"strconv"
	"strings"

	"github.com/pkg/errors"
)

// NameMap gives tensors other names by rules of which the first that fits counts.
// As text it is a line for each rule, of two words:
//
//	# a comment
//	stem\.conv\.(.*)       conv1.$1
//	block(\d+)\.(.*)       layer$1.$2
//	aux_head\..*           -
//
// The first word is a regular expression (RE2) for whole names, and the second the
// new name, in which $1 or ${1} stands for what the first group in parentheses
// matched, or "-" for tensors that are to be left out.
type NameMap struct {
	rules []nameRule
}

type nameRule struct {
	line int
	text string // the expression as it was given
	from *regexp.Regexp
	to   string // "" leaves out
}

// maxNameMap bounds the size of a map of names, in bytes.
const maxNameMap = 1 << 20

// ReadNameMap reads a file of rules.
func ReadNameMap(path string) (*NameMap, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() || info.Size() > maxNameMap {
		return nil, errors.Errorf("%s is no map of names: want a file of at most %d bytes", path, maxNameMap)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m, err := ParseNameMap(text)
	return m, errors.Wrap(err, path)
}

// ParseNameMap reads rules from a text. An error names the line.
func ParseNameMap(text []byte) (*NameMap, error) {
	m := new(NameMap)
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, maxNameMap)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 || strings.HasPrefix(words[0], "#") {
			continue
		}
		rule, err := parseRule(words)
		if err != nil {
			return nil, errors.Wrapf(err, "line %d", n)
		}
		rule.line = n
		m.rules = append(m.rules, rule)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(m.rules) == 0 {
		return nil, errors.New("there are no rules: want lines of a regular expression and a new name")
	}
	return m, nil
}

func parseRule(words []string) (nameRule, error) {
	if len(words) != 2 {
		return nameRule{}, errors.Errorf("%d words, want a regular expression and a new name, or - for none", len(words))
	}
	if _, err := regexp.Compile(words[0]); err != nil { // alone: "a)(b" would fit between brackets
		return nameRule{}, err
	}
	from, err := regexp.Compile("^(?:" + words[0] + ")$")
	if err != nil {
		return nameRule{}, err
	}
	if words[1] == "-" {
		return nameRule{text: words[0], from: from}, nil
	}
	return nameRule{text: words[0], from: from, to: words[1]}, checkGroups(words[1], from)
}

// groups finds what Regexp.Expand takes for the name of a group.
var groups = regexp.MustCompile(`\$(?:(\w+)|\{([^}]*)\})`)

// checkGroups reports a $ in a new name that stands for no group.
func checkGroups(to string, from *regexp.Regexp) error {
	plain := strings.ReplaceAll(to, "$$", "")
	for _, g := range groups.FindAllStringSubmatch(plain, -1) {
		name := g[1] + g[2]
		n, err := strconv.Atoi(name)
		if err != nil && from.SubexpIndex(name) < 0 {
			return errors.Errorf("%s: there is no group %q; ${1} keeps a number apart from what follows it", to, name)
		}
		if n > from.NumSubexp() {
			return errors.Errorf("%s: there is no group %d, the expression has %d", to, n, from.NumSubexp())
		}
	}
	return nil
}

// Rename gives the tensors of the section "" their new names. A rule that applies
// to none of them is an error, and so are two tensors of one name; then the archive
// stays as it was.
func (a *Archive) Rename(m *NameMap) error {
	names := make(map[string]string) // old by new
	used := make([]bool, len(m.rules))
	renamed := make([]Tensor, 0, len(a.Tensors))
	for _, t := range a.Tensors {
		if t.Section == "" {
			to, kept, err := m.rename(t.Name, used)
			if err != nil {
				return errors.Wrap(err, "map of names")
			}
			if !kept {
				continue
			}
			if other, ok := names[to]; ok {
				return errors.Errorf("map of names: %s and %s both become %s", other, t.Name, to)
			}
			names[to] = t.Name
			t.Name = to
		}
		renamed = append(renamed, t)
	}
	for i, ok := range used {
		if !ok {
			return errors.Errorf("map of names: no tensor's name is used by line %d, %s", m.rules[i].line, m.rules[i].text)
		}
	}
	a.Tensors = renamed
	return nil
}

// rename returns the new name, and whether the tensor is kept.
func (m *NameMap) rename(name string, used []bool) (to string, kept bool, err error) {
	for i, rule := range m.rules {
		at := rule.from.FindStringSubmatchIndex(name)
		if at == nil {
			continue
		}
		used[i] = true
		if rule.to == "" {
			return "", false, nil
		}
		if to = string(rule.from.ExpandString(nil, rule.to, name, at)); to == "" {
			return "", false, errors.Errorf("line %d, %s, leaves nothing of the name %s; - is for tensors that are to be left out", rule.line, rule.text, name)
		}
		return to, true, nil
	}
	return name, true, nil
}
