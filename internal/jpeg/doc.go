// Package jpeg decodes JPEG images to the same samples as libjpeg, and with it
// Pillow and torchvision: where the standard library's decoder rounds the inverse
// cosine transform in its own way, this one rounds it as libjpeg's accurate integer
// method does, and it interpolates and converts colours as libjpeg does.
//
// It reads what ITU T.81 calls baseline, extended sequential and progressive images
// of 8 bits with Huffman coding, of one, three or four components. A file that ends
// before its last marker is an error. Damage within the entropy-coded data is none:
// such a file gives the image that libjpeg makes of it, but that blocks of a
// progressive image of which whole scans are missing are not smoothed.
//
// The transform, the interpolation and the conversion of colours are in vectors where
// the processor has AVX2, and in plain Go elsewhere, with the same results.
package jpeg
