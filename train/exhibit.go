package train

import "image"

// exhibit is something that a run has to show after an epoch: a picture or a text.
type exhibit struct {
	name    string
	picture image.Image
	text    string
}

// sheetColumns is the number of pictures in a row of an exhibit.
const sheetColumns = 8
