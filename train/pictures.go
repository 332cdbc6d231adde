package train

import (
	"image"
	"slices"

	"github.com/gorgonia-zoo/modelzoo/dataset"
	"github.com/gorgonia-zoo/modelzoo/internal/contactsheet"
)

// pictures shows the inputs of a model, (N, C, H, W), as they were before they were
// normalised.
type pictures struct {
	c, h, w int
	norm    dataset.Normalization
}

// size is the number of values of an input.
func (p *pictures) size() int { return p.c * p.h * p.w }

// sheet lays inputs out in rows of so many columns. Of images of neither 1 nor 3
// channels the first is shown.
func (p *pictures) sheet(inputs []float32, columns int) (image.Image, error) {
	c, plane := p.c, p.h*p.w
	if c != 3 {
		c = 1
	}
	var values []float32
	for input := range slices.Chunk(inputs, p.size()) {
		for ch := range c {
			mean, std := p.channel(ch)
			for _, v := range input[ch*plane : (ch+1)*plane] {
				values = append(values, 2*(v*std+mean)-1)
			}
		}
	}
	return contactsheet.Draw(values, c, p.h, p.w, columns)
}

// channel returns the normalisation of a channel.
func (p *pictures) channel(ch int) (mean, std float32) {
	if len(p.norm.Mean) == 0 {
		return 0, 1
	}
	return p.norm.Mean[ch], p.norm.Std[ch]
}
