package parity

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestGANs checks that both fixtures are complete, in PyTorch's order, and that
// nothing in them is saturated.
func TestGANs(t *testing.T) {
	names, err := GANNames()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"dcgan", "gan"}, names); diff != "" {
		t.Fatalf("fixtures (-want +got):\n%s", diff)
	}
	limits := map[string]Number{"eval": 1e-5, "outputs": 1e-5, "grads": 1e-4, "running": 1e-5, "steps": 1e-5, "after": 1e-6}
	for _, name := range names {
		g, err := LoadGAN(name)
		if err != nil {
			t.Fatal(err)
		}
		checkGANState(t, g)
		checkGANOutputs(t, name, g.Batches[0], g.Eval)
		checkGANOutputs(t, name, g.Batches[0], g.Outputs)
		if len(g.Steps) != 3 || len(g.Batches) != len(g.Steps) || g.Optimizer.Name != "Adam" || len(g.Optimizer.Betas) != 2 {
			t.Errorf("%s: %d steps of %+v with %d batches", name, len(g.Steps), g.Optimizer, len(g.Batches))
		}
		for i, s := range g.Steps {
			for _, p := range []Number{s.DX, s.DGZ1, s.DGZ2} {
				if p < 0.1 || p > 0.9 {
					t.Errorf("%s: step %d is saturated: %+v", name, i+1, s)
				}
			}
			if s.DGZ2 >= s.DGZ1 || s.LossD <= 0 || s.LossG <= 0 {
				t.Errorf("%s: the discriminator has learnt nothing in step %d: %+v", name, i+1, s)
			}
		}
		for k, limit := range limits {
			if d, ok := g.Deviation[k]; d > limit || !ok && (k != "running" || len(g.Running) > 0) {
				t.Errorf("%s: PyTorch's %s deviate by %.2g, want at most %.2g", name, k, d, limit)
			}
		}
	}
}

// checkGANState wants a gradient and a norm for every parameter, statistics for
// every buffer, and the generator before the discriminator.
func checkGANState(t *testing.T, g *GAN) {
	t.Helper()
	var trained, buffers []string
	discriminator := false
	for _, p := range g.State {
		d := strings.HasPrefix(p.Name, "discriminator.")
		if d == strings.HasPrefix(p.Name, "generator.") || discriminator && !d {
			t.Errorf("%s: %s is out of place", g.Name, p.Name)
		}
		discriminator = d
		if p.Buffer {
			buffers = append(buffers, p.Name)
		} else {
			trained = append(trained, p.Name)
		}
	}
	if !discriminator {
		t.Errorf("%s: no discriminator", g.Name)
	}
	for what, list := range map[string][]Want{"gradients": g.Grads, "norms": g.After} {
		if diff := cmp.Diff(trained, wantNames(t, list)); diff != "" {
			t.Errorf("%s: %s (-state +fixture):\n%s", g.Name, what, diff)
		}
	}
	if diff := cmp.Diff(buffers, wantNames(t, g.Running)); diff != "" {
		t.Errorf("%s: running statistics (-state +fixture):\n%s", g.Name, diff)
	}
}

// wantNames are the names of the expectations, none of which may be zero.
func wantNames(t *testing.T, list []Want) (names []string) {
	t.Helper()
	for _, w := range list {
		names = append(names, w.Name)
		if w.Norm == 0 {
			t.Errorf("%s is zero", w.Name)
		}
	}
	return names
}

// checkGANOutputs wants images of the shape of the real ones, inside of tanh's
// ends, and a logit for each.
func checkGANOutputs(t *testing.T, name string, b GANBatch, o GANOutputs) {
	t.Helper()
	if n := []int{b.Real.Shape[0]}; !cmp.Equal(o.Samples.Shape, b.Real.Shape) || !cmp.Equal(o.RealLogits.Shape, n) || !cmp.Equal(o.FakeLogits.Shape, n) {
		t.Errorf("%s: images %v, logits %v and %v, for real ones %v", name, o.Samples.Shape, o.RealLogits.Shape, o.FakeLogits.Shape, b.Real.Shape)
	}
	if rms := float64(o.Samples.Norm) / math.Sqrt(float64(o.Samples.Size())); rms < 0.1 || rms > 0.7 {
		t.Errorf("%s: the images have root mean square %.2g", name, rms)
	}
}
