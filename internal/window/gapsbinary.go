package window

import (
	"encoding/binary"
	"errors"
	"math"
	"math/bits"
)

// errGaps says that bytes are none that AppendGaps has written.
var errGaps = errors.New("window: malformed gaps")

// AppendGaps appends shares to b, for ParseGaps: of each the length of its ID and that, a bit
// for each octave that has calls, the first one the lowest, and their weights as IEEE 754
// doubles. Numbers that are no doubles are uvarints.
func AppendGaps(b []byte, all []Gap) []byte {
	for i := range all {
		b = binary.AppendUvarint(b, uint64(len(all[i].ID)))
		b = append(b, all[i].ID...)
		present := uint64(0)
		for o, w := range all[i].Calls {
			if w > 0 {
				present |= 1 << o
			}
		}
		b = binary.AppendUvarint(b, present)
		for _, w := range all[i].Calls {
			if w > 0 {
				b = binary.LittleEndian.AppendUint64(b, math.Float64bits(w))
			}
		}
	}
	return b
}

// ParseGaps is the inverse of AppendGaps. It fails on more shares than an edge has, IDs
// that are longer than maxID or not sorted, and weights that are not positive or above
// most.
func ParseGaps(b []byte, maxID int, most float64) ([]Gap, error) {
	var out []Gap
	for len(b) > 0 {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(min(maxID, len(b)-used)) || len(out) > MaxInstances {
			return nil, errGaps
		}
		g := Gap{ID: string(b[used : used+int(n)])}
		b = b[used+int(n):]
		present, used := binary.Uvarint(b)
		if used <= 0 || present == 0 || present >= 1<<Octaves || len(b)-used < 8*bits.OnesCount64(present) {
			return nil, errGaps
		}
		b = b[used:]
		for o := range g.Calls {
			if present&(1<<o) == 0 {
				continue
			}
			w := math.Float64frombits(binary.LittleEndian.Uint64(b))
			if !(w > 0 && w <= most) {
				return nil, errGaps
			}
			g.Calls[o], b = w, b[8:]
		}
		if len(out) > 0 && g.ID <= out[len(out)-1].ID {
			return nil, errGaps
		}
		out = append(out, g)
	}
	return out, nil
}
