package engine

import (
	"math"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
)

// matters reports whether there is something to learn of what is not the same.
func (d *drift) matters() bool { return d.stale && !d.rare }

// weigh finds out whether what is not the same matters, at event time now, once it was
// watched for settle ns. Operations that come and go, as they do where names are made up, are
// never seen often enough to be learned, and a training for each would never end. They are
// learned with the whole. Where no node has come or gone, other things have changed, and
// that matters.
func (d *drift) weigh(h *feature.History, now, settle int64) {
	if !d.stale || d.model == nil {
		d.rare = false
		return
	}
	if !d.rare && now-d.since < settle {
		return
	}
	was := d.rare
	come, gone := lacking(d.graph, d.model), lacking(d.model, d.graph)
	windows := max(1, int(settle/int64(h.Window())))
	d.rare = len(come)+len(gone) > 0 && !anyUsual(h, come, windows, false) && !anyUsual(h, gone, windows, true)
	if was && !d.rare {
		d.since = now
	}
}

// anyUsual reports whether one of the nodes was seen in half of the last windows, or of those
// up to where it was seen last, if it is gone.
func anyUsual(h *feature.History, nodes []cbn.Node, windows int, gone bool) bool {
	var column []float64
	for _, n := range nodes {
		key := feature.Key{Kind: feature.Latency, Node: n}
		end := h.Len()
		if gone { // it may have been long ago
			for column = h.Column(key, column[:0]); end > 0 && math.IsNaN(column[end-1]); {
				end--
			}
		}
		seen := 0
		for row := max(0, end-windows); row < end; row++ {
			if !math.IsNaN(h.Value(key, row)) {
				seen++
			}
		}
		if seen > 0 && 2*seen >= windows {
			return true
		}
	}
	return false
}
