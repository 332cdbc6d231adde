// Package nearest finds the names that somebody may have meant who typed one
// that does not exist.
package nearest

import (
	"cmp"
	"slices"
	"strings"
)

// most is how many names Of offers.
const most = 3

// Hint gives the choices that are near to a name, "did you mean a or b?", or else
// all.
func Hint(name string, choices []string) string {
	if near := Of(name, choices); len(near) > 0 {
		return "did you mean " + strings.Join(near, " or ") + "?"
	}
	return "there are " + strings.Join(choices, ", ")
}

// Of returns the choices nearest to name, at most three, the nearest first;
// none if nothing is near. Case, '-', '_', '.' and spaces do not count:
// "ResNet-18" is as good as "resnet18". Near are the choices that differ in at
// most a third of their letters (a letter inserted, dropped or changed, and two
// neighbours swapped, count one each), and those that begin with name, which
// count as if one letter differed.
func Of(name string, choices []string) []string {
	type candidate struct {
		name string
		cost int
	}
	want := fold(name)
	var near []candidate
	for _, c := range choices {
		have := fold(c)
		d := distance(want, have)
		if len(want) > 0 && strings.HasPrefix(string(have), string(want)) {
			d = min(d, 1)
		} else if 3*d > max(len(want), len(have)) {
			continue
		}
		near = append(near, candidate{c, d})
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(a.cost, b.cost) })
	var names []string
	for _, c := range near[:min(most, len(near))] {
		names = append(names, c.name)
	}
	return names
}

func fold(s string) []rune {
	return []rune(strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "", " ", "").Replace(s)))
}

// distance is the number of letters to insert, drop, change or swap with their
// neighbour to make b of a, no letter touched twice (the optimal string
// alignment distance; Damerau 1964).
func distance(a, b []rune) int {
	var before []int // the row above prev
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			change := prev[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(prev[j+1]+1, row[j]+1, change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, prev = prev, row
	}
	return prev[len(b)]
}
