package engine

// refusals is what has been told of the bounds that were reached.
type refusals struct{ objectives, incidents, columns, changes int }

// tell reports what was refused since it was last called.
func (r *run) tell() {
	o, ok := r.obs.(RefusalObserver)
	if !ok {
		return
	}
	now := refusals{r.watcher.Refused(), r.tracker.Refused(), r.history.Refused(), 0}
	if r.ledger != nil {
		now.changes = r.ledger.Refused()
	}
	for _, c := range []struct {
		reason Refusal
		n      int
	}{
		{ObjectiveLimit, now.objectives - r.told.objectives},
		{IncidentLimit, now.incidents - r.told.incidents},
		{ColumnLimit, now.columns - r.told.columns},
		{ChangeLimit, now.changes - r.told.changes},
	} {
		if c.n > 0 {
			o.Refused(c.reason, c.n)
		}
	}
	r.told = now
}
