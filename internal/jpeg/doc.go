// Package jpeg decodes JPEG images to the same samples as libjpeg, and with it
// Pillow and torchvision: where the standard library's decoder rounds the inverse
// cosine transform in its own way, this one rounds it as libjpeg's accurate integer
// method does.
//
// It reads what ITU T.81 calls baseline, extended sequential and progressive images
// of 8 bits with Huffman coding, of one, three or four components, and gives their
// planes as they are stored: the colours of subsampled planes are not interpolated,
// and no colour is converted.
package jpeg
