package train

import (
	"cmp"
	"encoding/base64"
	"html/template"
	"image"
	"image/color"
	"math"
	"slices"
)

// tabledClasses is the number of classes up to which the report has the confusion
// matrix as a table; of more it has a picture with a pixel for each pair.
const tabledClasses = 20

// confusionCell is a cell of the table. Shade, 0 to 100, grows with the square root
// of the part of the class, so that rare confusions show.
type confusionCell struct {
	N     int
	Shade int
	Right bool
}

// confusionRow is a class and how its images were taken.
type confusionRow struct {
	Class string
	Cells []confusionCell
}

// confusionRows are the table, nil if there are too many classes.
func (e *bestEvaluation) confusionRows() []confusionRow {
	if len(e.Classes) > tabledClasses {
		return nil
	}
	m := confusion(e.Confusion)
	var rows []confusionRow
	for i, counts := range m {
		row := confusionRow{Class: e.Classes[i].Class}
		for k, n := range counts {
			row.Cells = append(row.Cells, confusionCell{n, int(100*math.Sqrt(m.Z(k, len(m)-1-i)) + 0.5), i == k})
		}
		rows = append(rows, row)
	}
	return rows
}

// The colours of the picture, of what is right and what is wrong.
var (
	rightColor = color.NRGBA{R: 0x2f, G: 0x7d, B: 0xd1}
	wrongColor = color.NRGBA{R: 0xe0, G: 0x5a, B: 0x1e}
)

// confusionPicture is the matrix with a pixel for each pair of classes.
func (e *bestEvaluation) confusionPicture() (template.URL, error) {
	m := confusion(e.Confusion)
	picture := image.NewNRGBA(image.Rect(0, 0, len(m), len(m)))
	for y := range m {
		for x := range m {
			c := wrongColor
			if x == y {
				c = rightColor
			}
			c.A = uint8(255*math.Sqrt(m.Z(x, len(m)-1-y)) + 0.5)
			picture.SetNRGBA(x, y, c)
		}
	}
	data, err := encodePNG(picture)
	return pngURL(data), err
}

// pngURL is a picture as a URL that holds it.
func pngURL(data []byte) template.URL {
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(data))
}

// confused is a pair of classes, the second of which the first is taken for.
type confused struct {
	Class, Taken string
	N            int
	Part         float64 // of the images of the class
}

// frequentConfusions are the ten most frequent ones.
func (e *bestEvaluation) frequentConfusions() []confused {
	var list []confused
	for i, row := range e.Confusion {
		for k, n := range row {
			if i != k && n > 0 {
				list = append(list, confused{e.Classes[i].Class, e.Classes[k].Class, n, share(n, e.Classes[i].Images)})
			}
		}
	}
	slices.SortStableFunc(list, func(a, b confused) int { return cmp.Compare(b.N, a.N) })
	return list[:min(len(list), 10)]
}
