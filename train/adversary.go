package train

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/atomicfile"
	"github.com/gorgonia-zoo/modelzoo/internal/contactsheet"
	"github.com/gorgonia-zoo/modelzoo/internal/kernel"
	"github.com/gorgonia-zoo/modelzoo/internal/rng"
	"github.com/gorgonia-zoo/modelzoo/weights"
	"github.com/gorgonia-zoo/modelzoo/zoo"
)

// adversary trains a generator and its discriminator in a Duel.
type adversary struct {
	*Run
	imageFeed
	duel    *Duel
	gallery *gallery
}

func (t *adversary) open() (err error) {
	c := &t.config
	if t.data, err = dataset.Open(c.Data, t.dataOptions()); err != nil {
		return err
	}
	if t.model, err = c.adversaries(t.data, t.originOptions()); err != nil {
		return err
	}
	ch, h, w := t.model.Picture()
	c.Augment = c.Augment.resolve(t.data, ch, h, w)
	return c.setArchitecture(t.model, "channels")
}

// adversaries returns the model that the settings name, for the channels of the
// data set.
func (c *Config) adversaries(d *dataset.Data, options []zoo.Option) (*zoo.Model, error) {
	channels, _, _ := d.Train.Shape()
	ofData := func(a zoo.Architecture) error {
		if g, ok := a.(*zoo.GAN); ok && channels > 0 {
			g.Channels = channels
		}
		return nil
	}
	return zoo.New(c.Model, append(options, ofData, WithArchitecture(c.Architecture))...)
}

func (t *adversary) describe(m *weights.Meta) {
	ch, h, w := t.model.Picture()
	n := centred(ch)
	m.Input = weights.Input{Channels: ch, Height: h, Width: w, Mean: n.Mean, Std: n.Std}
}

// centred is the normalisation of pixels to [-1, 1], the range of the generator.
func centred(channels int) dataset.Normalization {
	return dataset.Normalization{Mean: []float32{0.5}, Std: []float32{0.5}}.For(channels)
}

func (t *adversary) compile() (err error) {
	if _, err = t.model.Graph(t.params, graph.Eval, 1); err != nil { // parameters in their order
		return err
	}
	ch, h, w := t.model.Picture()
	if err = t.load(t.Run, ch, h, w, centred(ch)); err != nil {
		return err
	}
	if t.duel, err = NewDuel(t.model, t.params, &t.config); err != nil {
		return err
	}
	t.gallery, err = newGallery(t.model, t.shown(), t.config.Seed)
	return err
}

func (t *adversary) makeSolver() (Solver, error) { return t.duel.sides, nil }

func (t *adversary) toEvaluate() int { return 0 }

func (t *adversary) step(ctx context.Context, sums *tally, check check) (loss float64, err error) {
	b, err := t.next(ctx, sums)
	if err != nil {
		return 0, err
	}
	defer b.Release()
	score, err := t.duel.Step(uint64(t.steps()), b.Images, check)
	if err != nil {
		return 0, err
	}
	sums.addScore(score, len(b.Labels))
	return score.GeneratorLoss, nil
}

// There is nothing to evaluate, and the last is the best.
func (t *adversary) evaluate(context.Context, *EpochResult, func(done, total int)) error { return nil }
func (t *adversary) better(EpochResult, EpochResult) bool                                { return true }

// artifacts writes a grid of images that the generator makes of the same noise in
// every epoch.
func (t *adversary) artifacts(bool) error {
	dir := t.dir.path(SamplesDir)
	if err := os.Mkdir(dir, 0o777); err != nil && !errors.Is(err, fs.ErrExist) { // not the run folder, if that has gone
		return plain(dir, err)
	}
	return t.gallery.write(filepath.Join(dir, sampleName(len(t.progress.History))))
}

// sampleName is the file of an epoch's images.
func sampleName(epoch int) string { return fmt.Sprintf("epoch-%03d.png", epoch) }

func (t *adversary) network() *graph.Graph { return t.duel.generator.Graph() }

// exhibits are the images of the epoch beside some of the real ones.
func (t *adversary) exhibits() ([]exhibit, error) {
	list, err := t.imageFeed.exhibits()
	return append(list, exhibit{name: "generated_images", picture: t.gallery.sheet}), err
}

func (t *adversary) close() {
	t.stop()
	if t.duel != nil {
		t.duel.Close()
	}
	if t.gallery != nil {
		t.gallery.program.Close()
	}
}

// gallery makes images of noise that stays the same.
type gallery struct {
	program *graph.Program
	c, h, w int
	sheet   image.Image // what was drawn last
}

// galleryRows is the number of rows, and of columns, of the grid.
const galleryRows = 8

func newGallery(m *zoo.Model, p *graph.Params, seed uint64) (*gallery, error) {
	const n = galleryRows * galleryRows
	g, err := m.ImageGraph(p, graph.Infer, n)
	if err != nil {
		return nil, err
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		return nil, err
	}
	z := make([]float32, n*m.InputShape()[0])
	kernel.FillNormal(z, 0, 1, rng.New(seed, "gallery"))
	c, h, w := m.Picture()
	return &gallery{program: program, c: c, h: h, w: w}, program.Let("z", tensor.New(tensor.WithShape(n, m.InputShape()[0]), tensor.WithBacking(z)))
}

// write draws the images.
func (g *gallery) write(path string) error {
	if err := g.program.Run(); err != nil {
		return err
	}
	v, err := g.program.Output("images")
	if err != nil {
		return err
	}
	if g.sheet, err = contactsheet.Draw(v.Float32s(), g.c, g.h, g.w, galleryRows); err != nil {
		return err
	}
	return atomicfile.WriteFile(path, func(w io.Writer) error { return png.Encode(w, g.sheet) })
}
