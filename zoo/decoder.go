package zoo

import (
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/gorgonia-zoo/modelzoo/graph"
)

// Decoder continues a text with a language model, one token after another. What
// the model knows of the earlier tokens is kept, the hidden state of a recurrent
// network or the keys and values of a Transformer, so that a token costs one step
// of the network however long the text is.
//
// A Decoder is not safe for concurrent use.
type Decoder struct {
	program  *graph.Program
	vocab    int
	context  int // most tokens that the state can hold; 0 for any number
	token    []int
	position []int // of the token; nil if the model does not ask
	states   []decoderState
	read     []int // tokens in the state, if there is a most
}

// decoderState is a State with its values.
type decoderState struct {
	value  *tensor.Dense
	output string
}

// NewDecoder compiles the network for decoding, with the weights p, which it does
// not copy. The decoder must be closed.
func (m *Model) NewDecoder(p *graph.Params) (*Decoder, error) {
	l, ok := m.arch.(LanguageModel)
	if !ok {
		return nil, errors.Errorf("%s is no language model: it continues no text", m.name)
	}
	g, err := m.build(p, graph.Infer, nil, func(s *graph.Scope) { language{l}.decode(s, 1) })
	if err != nil {
		return nil, err
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		return nil, err
	}
	d := &Decoder{program: program, vocab: l.Text().Vocabulary, token: make([]int, 1)}
	if err := d.bind(g, l); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// bind gives the inputs of the graph their tensors.
func (d *Decoder) bind(g *graph.Graph, l LanguageModel) error {
	if err := d.program.Let("x", tensor.New(tensor.WithShape(1, 1), tensor.WithBacking(d.token))); err != nil {
		return err
	}
	if g.Input(PositionInput) != nil {
		d.position, d.context = make([]int, 1), l.Text().Context
		if err := d.program.Let(PositionInput, tensor.New(tensor.WithShape(1), tensor.WithBacking(d.position))); err != nil {
			return err
		}
	}
	for _, s := range l.DecodeState() {
		in := g.Input(s.Input)
		if in == nil {
			return errors.Errorf("the graph for decoding has no input %q", s.Input)
		}
		v := tensor.New(tensor.WithShape(in.Shape()...), tensor.Of(tensor.Float32))
		if err := d.program.Let(s.Input, v); err != nil {
			return err
		}
		d.states = append(d.states, decoderState{v, s.Output})
	}
	return nil
}

// Context returns the most tokens that the decoder can look back on, 0 if there
// is no such number.
func (d *Decoder) Context() int { return d.context }

// Reset forgets all tokens.
func (d *Decoder) Reset() {
	for _, s := range d.states {
		clear(s.value.Float32s())
	}
	d.read = d.read[:0]
}

// Next reads a token and returns the logits of the one that follows, (Vocabulary),
// which the next call overwrites.
//
// When a model with a limited context has read that many tokens, the older half
// of them is forgotten, which costs as much as reading the others again.
func (d *Decoder) Next(token int) ([]float32, error) {
	if token < 0 || token >= d.vocab {
		return nil, errors.Errorf("token %d, want 0 to %d", token, d.vocab-1)
	}
	if d.context > 0 && len(d.read) == d.context {
		kept := slices.Clone(d.read[d.context-d.context/2:])
		d.Reset()
		for _, t := range kept {
			if _, err := d.step(t); err != nil {
				return nil, err
			}
		}
	}
	return d.step(token)
}

// step runs the network on a token.
func (d *Decoder) step(token int) ([]float32, error) {
	d.token[0] = token
	if d.position != nil {
		d.position[0] = len(d.read)
	}
	if err := d.program.Run(); err != nil {
		return nil, err
	}
	for _, s := range d.states {
		if s.output == "" {
			continue
		}
		v, err := d.program.Output(s.output)
		if err != nil {
			return nil, err
		}
		copy(s.value.Float32s(), v.Float32s())
	}
	if d.context > 0 {
		d.read = append(d.read, token)
	}
	logits, err := d.program.Output("logits")
	if err != nil {
		return nil, err
	}
	return logits.Float32s(), nil
}

// Generate forgets what was before, reads the prompt, of at least one token, and
// continues it by up to n tokens, which it draws as s says and gives to each, until
// that returns false.
func (d *Decoder) Generate(prompt []int, n int, s Sampling, each func(token int) bool) error {
	switch {
	case len(prompt) == 0:
		return errors.New("the prompt is empty, want at least one token")
	case d.context > 0 && len(prompt) > d.context:
		return errors.Errorf("the prompt has %d tokens, but the model looks back on %d at most", len(prompt), d.context)
	}
	if err := s.validate(); err != nil {
		return err
	}
	d.Reset()
	var logits []float32
	for _, token := range prompt {
		var err error
		if logits, err = d.Next(token); err != nil {
			return err
		}
	}
	pick := newPicker(s, d.vocab)
	for i := range n {
		token, err := pick.from(logits, i)
		if err != nil {
			return err
		}
		if !each(token) || i == n-1 {
			return nil
		}
		if logits, err = d.Next(token); err != nil {
			return err
		}
	}
	return nil
}

// Close frees the program.
func (d *Decoder) Close() error { return d.program.Close() }

// PositionInput is the name of the input of ints, (1), by which a model that looks
// at positions is told, when it decodes, how many tokens were before.
const PositionInput = "position"
