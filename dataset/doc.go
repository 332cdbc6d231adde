// Package dataset reads data sets of images and of text, transforms the images
// and serves both in batches. It knows no model.
//
// # Images
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
// A [Mixing] mixes the images of such a batch with each other.
//
// # Text
//
// [OpenText] turns a specification into a [Text]: corpora of tokens and the
// [Vocabulary] that made them.
//
//	sentences               English made by a grammar; needs no file
//	text:PATH               characters of a file, or of the .txt files in a folder
//	words:DIR               words of train.txt, valid.txt and test.txt
//
// A recurrent model reads a corpus from [Streams], whose rows run on from batch
// to batch; a model that sees one window at a time is trained on [Windows] drawn
// at random and evaluated on the [Cover] of all text:
//
//	text, err := dataset.OpenText("text:shakespeare.txt", dataset.TextOptions{})
//	streams, err := dataset.NewStreams(text.Train, batch, steps)
//	x, y, reset := make([]int, batch*steps), make([]int, batch*steps), make([]bool, batch)
//	for streams.Next(x, y, reset) { // one epoch
//		...
//	}
//
// # Determinism
//
// Every random draw comes from a generator keyed by the seed, its purpose and
// the epoch or the index of the image, never from a shared stream. The same
// seed gives the same batches, bit for bit, at any number of workers, and a
// loader that starts in the middle ([Loader.Seek]) continues as if it had not
// stopped; so do streams ([Streams.Seek]), and windows are keyed by their step.
//
// # Hostile files
//
// Sizes claimed by a file are checked before memory is taken for them, archives
// are read in memory and never unpacked to disk, and no reader panics.
package dataset
