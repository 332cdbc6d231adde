package train

// evaluationOfClasses is what the JSON of an Evaluation has beyond the image: how
// sure the model was, and the classes one by one.
type evaluationOfClasses struct {
	ECE     *finite     `json:"ece,omitempty"`
	Classes []classLine `json:"classes,omitempty"`
}

// classLine is a class in JSON.
type classLine struct {
	Class     string  `json:"class"`
	Images    int     `json:"images"`
	Predicted int     `json:"predicted"`
	Precision float64 `json:"precision"`
	Recall    float64 `json:"recall"`
	F1        float64 `json:"f1"`
}

func (e *Evaluation) ofClasses() (out evaluationOfClasses) {
	if e.Metrics.N == 0 {
		return out
	}
	ece := finite(e.Metrics.Calibration.Error())
	out.ECE, out.Classes = &ece, classLines(e.Classes, &e.Metrics)
	return out
}

// classLines are the classes of those names with what was measured of them.
func classLines(names []string, m *Metrics) []classLine {
	var list []classLine
	for i, c := range m.Classes() {
		list = append(list, classLine{names[i], c.Images, c.Predicted, c.Precision, c.Recall, c.F1})
	}
	return list
}
