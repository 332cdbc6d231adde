package train

// ClassMetrics is what was measured of one class of a classifier.
type ClassMetrics struct {
	// Images counts those of the class, and Predicted those that were taken for it.
	Images, Predicted int
	// Precision is the part of Predicted that is right, Recall the part of Images
	// that was found, and F1 their harmonic mean: in [0, 1], and 0 of nothing.
	Precision, Recall, F1 float64
}

// Class returns what was measured of the class of that number, from 0.
func (m *Metrics) Class(class int) ClassMetrics {
	c := ClassMetrics{Images: m.Images[class]}
	for _, row := range m.Confusion {
		c.Predicted += row[class]
	}
	right := m.Confusion[class][class]
	c.Precision, c.Recall = share(right, c.Predicted), share(right, c.Images)
	c.F1 = share(2*right, c.Predicted+c.Images)
	return c
}

// Classes returns what was measured of each class.
func (m *Metrics) Classes() []ClassMetrics {
	list := make([]ClassMetrics, len(m.Confusion))
	for i := range list {
		list[i] = m.Class(i)
	}
	return list
}

// share is part, but 0 of nothing.
func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return part(n, of)
}
