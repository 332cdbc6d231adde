package train

import (
	"fmt"
	"strings"

	"github.com/pkg/errors"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/internal/freememory"
)

// Memory says in bytes what a run needs, about. It is an estimate from below: what
// kernels work in is not in it, nor what the decoding of images leaves behind.
type Memory struct {
	Weights     int64 // with their average and with the forms that evaluation keeps of them
	Gradients   int64
	Optimizer   int64
	Activations int64 // of training, of evaluation and of what there is to show
	Loader      int64 // batches that are prepared
	Data        int64 // a data set that is in memory
	Program     int64 // the program itself, and what a small run takes anyway
}

// programMemory was measured.
const programMemory = 40 << 20

// Total is the sum.
func (m Memory) Total() int64 {
	return m.Weights + m.Gradients + m.Optimizer + m.Activations + m.Loader + m.Data + m.Program
}

// String is one line.
func (m Memory) String() string {
	var parts []string
	for _, p := range []struct {
		name  string
		bytes int64
	}{
		{"weights", m.Weights}, {"gradients", m.Gradients}, {"optimiser", m.Optimizer}, {"activations", m.Activations},
		{"loader", m.Loader}, {"data", m.Data}, {"program", m.Program},
	} {
		parts = append(parts, fmt.Sprintf("%s %.0f", p.name, float64(p.bytes)/1e6))
	}
	return fmt.Sprintf("about %.0f MB (%s)", float64(m.Total())/1e6, strings.Join(parts, ", "))
}

// Memory estimates what the run needs.
func (r *Run) Memory() Memory {
	m := Memory{Program: programMemory}
	for e := range r.params.All() {
		m.Weights += bytesOf(e)
		if !e.Buffer {
			m.Optimizer += int64(r.config.Optimizer.buffers()) * bytesOf(e)
		}
	}
	if r.average != nil {
		m.Weights *= 2
	}
	gradients := int64(0)
	for _, p := range r.task.programs() {
		of := p.Memory()
		m.Weights += of.Weights
		gradients += of.Gradients
		m.Activations += of.Arena + of.Pinned
	}
	m.Gradients = gradients
	if r.config.Accumulate > 1 {
		m.Gradients *= 2
	}
	r.task.feeds(&m)
	return m
}

func bytesOf(e *graph.Param) int64 { return 4 * int64(e.Value.Shape().TotalSize()) }

// fits reports it if the run needs more memory than there is: better now than when
// the operating system ends it.
func (r *Run) fits() error {
	need := r.Memory().Total()
	have, ok := freememory.Bytes()
	if r.options.IgnoreMemory || !ok || need <= have {
		return nil
	}
	return errors.Errorf("the run needs about %.1f GB of memory, and %.1f GB are free: a smaller batch_size needs less, and --ignore-memory tries it all the same",
		float64(need)/1e9, float64(have)/1e9)
}

// buffers is how many numbers the solver remembers of a parameter.
func (o *OptimizerConfig) buffers() int {
	n := 0
	count := func(given ...bool) {
		for _, g := range given {
			if g {
				n++
			}
		}
	}
	switch o.Name {
	case "sgd":
		count(o.Momentum != 0)
	case "rmsprop":
		count(true, o.Momentum != 0, o.Centered)
	default:
		count(true, true, o.AMSGrad)
	}
	return n
}

// feeds are the batches and the images that are in memory.
func (f *imageFeed) feeds(m *Memory) {
	m.Loader += f.loader.Bytes()
	for _, d := range []dataset.Dataset{f.data.Train, f.data.Val} {
		if held, ok := d.(interface{ Bytes() int64 }); ok {
			m.Data += held.Bytes()
		}
	}
}

func (t *classifier) feeds(m *Memory) {
	t.imageFeed.feeds(m)
	m.Loader += t.eval.loader.Bytes() + 4*int64(t.eval.x.Shape().TotalSize())
}

func (t *classifier) programs() []*graph.Program {
	return []*graph.Program{t.program, t.eval.program}
}

func (t *writer) feeds(m *Memory) {
	m.Data += 4 * int64(t.text.Train.Len()+t.text.Val.Len())
}

func (t *writer) programs() []*graph.Program {
	return []*graph.Program{t.feed.program, t.read.feed.program}
}

// feeds counts the gradients of real images, too.
func (t *adversary) feeds(m *Memory) {
	t.imageFeed.feeds(m)
	for _, g := range t.duel.real {
		m.Gradients += 4 * int64(len(g))
	}
}

func (t *adversary) programs() []*graph.Program {
	return []*graph.Program{t.duel.images, t.duel.discriminator, t.duel.generator, t.gallery.program}
}
