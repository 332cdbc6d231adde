package train

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// keptPrefix begins the names of the checkpoints of the best epochs.
const keptPrefix = "epoch-"

func keptFile(epoch int) string { return fmt.Sprintf("%s%03d.ckpt", keptPrefix, epoch) }

// keptFiles are those that are in the folder.
func (f folder) keptFiles() []string {
	files, _ := filepath.Glob(f.path(keptPrefix + "[0-9][0-9][0-9]*.ckpt")) // only a bad pattern is an error
	return files
}

// keepBest keeps the checkpoints of the best epochs, as many as the settings say,
// as epoch-001.ckpt.
func (s *session) keepBest() error {
	if s.config.KeepBest < 2 {
		return nil
	}
	kept := s.bestEpochs(s.config.KeepBest)
	epoch := len(s.progress.History)
	var failed error
	if slices.Contains(kept, epoch) {
		a, err := s.checkpoint()
		if err != nil {
			return s.diverged(err.Error(), s.steps())
		}
		failed = s.put(keptFile(epoch), a)
	}
	names := make(map[string]bool)
	for _, e := range kept {
		names[keptFile(e)] = true
	}
	maps.DeleteFunc(s.owed, func(file string, _ []byte) bool { return strings.HasPrefix(file, keptPrefix) && !names[file] })
	for _, path := range s.dir.keptFiles() {
		if names[filepath.Base(path)] {
			continue
		}
		if err := os.Remove(path); err != nil && failed == nil {
			failed = plain(path, err)
		}
	}
	return failed
}

// bestEpochs are the numbers of the n best epochs, best first; of equal ones the
// earlier.
func (s *session) bestEpochs(n int) []int {
	var best []int
	for i, r := range s.progress.History {
		at := slices.IndexFunc(best, func(e int) bool { return s.task.better(r, s.progress.History[e-1]) })
		if at < 0 {
			at = len(best)
		}
		best = slices.Insert(best, at, i+1)
	}
	return best[:min(n, len(best))]
}
