package weights

import (
	"slices"
	"strings"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// wrapped are the names under which other modules hold a model, with the point
// that follows: DataParallel, torch.compile, and what people call them.
var wrapped = []string{"module.", "_orig_mod.", "model.", "net.", "network.", "backbone.", "_model.", "ema."}

// StripPrefix removes what all names of the model have in front because another
// module, such as DataParallel, held the model when it was saved: "module." and
// the like, also several after each other. Sections other than "" stay.
func (a *Archive) StripPrefix() {
	state := a.Section("")
	if len(state) == 0 {
		return
	}
	for {
		i := slices.IndexFunc(wrapped, func(prefix string) bool {
			return !slices.ContainsFunc(state, func(t *Tensor) bool {
				return !strings.HasPrefix(t.Name, prefix) || t.Name == prefix
			})
		})
		if i < 0 {
			return
		}
		for _, t := range state {
			t.Name = t.Name[len(wrapped[i]):]
		}
	}
}

// heads are the names that the last layer of a classifier goes by.
var heads = []string{"fc", "linear", "classifier", "head"}

// RenameFor gives the tensors the names of the model where it is plain what they
// are: a prefix that all have in common is removed (StripPrefix), and the last layer
// is called what the model calls it, "fc" for "linear", "classifier" or "head". An
// archive whose names are the model's stays as it is.
func (a *Archive) RenameFor(p *graph.Params) {
	has := func(name string) bool { _, ok := p.Get(name); return ok }
	state := a.Section("")
	if !slices.ContainsFunc(state, func(t *Tensor) bool { return !has(t.Name) }) {
		return
	}
	if !slices.ContainsFunc(state, func(t *Tensor) bool { return has(t.Name) }) {
		a.StripPrefix()
	}
	want := slices.IndexFunc(heads, func(h string) bool { return has(h + ".weight") })
	if want < 0 {
		return
	}
	if _, ok := a.Get("", heads[want]+".weight"); ok {
		return
	}
	for _, t := range a.Section("") {
		if head, parameter, ok := strings.Cut(t.Name, "."); ok && slices.Contains(heads, head) && has(heads[want]+"."+parameter) {
			t.Name = heads[want] + "." + parameter
		}
	}
}
