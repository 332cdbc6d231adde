package dataset

import (
	"archive/zip"
	"image/png"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pkg/errors"
)

// census is what a whole split holds.
type census struct {
	counts    []int // of each label
	mean, std []float64
}

func count(t *testing.T, d Dataset) census {
	t.Helper()
	channels, h, w := d.Shape()
	c := census{make([]int, len(d.Classes())), make([]float64, channels), make([]float64, channels)}
	var m Image
	for i := range d.Len() {
		label, err := d.Get(i, &m)
		if err != nil {
			t.Fatal(err)
		}
		c.counts[label]++
		for ch := range channels {
			var sum, squares int
			for _, v := range m.Plane(ch) {
				sum, squares = sum+int(v), squares+int(v)*int(v)
			}
			c.mean[ch] += float64(sum)
			c.std[ch] += float64(squares)
		}
	}
	n := float64(d.Len() * h * w)
	for ch := range channels {
		mean := c.mean[ch] / n
		c.mean[ch], c.std[ch] = mean/255, math.Sqrt(c.std[ch]/n-mean*mean)/255
	}
	return c
}

// wantCensus checks the lengths, that classes are balanced, and that the
// normalisation is the measured one.
func wantCensus(t *testing.T, d *Data, train, val int) {
	t.Helper()
	if d.Train.Len() != train || d.Val.Len() != val {
		t.Errorf("%d and %d images, want %d and %d", d.Train.Len(), d.Val.Len(), train, val)
	}
	for _, split := range []Dataset{d.Train, d.Val} {
		c := count(t, split)
		for label, got := range c.counts {
			if want := split.Len() / len(c.counts); got != want {
				t.Errorf("label %d comes %d times, want %d", label, got, want)
			}
		}
		if split != d.Train {
			continue
		}
		for ch := range c.mean {
			// Published to four digits, and not always rounded.
			if math.Abs(c.mean[ch]-float64(d.Norm.Mean[ch])) > 1e-4 || math.Abs(c.std[ch]-float64(d.Norm.Std[ch])) > 1e-4 {
				t.Errorf("channel %d: mean %.5f, deviation %.5f; the normalisation has %g and %g",
					ch, c.mean[ch], c.std[ch], d.Norm.Mean[ch], d.Norm.Std[ch])
			}
		}
	}
}

func TestRealFashionMNIST(t *testing.T) {
	d, err := Open("fashion-mnist:"+realData(t, "fashion-mnist"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantCensus(t, d, 60000, 10000)
	var m Image
	if label, err := d.Train.Get(0, &m); err != nil || d.Train.Classes()[label] != "Ankle boot" {
		t.Errorf("the first image is a %s, %v", d.Train.Classes()[label], err)
	}
}

// The lossless images of CIFAR-10 in the original binary layout.
func TestRealCIFAR10(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes 60,000 PNG files")
	}
	root := realData(t, "cifar10-png")
	files := map[string][]uint8{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for from, to := range map[string]string{
		"test": "test_batch", "train-1": "data_batch_1", "train-2": "data_batch_2",
		"train-3": "data_batch_3", "train-4": "data_batch_4", "train-5": "data_batch_5",
	} {
		wg.Go(func() {
			records, err := cifarFromZip(filepath.Join(root, from+".zip"))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			files[to+".bin"] = records
		})
	}
	if wg.Wait(); t.Failed() {
		t.FailNow()
	}
	want := files["data_batch_1.bin"][:1+cifarImage]
	d, err := Open("cifar10:"+writeFiles(t, files), Options{})
	if err != nil {
		t.Fatal(err)
	}
	wantCensus(t, d, 50000, 10000)
	var m Image
	label, err := d.Train.Get(0, &m)
	if err != nil || label != int(want[0]) || !slices.Equal(m.Pix, want[1:]) {
		t.Errorf("the first image is another: label %d, %v", label, err)
	}
}

// cifarFromZip turns an archive of CLASS/NAME.png into records.
func cifarFromZip(path string) (records []uint8, err error) {
	z, err := zip.OpenReader(path)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	var m Image
	for _, f := range z.File {
		if !strings.HasSuffix(f.Name, ".png") {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		img, err := png.Decode(r)
		r.Close()
		if err != nil {
			return nil, errors.Wrap(err, f.Name)
		}
		convertRGB(&m, img)
		label := slices.Index(cifar10Classes, filepath.Base(filepath.Dir(f.Name)))
		if label < 0 || m.H != cifarSide || m.W != cifarSide {
			return nil, errors.Errorf("%s: %dx%d", f.Name, m.H, m.W)
		}
		records = append(append(records, uint8(label)), m.Pix...)
	}
	return records, nil
}
