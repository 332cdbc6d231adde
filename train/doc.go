// Package train trains and measures image classifiers and language models, and
// trains generators of images with their discriminators: the loop, solvers,
// learning rate schedules, metrics, checkpoints and the folder that a run leaves
// behind. What a run does in a step, and what it measures, depends on the task of
// its model.
//
//	cfg := train.DefaultConfig("resnet20", "glyphs")
//	cfg.Epochs = 3
//	run, err := train.New(cfg, train.Options{Dir: "runs/first"})
//	result, err := run.Train(ctx)
//
// A run is determined by its [Config]: the same settings give the same bits, at
// any number of threads, and so does a run that was interrupted and resumed.
//
// The solvers and schedules need no run. A [Solver] is a gorgonia.Solver that
// moves the parameters of any graph of float32 values; a [Schedule] is a pure
// function of the step.
package train
