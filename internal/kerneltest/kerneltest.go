// Package kerneltest helps the tests of what has a form for each CPU tier.
package kerneltest

import (
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
)

// Tiers runs a test for each tier of this machine, as a subtest of its name.
func Tiers(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	for _, tier := range kernel.Tiers() {
		t.Run(tier.String(), func(t *testing.T) {
			defer kernel.SetTier(kernel.SetTier(tier))
			test(t)
		})
	}
}
