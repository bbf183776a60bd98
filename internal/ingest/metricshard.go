package ingest

import (
	"math"
	"sync"

	"github.com/sage-rca/sage/internal/window"
)

// metricShard folds the points of all metrics.
type metricShard struct {
	mu     sync.Mutex // guards everything below
	folder *window.Metrics
	latest int64 // event time of the latest point, which event time may not have come to, ns; 0 before the first
}

// close closes the windows of length size that end at or before bound, and
// refuses what comes for them later. It returns those that hold anything.
func (m *metricShard) close(bound, size int64) (windows []closedWindow) {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := bound - size
	for _, start := range m.folder.Open() {
		if start > last {
			break
		}
		if resources := m.folder.Close(start); len(resources) > 0 {
			windows = append(windows, closedWindow{start: start, resources: resources})
		}
	}
	m.folder.Close(last) // moves the line behind which points are late
	return windows
}

// fold adds the points of s and closes windows exactly after the point that
// closes them. It reports whether any was used.
func (i *Ingester) fold(s *scratch, now int64) bool {
	var counts [math.MaxUint8 + 1]int // by window.MetricReason
	mark := i.mark.load()
	for rest := s.points; len(rest) > 0; {
		n, due := 0, false
		n, mark, due = i.foldUntilDue(rest, mark, now, &counts)
		rest = rest[n:]
		i.mark.advance(mark)
		if due {
			i.moveTo(mark)
		}
	}

	s.used = counts[window.MetricUsed] + s.durations
	for k, n := range counts {
		if r := window.MetricReason(k); n > 0 && r != window.MetricUsed {
			i.obs.PointsRefused(metricReason(r), n)
		}
	}
	return s.used > 0
}

// foldUntilDue adds points up to and including the first that moves the watermark,
// which is at mark, so far that something is due. It returns how many these are, the
// watermark after them, and whether something is.
func (i *Ingester) foldUntilDue(points []window.Point, mark, now int64, counts *[math.MaxUint8 + 1]int) (n int, after int64, due bool) {
	m := &i.metrics
	m.mu.Lock()
	defer m.mu.Unlock()
	behind := i.behind(now)
	for k := range points {
		p := &points[k]
		r := m.folder.Add(p)
		counts[r]++
		at := past(p.Time, now)
		if r == window.MetricUsed && at > m.latest {
			m.latest = at
		}
		if at -= behind; r != window.MetricUsed || at <= mark {
			continue
		}
		mark = at
		if i.due(mark, 0) {
			return k + 1, mark, true
		}
	}
	return len(points), mark, false
}

// How many windows metrics may be ahead of the spans of the same time: fewAhead where there
// are as many streams as may be, and more of fewer, as long as that is no more to keep.
const fewAhead, mostAhead = 4, 1000

// behind is by how much event time stays behind that of metrics, ns: who sends both for an
// hour at once may send the metrics first, and spans of that hour are not late for it.
// Where no spans come any more, for as long as an idle stream is waited for, event time is
// that of metrics, so that silence is seen. m.mu must be held.
func (i *Ingester) behind(now int64) int64 {
	if last := i.spanned.Load(); last != 0 && now-last >= i.mark.size+i.mark.lateness {
		return 0
	}
	windows := fewAhead * i.cfg.Limits.MetricStreams / max(1, i.metrics.folder.Streams())
	return int64(min(windows, mostAhead)) * i.mark.size
}

func metricReason(r window.MetricReason) string {
	switch r {
	case window.MetricLate:
		return "late"
	case window.MetricNotFinite:
		return "not_finite"
	case window.MetricStreamLimit:
		return "stream_limit"
	case window.MetricOutOfOrder:
		return "out_of_order"
	case window.MetricUsed:
	}
	return "other"
}
