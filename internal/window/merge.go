package window

// Merge combines the parts of one window (and the metrics of it) into a
// snapshot. The parts stay as they are. Their order, and how observations were
// split over them, do not matter, exactly so while weights are integers and
// their sums below 2^53. It panics where a part is of another window.
func Merge(start, end int64, parts []*Part, resources []Resource) *Snapshot {
	g := NewGathering(start)
	for _, p := range parts {
		g.AddPart(p)
	}
	return g.Snapshot(end, resources)
}
