// Zoo-export takes weights out of run folders and shows what is in files of
// weights.
//
//	zoo-export --from runs/first --to resnet20.gob
//	zoo-export --from resnet20.gob --to resnet20.safetensors
//	zoo-export --from resnet20.gob --to resnet20.onnx
//	zoo-export --pretrained cifar10 --to resnet20.pth
//	zoo-export inspect resnet20.gob
//
// Its exit status is 0 if all went well, 1 for a failure and 2 for bad usage.
package main

import (
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/gorgonia-zoo/modelzoo/internal/cli"
	"github.com/gorgonia-zoo/modelzoo/weights"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is main with its surroundings given.
func run(args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	return cli.Report(stderr, "zoo-export", root.Execute())
}

func newRoot() *cobra.Command {
	var e export
	root := &cobra.Command{
		Use:   "zoo-export --from RUN_DIR|FILE|--pretrained DATA --to FILE.gob|.safetensors|.npz|.pth|.onnx",
		Short: "Take weights out of a run, or show what is in a file of weights",
		Long: "Zoo-export writes the weights of a run, or of a file of weights or a checkpoint,\n" +
			"to a file of their own, in the format that its extension names. Of a run folder it\n" +
			"takes the finished weights or, if the run has none, those of its best or last\n" +
			"checkpoint. A file of the format ONNX holds the whole network, for inference.",
		RunE: func(c *cobra.Command, _ []string) error {
			if err := e.check(); err != nil {
				return cli.Usage(err)
			}
			return e.run(c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	flags := root.Flags()
	flags.SortFlags = false
	flags.StringVar(&e.from, "from", "", "`RUN_DIR|FILE` to take weights from")
	flags.StringVar(&e.pretrained, "pretrained", "", "instead of --from: weights that the program has inside, by the `DATA` they were trained on; see zoo-train models")
	flags.StringVar(&e.to, "to", "", "`FILE` to write; its extension is the format: "+extensions())
	flags.StringVar(&e.model, "model", "", "check that the weights are of the model `NAME`, and say so in the file; --pretrained: those of that model")
	flags.BoolVar(&e.keepNorms, "keep-norms", false, "leave batch norms in an ONNX model as they are, instead of in the weights of convolutions")
	flags.StringVar(&e.dtype, "dtype", string(weights.Float32), "`TYPE` of floating-point values in a file"+safetensorsFormat+": "+strings.Join(dtypes, ", "))
	flags.StringVar(&e.source, "source", "", "`TEXT` for the file: where the weights come from")
	flags.StringVar(&e.license, "license", "", "`SPDX` identifier for the file: under which terms they are, such as Apache-2.0")
	e.fitting.Define(flags)
	root.AddCommand(newInspectCommand())
	cli.Prepare(root)
	return root
}
