// Package colour changes colours of 8 bits to the same bits as Pillow: luminance,
// saturation, and the turn of the hue in Pillow's HSV. [Normalize] makes of them what
// networks see, to the same bits as PyTorch.
package colour
