package longpoll

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/identity"
)

// stored is an operation as it is persisted.
type stored struct {
	RPC                     identity.RPC
	Seen                    int64
	Windows, Missed, Beyond int
	Wall, Early, Total      float64
	Decided, Waits          bool
}

// MarshalBinary implements encoding.BinaryMarshaler: what is known of operations, so that
// a restart in the middle of a fault does not see it as the beginning.
func (f *Filter) MarshalBinary() ([]byte, error) {
	out := make([]stored, 0, len(f.ops))
	for _, k := range slices.SortedFunc(maps.Keys(f.ops), identity.RPC.Compare) {
		o := f.ops[k]
		out = append(out, stored{
			RPC: k, Seen: o.seen, Windows: o.windows, Missed: o.missed, Beyond: o.beyond,
			Wall: o.wall, Early: o.early, Total: o.total, Decided: o.decided, Waits: o.waits,
		})
	}
	return json.Marshal(out)
}

// UnmarshalBinary sets f to what b holds, within the bounds of its Config, which may have
// changed. It refuses what cannot be, and leaves f as it was then.
func (f *Filter) UnmarshalBinary(b []byte) error {
	var in []stored
	if err := json.Unmarshal(b, &in); err != nil {
		return fmt.Errorf("longpoll: %w", err)
	}
	ops := make(map[identity.RPC]*operation)
	for _, s := range in {
		if s.Windows < 0 || s.Missed < 0 || s.Beyond < 0 || !positive(s.Wall) || !positive(s.Early) || !positive(s.Total) || s.Waits && s.Wall < least {
			return fmt.Errorf("longpoll: %s is in no state that can be", s.RPC)
		}
		if len(ops) >= f.cfg.MaxOperations || f.cfg.Works != nil && f.cfg.Works(s.RPC) {
			continue
		}
		ops[s.RPC] = &operation{
			seen: s.Seen, windows: s.Windows, missed: s.Missed, beyond: s.Beyond,
			wall: s.Wall, early: s.Early, total: s.Total, decided: s.Decided, waits: s.Waits,
		}
	}
	f.ops = ops
	return nil
}

// positive reports whether v is a number that is not negative.
func positive(v float64) bool { return v >= 0 && !math.IsInf(v, 1) }
