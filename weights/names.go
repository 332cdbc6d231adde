package weights

import (
	"slices"
	"strings"
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
