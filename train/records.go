package train

// catchUp brings what the folder says of the epochs to where the checkpoint is: a
// run that was killed may have written one of them and not the other.
func (r *Run) catchUp() error {
	if len(r.progress.History) == 0 {
		return nil
	}
	return r.dir.writeMetrics(r.progress.History)
}
