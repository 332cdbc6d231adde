package main

import "github.com/gorgonia-zoo/modelzoo/bench/internal/workload"

// workloads are the table's rows.
var workloads = []workload.Workload{
	{Model: "resnet18", Kind: workload.Inference, Batch: 1, Size: 224},
	{Model: "resnet50", Kind: workload.Inference, Batch: 1, Size: 224},
	{Model: "resnet18", Kind: workload.Inference, Batch: 8, Size: 224},
	{Model: "resnet50", Kind: workload.Inference, Batch: 8, Size: 224},
	{Model: "resnet20", Kind: workload.Inference, Batch: 128, Size: 32},
	{Model: "resnet18", Kind: workload.Training, Batch: 8, Size: 224},
	{Model: "resnet50", Kind: workload.Training, Batch: 8, Size: 224},
	{Model: "resnet20", Kind: workload.Training, Batch: 128, Size: 32},
	{Model: "resnet18", Kind: workload.Start, Batch: 1, Size: 224},

	{Model: "lstm-lm", Kind: workload.Training, Batch: 32, Size: 64},
	{Model: "transformer-lm", Kind: workload.Training, Batch: 12, Size: 64},
	{Model: "gan", Kind: workload.Training, Batch: 64, Size: 28},
	{Model: "lstm-lm", Kind: workload.Generation, Batch: 1, Size: 64},
	{Model: "transformer-lm", Kind: workload.Generation, Batch: 1, Size: 64},
}
