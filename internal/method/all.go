package method

import "github.com/sage-rca/sage/internal/rca"

// All returns the methods that are compared on the same windows, but for
// sage_published, which wants a model of its own, and thresholds, which are fitted
// when all incidents are over. seed is that of what draws at random.
func All(seed uint64) []Method {
	cfg := rca.Config{Seed: seed}
	return append(Baselines(seed), Robust{Config: cfg}, Sage{Config: cfg})
}

// Baselines returns those of them that are not this project's.
func Baselines(seed uint64) []Method {
	return []Method{Random{Seed: seed}, MaxLatency{}, NSigma{}, BARO{}, CIRCA{}, Exclusive{}}
}

var (
	_ Method = (*Thresholds)(nil)
	_ Method = Published{}
)
