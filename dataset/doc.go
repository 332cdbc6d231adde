// Package dataset reads image data sets, transforms their images and serves
// them in batches. It knows no model.
//
// [Open] turns a specification into a [Data]: two splits and what is known of
// them.
//
//	glyphs                  digits drawn from the Go fonts; needs no file
//	mnist:DIR               idx files, .gz or plain
//	fashion-mnist:DIR
//	cifar10:DIR             original binary layout, the folder or the .tar.gz
//	cifar100:DIR
//	imagefolder:DIR         DIR/train/CLASS/*.jpg and DIR/val/CLASS/*.png
//
// A [Pipeline] augments and normalises an image; its transforms mean what
// torchvision means by the same names. A [Loader] runs a pipeline over a split
// in several goroutines and hands out batches of float32 (N, C, H, W):
//
//	data, err := dataset.Open("cifar10:data", dataset.Options{})
//	loader, err := dataset.NewLoader(data.Train, dataset.Config{
//		BatchSize: 128,
//		Shuffle:   true,
//		Pipeline:  data.TrainPipeline(3, 32, 32),
//	})
//	defer loader.Close()
//	for {
//		batch, err := loader.Next(ctx)
//		if err == io.EOF {
//			break // one epoch is over; the next call begins another
//		}
//		...
//		batch.Release()
//	}
//
// # Determinism
//
// Every random draw comes from a generator keyed by the seed, its purpose and
// the epoch or the index of the image, never from a shared stream. The same
// seed gives the same batches, bit for bit, at any number of workers, and a
// loader that starts in the middle ([Loader.Seek]) continues as if it had not
// stopped.
//
// # Hostile files
//
// Sizes claimed by a file are checked before memory is taken for them, archives
// are read in memory and never unpacked to disk, and no reader panics.
package dataset
