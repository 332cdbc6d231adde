package zoo_test

import (
	"fmt"
	"log"
	"strings"

	"github.com/gorgonia-zoo/modelzoo/blocks"
	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/graph"
	"github.com/gorgonia-zoo/modelzoo/train"
	"github.com/gorgonia-zoo/modelzoo/zoo"
	"gorgonia.org/tensor"
)

// Training a recurrent language model by hand: windows of a text in order, with the
// state after one window before the next. The decoder then goes on with the text.
func Example_recurrent() {
	text := strings.Repeat("to be or not to be; ", 40)
	vocabulary, err := dataset.NewCharacters(text)
	if err != nil {
		log.Fatal(err)
	}
	tokens, err := vocabulary.Encode(text)
	if err != nil {
		log.Fatal(err)
	}
	corpus, err := dataset.NewCorpus(tokens)
	if err != nil {
		log.Fatal(err)
	}

	const batch, window = 4, 16
	model, err := zoo.New("lstm-lm",
		zoo.WithVocabulary(vocabulary.Len()),
		zoo.WithContext(window),
		func(a zoo.Architecture) error {
			net := a.(*zoo.LSTMLM)
			net.Dim, net.Hidden, net.Layers = 16, 32, 1
			return nil
		})
	if err != nil {
		log.Fatal(err)
	}
	params := graph.NewParams(1)
	g, err := model.LossGraph(params, graph.Train, batch, zoo.Loss{})
	if err != nil {
		log.Fatal(err)
	}
	program, err := graph.NewProgram(g)
	if err != nil {
		log.Fatal(err)
	}
	defer program.Close()

	x, y, reset := make([]int, batch*window), make([]int, batch*window), make([]bool, batch)
	program.Let("x", tensor.New(tensor.WithShape(batch, window), tensor.WithBacking(x)))
	program.Let("y", tensor.New(tensor.WithShape(batch, window), tensor.WithBacking(y)))
	states := make(map[string]*tensor.Dense)
	for _, s := range model.State() { // h0 and c0, followed by hn and cn
		states[s.Input] = tensor.New(tensor.WithShape(g.Input(s.Input).Shape()...), tensor.Of(tensor.Float32))
		program.Let(s.Input, states[s.Input])
	}
	streams, err := dataset.NewStreams(corpus, batch, window)
	if err != nil {
		log.Fatal(err)
	}
	solver := train.NewAdam(0.01)
	for range 20 { // epochs
		for _, v := range states { // each row begins its part of the text anew
			v.Zero()
		}
		for streams.Next(x, y, reset) {
			if err := program.Step(solver); err != nil {
				log.Fatal(err)
			}
			for _, s := range model.State() {
				after, err := program.Output(s.Output)
				if err != nil {
					log.Fatal(err)
				}
				copy(states[s.Input].Float32s(), after.Float32s())
			}
		}
	}

	decoder, err := model.NewDecoder(params)
	if err != nil {
		log.Fatal(err)
	}
	defer decoder.Close()
	prompt, err := vocabulary.Encode("to be or")
	if err != nil {
		log.Fatal(err)
	}
	var next []int
	err = decoder.Generate(prompt, 12, zoo.Sampling{}, func(token int) bool {
		next = append(next, token)
		return true
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%q\n", vocabulary.Decode(next))
	// Output: " not to be; "
}

// A Decoder gives the logits of the next token for each token that it reads.
func ExampleModel_NewDecoder() {
	model, err := zoo.New("lstm-lm")
	if err != nil {
		log.Fatal(err)
	}
	params, err := model.Init(1)
	if err != nil {
		log.Fatal(err)
	}
	decoder, err := model.NewDecoder(params)
	if err != nil {
		log.Fatal(err)
	}
	defer decoder.Close()
	for _, token := range []int{20, 43, 50} {
		logits, err := decoder.Next(token)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(len(logits))
	}
	decoder.Reset() // another text begins
	// Output:
	// 65
	// 65
	// 65
}

// The encoder of the paper: the options are fields.
func ExampleNew_transformer() {
	model, err := zoo.New("transformer-lm",
		zoo.WithVocabulary(1000),
		zoo.WithContext(32),
		func(a zoo.Architecture) error {
			net := a.(*zoo.TransformerLM)
			net.Width, net.Heads, net.FeedForward, net.Layers = 64, 2, 256, 2
			net.Activation, net.NormFirst = blocks.GELU, true // as GPT-2
			net.TieWeights, net.ScaledInit = true, true
			return nil
		})
	if err != nil {
		log.Fatal(err)
	}
	params, err := model.Init(1)
	if err != nil {
		log.Fatal(err)
	}
	g, err := model.Graph(params, graph.Infer, 8)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(g.Input("x").Shape(), "to", g.Output("logits").Shape())
	fmt.Println(params.Count(), "parameters")
	// Output:
	// (8, 32) to (8, 32, 1000)
	// 167144 parameters
}
