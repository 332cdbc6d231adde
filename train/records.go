package train

// writeRecords writes what the epoch that has ended came to.
func (s *session) writeRecords() error {
	history := s.progress.History
	if err := s.dir.writeMetrics(history); err != nil {
		return err
	}
	if err := s.writeReport(); err != nil {
		return err
	}
	show, err := s.task.exhibits()
	if err != nil {
		return err
	}
	return s.board.epoch(history[len(history)-1], s.params, show)
}

// catchUp brings what the folder says of the epochs to where the checkpoint is: a
// run that was killed may have written one of them and not the other.
func (r *Run) catchUp() error {
	if len(r.progress.History) > 0 {
		if err := r.dir.writeMetrics(r.progress.History); err != nil {
			return err
		}
	}
	return r.writeReport()
}
