// Package resample scales planes of 8 bits to the same bits as Pillow: by the filter
// stretched over as many samples as a new one stands for, across and then down, with
// weights of 22 bits below the point and the result of each pass rounded to 8 bits.
// [Nearest] is what turns and shears images.
package resample
