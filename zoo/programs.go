package zoo

import (
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// most is the largest batch for which a program is compiled; larger ones are run
// in parts. It bounds the memory, and from some images on more at a time are no
// faster.
const most = 32

// kept is how many programs are kept while nobody uses them.
const kept = 8

// programs makes the programs of a classifier for the shapes that are asked for,
// and keeps them: a program belongs to one caller at a time.
type programs struct {
	model  *Model
	params *graph.Params

	slots chan struct{} // as many callers run at a time as there are processors
	quiet sync.RWMutex  // held by those that run, and alone while compiling

	mu   sync.Mutex
	idle []*compiled // the longest unused first
}

// shape tells programs apart: the input and the outputs.
type shape struct {
	n, h, w int
	outputs string // their names, joined
}

// compiled is a program with the input that it reads.
type compiled struct {
	shape
	program *graph.Program
	x       []float32
}

func newPrograms(m *Model, p *graph.Params) *programs {
	return &programs{model: m, params: p, slots: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// run has fill write n images of (h, w), and read read the values of the outputs,
// which are valid until it returns.
func (p *programs) run(n, h, w int, outputs []string, fill func(x []float32) error, read func(values []*tensor.Dense)) error {
	p.slots <- struct{}{}
	defer func() { <-p.slots }()
	c, err := p.take(n, h, w, outputs)
	if err != nil {
		return err
	}
	defer p.give(c)
	if err := fill(c.x); err != nil {
		return err
	}
	p.quiet.RLock()
	defer p.quiet.RUnlock()
	if err := c.program.Run(); err != nil {
		return err
	}
	values := make([]*tensor.Dense, len(outputs))
	for i, name := range outputs {
		if values[i], err = c.program.Output(name); err != nil {
			return err
		}
	}
	read(values)
	return nil
}

// take returns a program, which is the caller's until give.
func (p *programs) take(n, h, w int, outputs []string) (*compiled, error) {
	s := shape{n, h, w, strings.Join(outputs, " ")}
	p.mu.Lock()
	for i := len(p.idle) - 1; i >= 0; i-- {
		if c := p.idle[i]; c.shape == s {
			p.idle = slices.Delete(p.idle, i, i+1)
			p.mu.Unlock()
			return c, nil
		}
	}
	p.mu.Unlock()
	return p.compile(s, outputs)
}

// give takes a program back.
func (p *programs) give(c *compiled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
	if len(p.idle) > kept {
		p.idle[0].program.Close()
		p.idle = slices.Delete(p.idle, 0, 1)
	}
}

// compile makes a program. A part that has no value in a graph for inference,
// where it is fused with what follows, has one in a graph for evaluation.
func (p *programs) compile(s shape, outputs []string) (*compiled, error) {
	p.quiet.Lock()
	defer p.quiet.Unlock()
	m, err := p.model.sized(s.h, s.w)
	if err != nil {
		return nil, err
	}
	taps := graph.WithTaps(outputs...)
	g, err := m.Graph(p.params, graph.Infer, s.n, taps)
	if err != nil {
		if g, err = m.Graph(p.params, graph.Eval, s.n, taps); err != nil {
			return nil, err
		}
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		return nil, err
	}
	in := g.Input("x").Shape().Clone()
	c := &compiled{s, program, make([]float32, in.TotalSize())}
	return c, program.Let("x", tensor.New(tensor.WithShape(in...), tensor.WithBacking(c.x)))
}

// sized returns the classifier for images of another size.
func (m *Model) sized(h, w int) (*Model, error) {
	a := m.Config()
	c, ok := a.(Classifier)
	if !ok {
		return nil, errors.Errorf("%s is no image classifier", m.name)
	}
	c.Image().Height, c.Image().Width = h, w
	return NewModel(m.name, a)
}
