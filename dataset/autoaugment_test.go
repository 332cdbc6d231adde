package dataset

import (
	"hash/crc32"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// augmentCase is what a policy of torchvision makes of an image.
type augmentCase struct {
	Policy, In string
	Ops        []struct {
		Op         string
		Signed     bool
		Magnitudes []float64
		CRC        []uint32
	}
}

func (c augmentCase) space(m *Image) augmentSpace {
	if c.Policy == "rand" {
		return randSpace(m.H, m.W)
	}
	return wideSpace
}

func readAugment(t *testing.T) (cases []augmentCase) {
	t.Helper()
	readJSON(t, "augment.json", &cases)
	if len(cases) != 10 {
		t.Fatalf("%d cases", len(cases))
	}
	return cases
}

// Every operation at every magnitude gives the pixels of torchvision and Pillow.
func TestAugmentOpsMatchTorchvision(t *testing.T) {
	for _, c := range readAugment(t) {
		in := readFixture(t, c.In)
		if len(c.Ops) != len(augmentNames) {
			t.Fatalf("%s has %d operations, want %d", c.Policy, len(c.Ops), len(augmentNames))
		}
		for i, o := range c.Ops {
			if o.Op != augmentNames[i] {
				t.Errorf("operation %d of %s is %s, in torchvision %s", i, c.Policy, augmentNames[i], o.Op)
			}
			for j, magnitude := range o.Magnitudes {
				m := new(Image)
				m.CopyFrom(in)
				AugmentOp{o.Op, magnitude}.apply(m)
				if got := crc32.ChecksumIEEE(m.Pix); got != o.CRC[j] {
					t.Errorf("%s %s %v of %s differs from torchvision's", c.Policy, o.Op, magnitude, c.In)
				}
			}
		}
	}
}

// The magnitudes are those of torchvision, which a processor may change in the
// last bit.
func TestAugmentMagnitudesMatchTorchvision(t *testing.T) {
	for _, c := range readAugment(t) {
		s := c.space(readFixture(t, c.In))
		for _, o := range c.Ops {
			for bin := range len(o.Magnitudes) {
				if bin == augmentBins {
					break // from here on negative
				}
				op, signed := s.op(o.Op, bin)
				want := o.Magnitudes[bin]
				if math.Abs(op.Magnitude-want) > 1.2e-7*math.Abs(want) || signed != o.Signed {
					t.Errorf("%s %s, bin %d: %v signed=%v, want %v signed=%v", c.Policy, o.Op, bin, op.Magnitude, signed, want, o.Signed)
				}
			}
		}
	}
}

// Operations, bins and signs are equally frequent.
func TestAugmentDraws(t *testing.T) {
	const n = 14 * 4000
	r := rand.New(rng.New(1, "test"))
	ops, negative, bins := map[string]int{}, 0, map[float64]int{}
	for range n {
		o := TrivialAugmentWide{}.Params(r)
		ops[o.Name]++
		if o.Name == "Rotate" {
			bins[math.Abs(o.Magnitude)]++
			if o.Magnitude < 0 {
				negative++
			}
		}
	}
	for _, name := range augmentNames {
		if got := float64(ops[name]); math.Abs(got-4000) > 5*math.Sqrt(4000) {
			t.Errorf("%s is drawn %v times of %d", name, got, n)
		}
	}
	rotations := float64(ops["Rotate"])
	if want := rotations / 2 * 30 / 31; math.Abs(float64(negative)-want) > 5*math.Sqrt(want/2) {
		t.Errorf("%d of %v rotations are negative", negative, rotations)
	}
	if len(bins) != augmentBins {
		t.Errorf("%d angles, want %d", len(bins), augmentBins)
	}
	for range 1000 {
		o := RandAugment{Magnitude: 30}.Params(32, 32, r)
		if want, signed := randSpace(32, 32).op(o.Name, 30); o != want && (!signed || o.Magnitude != -want.Magnitude) {
			t.Fatalf("%v is no operation of magnitude 30", o)
		}
	}
}

// Apply does what Params draws from the same numbers.
func TestAugmentAppliesItsParams(t *testing.T) {
	in := readFixture(t, "transforms/square.png")
	for seed := range uint64(200) {
		got, want := new(Image), new(Image)
		got.CopyFrom(in)
		want.CopyFrom(in)
		if err := (TrivialAugmentWide{}).Apply(got, rand.New(rng.New(seed, "test"))); err != nil {
			t.Fatal(err)
		}
		TrivialAugmentWide{}.Params(rand.New(rng.New(seed, "test"))).apply(want)
		wantImage(t, got, want, 0)

		policy := RandAugment{Ops: 3, Magnitude: 12}
		if err := policy.Apply(got, rand.New(rng.New(seed, "test"))); err != nil {
			t.Fatal(err)
		}
		for r, i := rand.New(rng.New(seed, "test")), 0; i < 3; i++ {
			policy.Params(32, 32, r).apply(want)
		}
		wantImage(t, got, want, 0)
	}
}

func TestAugmentErrors(t *testing.T) {
	for _, c := range []struct {
		t    Transform
		c    int
		want string
	}{
		{TrivialAugmentWide{}, 2, "trivial augment: images of 2 channels: want 1 or 3"},
		{RandAugment{}, 4, "rand augment: images of 4 channels: want 1 or 3"},
		{RandAugment{Ops: -1}, 3, "rand augment: -1 operations: want at least 1"},
		{RandAugment{Magnitude: 31}, 3, "rand augment: magnitude 31: want 1 to 30"},
		{RandAugment{Magnitude: -1}, 3, "rand augment: magnitude -1: want 1 to 30"},
	} {
		if _, _, _, err := c.t.Shape(c.c, 8, 8); err == nil || err.Error() != c.want {
			t.Errorf("Shape: %v, want %s", err, c.want)
		}
		if err := c.t.Apply(NewImage(c.c, 8, 8), nil); err == nil || err.Error() != c.want {
			t.Errorf("Apply: %v, want %s", err, c.want)
		}
		if err := c.t.Apply(new(Image), nil); err == nil {
			t.Error("an empty image is taken")
		}
	}
}

func TestAugmentAllocatesNothing(t *testing.T) {
	in := readFixture(t, "transforms/square.png")
	m := new(Image)
	r := rand.New(rng.New(1, "test"))
	run := func() {
		for range 100 {
			m.CopyFrom(in)
			if err := (TrivialAugmentWide{}).Apply(m, r); err != nil {
				t.Fatal(err)
			}
		}
	}
	run()
	if n := testing.AllocsPerRun(10, run); n > 0 {
		t.Errorf("%v allocations in 100 images", n)
	}
}
