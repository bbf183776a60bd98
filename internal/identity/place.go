package identity

// Place is the place that a key has in an Admission or a Recent, for those who
// keep what they found out about it. The zero Place is of nothing.
type Place struct {
	seen  *seen
	grain int64
}

// grains is the number of steps into which the time to forget is cut for Touch.
const grains = 4096

// Touch notes that what has the place is in use at now, and reports false where
// it has given the place up: then it has to be admitted anew. It takes no lock,
// and writes to memory that others share only where now is later than what is
// noted by a small part of the time to forget.
func (p *Place) Touch(now int64) bool {
	if p.seen == nil || p.seen.gone.Load() {
		return false
	}
	if now-p.seen.at.Load() > p.grain {
		p.seen.touch(now)
	}
	return true
}

// Seen returns the event time at which what has the place was last noted to be in use, and
// false where it has given the place up.
func (p *Place) Seen() (int64, bool) {
	if p.seen == nil || p.seen.gone.Load() {
		return 0, false
	}
	return p.seen.at.Load(), true
}
