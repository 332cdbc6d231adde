package train

// Reporters tell several reporters the same, in their order.
type Reporters []Reporter

// Progress tells all of them.
func (r Reporters) Progress(p Progress) {
	for _, to := range r {
		to.Progress(p)
	}
}

// Epoch tells all of them.
func (r Reporters) Epoch(e EpochResult) {
	for _, to := range r {
		to.Epoch(e)
	}
}

// page hands the report to those that show it.
func (r Reporters) page(p *page) {
	for _, to := range r {
		if show, ok := to.(pageReporter); ok {
			show.page(p)
		}
	}
}
