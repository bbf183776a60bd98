package method

// Baselines returns the methods to compare with, but for sage_published, which wants a
// model of its own, and thresholds, which are fitted when all incidents are over. seed is
// that of what draws at random.
func Baselines(seed uint64) []Method {
	return []Method{Random{Seed: seed}, MaxLatency{}, NSigma{}, BARO{}, CIRCA{}, Exclusive{}}
}

var (
	_ Method = (*Thresholds)(nil)
	_ Method = Published{}
)
