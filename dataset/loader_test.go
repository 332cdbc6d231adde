package dataset

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/internal/rng"
)

// numbered returns n images of shape (3, 8, 8) that all differ.
func numbered(t testing.TB, n int) *Memory {
	t.Helper()
	pix, labels := make([]uint8, n*3*8*8), make([]uint8, n)
	r := rand.New(rng.New(1, "numbered"))
	for i := range pix {
		pix[i] = uint8(r.Uint32())
	}
	for i := range labels {
		labels[i] = uint8(i * 7 % 10)
	}
	d, err := NewMemory(3, 8, 8, pix, labels, digits)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// augmentation draws random numbers in every way there is.
var augmentation = Pipeline{
	Transforms: []Transform{
		RandomCrop{Height: 8, Width: 8, Padding: 2},
		RandomHorizontalFlip{P: 0.5},
		ColorJitter{Brightness: 0.4, Contrast: 0.4, Saturation: 0.4, Hue: 0.1},
		RandomResizedCrop{Height: 6, Width: 5},
		TrivialAugmentWide{},
		RandAugment{},
	},
	Normalize: ImageNet,
	Erasing:   RandomErasing{P: 0.5, Random: true},
}

// quiet is for warnings that a test provokes and does not read.
var quiet = slog.New(slog.DiscardHandler)

func newLoader(t testing.TB, d Dataset, c Config) *Loader {
	t.Helper()
	if c.Log == nil {
		c.Log = quiet
	}
	l, err := NewLoader(d, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// served is a copy of a batch.
type served struct {
	Epoch, Index    int
	Shape           []int
	Labels, Indices []int
	Images          []float32
}

func copyOf(b *Batch) served {
	return served{
		b.Epoch, b.Index, slices.Clone(b.Images.Shape()),
		slices.Clone(b.Labels), slices.Clone(b.Indices),
		slices.Clone(b.Images.Data().([]float32)),
	}
}

// take returns the next n batches, and skips the ends of epochs.
func take(t testing.TB, l *Loader, n int) []served {
	t.Helper()
	var all []served
	for len(all) < n {
		b, err := l.Next(context.Background())
		if err == io.EOF {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, copyOf(b))
		b.Release()
	}
	return all
}

// Batches tell how many of their own images could not be decoded, whatever is read
// ahead.
func TestBatchesCountCorruptImages(t *testing.T) {
	d := &faulty{Dataset: numbered(t, 20), corrupt: []int{2, 3, 5, 7, 11, 13, 17, 19}}
	for _, shuffle := range []bool{false, true} {
		l := newLoader(t, d, Config{BatchSize: 5, Shuffle: shuffle, Prefetch: 3, Log: quiet})
		skipped := 0
		for range 2 * l.Batches() {
			b, err := l.Next(context.Background())
			if err == io.EOF {
				b, err = l.Next(context.Background())
			}
			if err != nil {
				t.Fatal(err)
			}
			skipped += b.Skipped
			b.Release()
		}
		if skipped != 16 {
			t.Errorf("shuffled %v: %d images skipped in two epochs, want 16", shuffle, skipped)
		}
	}
}

// The loader against its plain twin: one image after the other.
func TestLoaderServesThePipeline(t *testing.T) {
	d := numbered(t, 23)
	l := newLoader(t, d, Config{BatchSize: 5, Pipeline: augmentation, Seed: 3, Workers: 3})
	if got := l.Batches(); got != 5 {
		t.Fatalf("%d batches, want 5", got)
	}
	for epoch := range 2 {
		for batch := range 5 {
			n := min(5, 23-5*batch)
			want := served{Epoch: epoch, Index: batch, Shape: []int{n, 3, 6, 5}, Images: make([]float32, n*90)}
			for i := range n {
				index := 5*batch + i
				var m Image
				label, err := d.Get(index, &m)
				if err != nil {
					t.Fatal(err)
				}
				r := rand.New(rng.New(3, "augment", uint64(epoch), uint64(index)))
				if err := augmentation.Apply(&m, r, want.Images[i*90:(i+1)*90]); err != nil {
					t.Fatal(err)
				}
				want.Labels, want.Indices = append(want.Labels, label), append(want.Indices, index)
			}
			if diff := cmp.Diff(want, take(t, l, 1)[0]); diff != "" {
				t.Fatalf("epoch %d, batch %d: %s", epoch, batch, diff)
			}
		}
	}
}

func TestLoaderIsTheSameAtAnyWorkerCount(t *testing.T) {
	d := &faulty{Dataset: numbered(t, 50), corrupt: []int{3, 4, 17, 49}}
	config := Config{BatchSize: 7, Shuffle: true, Pipeline: augmentation, Seed: 11}
	var want []served
	for _, workers := range []int{1, 2, 3, 8} {
		for _, prefetch := range []int{1, 2, 5} {
			config.Workers, config.Prefetch = workers, prefetch
			got := take(t, newLoader(t, d, config), 20)
			if want == nil {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%d workers, prefetch %d: %s", workers, prefetch, diff)
			}
		}
	}
}

func TestLoaderShuffles(t *testing.T) {
	d := numbered(t, 40)
	epochs := func(seed uint64) (orders [][]int) {
		l := newLoader(t, d, Config{BatchSize: 9, Shuffle: true, Seed: seed})
		for range 3 {
			var order []int
			for _, b := range take(t, l, 5) {
				order = append(order, b.Indices...)
			}
			orders = append(orders, order)
		}
		return orders
	}
	a, b := epochs(1), epochs(2)
	all := append(a, b...)
	for i, order := range all {
		sorted := slices.Sorted(slices.Values(order))
		for j, v := range sorted {
			if v != j {
				t.Fatalf("epoch %d is not a permutation: %v", i, sorted)
			}
		}
		for j := range i {
			if slices.Equal(order, all[j]) {
				t.Errorf("orders %d and %d are equal", i, j)
			}
		}
	}
	if !slices.EqualFunc(a, epochs(1), slices.Equal[[]int]) {
		t.Error("one seed gives two orders")
	}
}

func TestLoaderEpochs(t *testing.T) {
	for _, c := range []struct {
		images, size int
		dropLast     bool
		want         []int // batch sizes of an epoch
	}{
		{10, 4, false, []int{4, 4, 2}},
		{10, 4, true, []int{4, 4}},
		{10, 5, false, []int{5, 5}},
		{10, 5, true, []int{5, 5}},
		{3, 3, true, []int{3}},
		{1, 1, false, []int{1}},
	} {
		l := newLoader(t, numbered(t, c.images), Config{BatchSize: c.size, DropLast: c.dropLast, Shuffle: true})
		for epoch := range 3 {
			var sizes []int
			for {
				b, err := l.Next(context.Background())
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if b.Epoch != epoch || b.Index != len(sizes) || b.Images.Shape()[0] != len(b.Labels) {
					t.Fatalf("batch %d of epoch %d says it is %d of %d, with %d labels for %v",
						len(sizes), epoch, b.Index, b.Epoch, len(b.Labels), b.Images.Shape())
				}
				sizes = append(sizes, len(b.Labels))
				b.Release()
			}
			if !slices.Equal(sizes, c.want) || l.Batches() != len(c.want) {
				t.Errorf("%+v: batches of %v (Batches %d)", c, sizes, l.Batches())
			}
		}
	}
}

// A loader that starts in the middle continues as if it had not stopped.
func TestLoaderSeek(t *testing.T) {
	config := Config{BatchSize: 4, Shuffle: true, Pipeline: augmentation, Seed: 5}
	d := numbered(t, 18) // 5 batches
	whole := take(t, newLoader(t, d, config), 15)

	l := newLoader(t, d, config)
	for at := range whole {
		if err := l.Seek(at/5, at%5); err != nil {
			t.Fatal(err)
		}
		if epoch, batch := l.Position(); epoch != at/5 || batch != at%5 {
			t.Fatalf("position (%d, %d), want (%d, %d)", epoch, batch, at/5, at%5)
		}
		n := min(3, len(whole)-at)
		if diff := cmp.Diff(whole[at:at+n], take(t, l, n)); diff != "" {
			t.Fatalf("from %d: %s", at, diff)
		}
	}

	if err := l.Seek(1, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Next(t.Context()); err != io.EOF {
		t.Errorf("at the end of an epoch: %v, want EOF", err)
	}
	if epoch, batch := l.Position(); epoch != 2 || batch != 0 {
		t.Errorf("after the end: position (%d, %d), want (2, 0)", epoch, batch)
	}
	for _, bad := range [][2]int{{-1, 0}, {0, -1}, {0, 6}} {
		if err := l.Seek(bad[0], bad[1]); err == nil {
			t.Errorf("Seek(%d, %d): no error", bad[0], bad[1])
		}
	}
}

func TestLoaderAllocatesNothing(t *testing.T) {
	for _, p := range []Pipeline{
		{Normalize: ImageNet},
		{Transforms: []Transform{RandomCrop{Height: 8, Width: 8, Padding: 2}, RandomHorizontalFlip{P: 0.5}}, Normalize: ImageNet},
	} {
		l := newLoader(t, numbered(t, 64), Config{BatchSize: 16, Shuffle: true, Pipeline: p, Workers: 2})
		next := func() {
			b, err := l.Next(t.Context())
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
		for range 20 {
			next()
		}
		// The generator of an epoch's order is a few bytes.
		if got := testing.AllocsPerRun(100, next); got > 1 {
			t.Errorf("%g allocations a batch", got)
		}
	}
}

// Batches that are kept do not change, and do not stop the loader.
func TestLoaderKeepsBatchesApart(t *testing.T) {
	l := newLoader(t, numbered(t, 40), Config{BatchSize: 4, Shuffle: true, Pipeline: augmentation, Prefetch: 1})
	var kept []*Batch
	var copies []served
	for len(kept) < 10 {
		b, err := l.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		kept, copies = append(kept, b), append(copies, copyOf(b))
	}
	kept[3].Release()
	kept[3].Release() // the second does nothing
	if _, err := l.Next(t.Context()); err != io.EOF {
		t.Fatal(err)
	}
	take(t, l, 10)
	l.Close()
	for i, b := range kept {
		if i == 3 {
			continue
		}
		if diff := cmp.Diff(copies[i], copyOf(b)); diff != "" {
			t.Errorf("batch %d changed: %s", i, diff)
		}
	}
}

// faulty is a data set with images that fail.
type faulty struct {
	Dataset
	corrupt []int
	fail    map[int]error
	crash   []int
	gate    chan struct{} // Get waits for it, if there is one
}

func (d *faulty) Get(i int, m *Image) (int, error) {
	if d.gate != nil {
		<-d.gate
	}
	if slices.Contains(d.crash, i) {
		panic("boom")
	}
	if err := d.fail[i]; err != nil {
		return 0, err
	}
	if slices.Contains(d.corrupt, i) {
		return 0, &DecodeError{fmt.Sprintf("%d.png", i), errors.New("bad")}
	}
	return d.Dataset.Get(i, m)
}

func TestLoaderReplacesCorruptImages(t *testing.T) {
	var log bytes.Buffer
	d := &faulty{Dataset: numbered(t, 20), corrupt: []int{2, 3, 5, 7, 11, 13, 17, 19}}
	l := newLoader(t, d, Config{BatchSize: 5, Shuffle: true, Prefetch: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
	seen := map[int]bool{}
	for i, b := range take(t, l, 8) {
		if len(b.Labels) != 5 || b.Shape[0] != 5 {
			t.Errorf("batch %d has %d images of shape %v", i, len(b.Labels), b.Shape)
		}
		for j, index := range b.Indices {
			if slices.Contains(d.corrupt, index) {
				t.Errorf("batch %d holds the corrupt image %d", i, index)
			}
			if want := index * 7 % 10; b.Labels[j] != want {
				t.Errorf("image %d has label %d, want %d", index, b.Labels[j], want)
			}
			seen[index] = true
		}
	}
	if len(seen) != 12 {
		t.Errorf("%d different images in two epochs, want all 12 good ones", len(seen))
	}
	l.Close()
	if got := l.Skipped(); got < 16 || got > 24 { // two epochs, and what was read ahead
		t.Errorf("%d skipped, want 16 and what was read ahead", got)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 8 || !strings.Contains(log.String(), `"image 13: 13.png: bad"`) {
		t.Errorf("%d warnings for 8 corrupt images:\n%s", n, &log)
	}
}

// Without shuffling every good image comes exactly once.
func TestLoaderLeavesOutCorruptImages(t *testing.T) {
	good := numbered(t, 14)
	d := &faulty{Dataset: good, corrupt: []int{0, 4, 5, 6, 7, 13}}
	l := newLoader(t, d, Config{BatchSize: 4, Workers: 3, Pipeline: Pipeline{Normalize: ImageNet}})
	clean := newLoader(t, good, Config{BatchSize: 1, Pipeline: Pipeline{Normalize: ImageNet}})
	for range 2 {
		var indices, sizes []int
		for {
			b, err := l.Next(t.Context())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			sizes = append(sizes, len(b.Labels))
			for i, index := range b.Indices {
				if err := clean.Seek(0, index); err != nil {
					t.Fatal(err)
				}
				want := take(t, clean, 1)[0]
				if got := copyOf(b).Images[i*192 : (i+1)*192]; !slices.Equal(got, want.Images) || b.Labels[i] != want.Labels[0] {
					t.Errorf("image %d is not what it should be", index)
				}
			}
			indices = append(indices, b.Indices...)
			b.Release()
		}
		if want := []int{1, 2, 3, 8, 9, 10, 11, 12}; !slices.Equal(indices, want) {
			t.Errorf("images %v, want %v", indices, want)
		}
		if want := []int{3, 4, 1}; !slices.Equal(sizes, want) {
			t.Errorf("batches of %v, want %v", sizes, want)
		}
	}
}

func TestLoaderErrors(t *testing.T) {
	all := make([]int, 12)
	for i := range all {
		all[i] = i
	}
	for _, c := range []struct {
		name    string
		data    faulty
		shuffle bool
		want    string
	}{
		{"error", faulty{fail: map[int]error{9: errors.New("disk on fire"), 10: errors.New("later")}}, false, "epoch 0, batch 2: image 9: disk on fire"},
		{"panic", faulty{crash: []int{6}}, false, "epoch 0, batch 1: image 6: panic: boom"},
		{"all corrupt", faulty{corrupt: all}, false, "none of the 12 images could be decoded"},
		{"all corrupt, shuffled", faulty{corrupt: all}, true, "100 images in turn could not be decoded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.data.Dataset = numbered(t, 12)
			l := newLoader(t, &c.data, Config{BatchSize: 4, Shuffle: c.shuffle, Workers: 4})
			var err error
			for err == nil {
				_, err = l.Next(t.Context())
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want %q in one line", err, c.want)
			}
			if _, again := l.Next(t.Context()); again != err {
				t.Errorf("the next error is %v", again)
			}
			if c.shuffle || c.data.corrupt != nil {
				return
			}
			if err := l.Seek(0, 0); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Next(t.Context()); err != nil {
				t.Errorf("after Seek: %v", err)
			}
		})
	}
}

func TestNewLoaderErrors(t *testing.T) {
	d := numbered(t, 10)
	for _, c := range []struct {
		name   string
		config Config
		want   string
	}{
		{"no batch size", Config{}, "batch size 0: want at least 1"},
		{"large batch", Config{BatchSize: 11}, "batch size 11 is larger than the data set, which has 10 images"},
		{"workers", Config{BatchSize: 1, Workers: -1}, "-1 workers"},
		{"prefetch", Config{BatchSize: 1, Prefetch: -1}, "prefetch -1"},
		{"crop", Config{BatchSize: 1, Pipeline: Pipeline{Transforms: []Transform{RandomCrop{Height: 9, Width: 8}}}},
			"random crop to 9x8 of an image of 8x8 with padding 0: the image is too small"},
		{"channels", Config{BatchSize: 1, Pipeline: Pipeline{Normalize: Normalization{[]float32{0}, []float32{1}}}},
			"normalize: mean and std of 1 channels for images of 3"},
	} {
		if _, err := NewLoader(d, c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
	varying := &ImageFolder{files: make([]imageFile, 3)}
	want := "add a resize or a crop"
	if _, err := NewLoader(varying, Config{BatchSize: 1}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("varying images: error %v, want %q", err, want)
	}
}

// Next gives up when it is told to, and what it waited for is not lost.
func TestLoaderCancel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := make(chan struct{})
		d := &faulty{Dataset: numbered(t, 8), gate: gate}
		l := newLoader(t, d, Config{BatchSize: 4, Workers: 2})
		ctx, cancel := context.WithCancel(context.Background())
		failed := make(chan error)
		go func() {
			_, err := l.Next(ctx)
			failed <- err
		}()
		synctest.Wait() // until Next is waiting
		cancel()
		if err := <-failed; err != context.Canceled {
			t.Errorf("error %v, want %v", err, context.Canceled)
		}
		if _, err := l.Next(ctx); err != context.Canceled {
			t.Errorf("with a dead context: error %v", err)
		}
		close(gate)
		b, err := l.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if want := []int{0, 1, 2, 3}; b.Index != 0 || !slices.Equal(b.Indices, want) {
			t.Errorf("batch %d with images %v, want batch 0 with %v", b.Index, b.Indices, want)
		}
	})
}

// synctest fails if a goroutine is left when its function returns.
func TestLoaderCloseLeavesNoGoroutine(t *testing.T) {
	for _, c := range []struct {
		name string
		use  func(t *testing.T, l *Loader)
	}{
		{"unused", func(*testing.T, *Loader) {}},
		{"in mid-epoch", func(t *testing.T, l *Loader) { take(t, l, 3) }},
		{"after an epoch", func(t *testing.T, l *Loader) { take(t, l, 12) }},
		{"when all waits", func(t *testing.T, l *Loader) { take(t, l, 1); synctest.Wait() }},
		{"after Seek", func(t *testing.T, l *Loader) {
			take(t, l, 2)
			if err := l.Seek(4, 1); err != nil {
				t.Fatal(err)
			}
			take(t, l, 1)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, err := NewLoader(numbered(t, 40), Config{BatchSize: 4, Shuffle: true, Workers: 5, Prefetch: 3})
				if err != nil {
					t.Fatal(err)
				}
				c.use(t, l)
				l.Close()
				l.Close()
				if _, err := l.Next(t.Context()); err == nil {
					t.Error("Next of a closed loader: no error")
				}
			})
		})
	}
}

// One epoch of 32x32 colour images with the usual augmentation; run it with
// -cpu 1 for the rate of one core.
func BenchmarkLoader(b *testing.B) {
	n := 10000
	pix, labels := make([]uint8, n*cifarImage), make([]uint8, n)
	r := rand.New(rng.New(1, "benchmark"))
	for i := range pix {
		pix[i] = uint8(r.Uint32())
	}
	d, err := NewMemory(3, cifarSide, cifarSide, pix, labels, digits)
	if err != nil {
		b.Fatal(err)
	}
	data := Data{Train: d, Norm: ImageNet, kind: &kind{padding: 4, flip: true}}
	l := newLoader(b, d, Config{BatchSize: 128, Shuffle: true, Pipeline: data.TrainPipeline(3, 32, 32)})
	b.ReportAllocs()
	images := 0
	for b.Loop() {
		batch, err := l.Next(b.Context())
		if err == io.EOF {
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		images += len(batch.Labels)
		batch.Release()
	}
	b.ReportMetric(float64(images)/b.Elapsed().Seconds(), "images/s")
}
