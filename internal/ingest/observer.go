package ingest

// Observer receives what an Ingester counts of itself, once per batch or per
// window and reason, never per item. Its methods must be safe for concurrent
// use and must not block.
type Observer interface {
	// SpansUsed counts spans handed to the call graph.
	SpansUsed(n int)
	// SpansRefused counts spans that were not used, or whose request was not.
	// Reasons found on arrival: no_service, service_limit, invalid_id, bad_time,
	// future, before_start, too_long, thinned (see Limits.SpansPerSecond). Reasons found later, of spans counted as used before:
	// duplicate, trace_limit, late (the window of the request was closed).
	SpansRefused(reason string, n int)
	// SpansNoted counts spans that were used otherwise than they came:
	// negative_duration, bad_threshold, operation_limit, peer_limit,
	// instance_limit, link_limit, and the reasons of package callgraph that
	// SpansRefused does not have.
	SpansNoted(reason string, n int)
	// PointsUsed counts metric points of selected metrics folded into windows, and
	// pieces of what others tell. A point of a host counts once for each replica on it.
	PointsUsed(n int)
	// PointsRefused counts metric points that were not used: not_selected (no
	// rule wants the metric), name_limit (others that are used by their names stand before
	// it), no_service, service_limit, unsupported (a type or
	// temporality with no meaning here), bad_time, future, before_start, not_finite,
	// late, stream_limit, out_of_order, no_value; and of what other processes tell of
	// windows: summary_window (of another length), duplicate, late, source_limit,
	// instance_limit, summary_limit, some of which were counted as used before.
	PointsRefused(reason string, n int)
	// WindowRefused counts closed windows dropped because merging or whoever
	// takes the snapshots has fallen behind by Config.MaxPending windows.
	WindowRefused()
}

// reason says what became of a span or a point.
type reason uint8

const (
	noService reason = iota
	serviceLimit
	invalidID
	badTime
	future
	beforeStart
	tooLong
	thinned
	negativeDuration
	badThreshold
	operationLimit
	peerLimit
	instanceLimit
	linkLimit
	notSelected
	nameLimit
	unsupported
	noValue
	otherWindow
	latePiece
	duplicatePiece
	sourceLimit
	pieceLimit
	durationLimit
	durationOrder
	numReasons
)

var reasonNames = [numReasons]string{
	"no_service", "service_limit", "invalid_id", "bad_time", "future", "before_start", "too_long", "thinned",
	"negative_duration", "bad_threshold", "operation_limit", "peer_limit", "instance_limit", "link_limit",
	"not_selected", "name_limit", "unsupported", "no_value", "summary_window", "late", "duplicate", "source_limit", "summary_limit",
	"stream_limit", "out_of_order",
}

// isNote reports whether what r describes was used all the same.
func (r reason) isNote() bool { return negativeDuration <= r && r <= linkLimit }

// tally counts by reason within one batch.
type tally struct {
	used   int
	counts [numReasons]int
}

func (t *tally) add(r reason, n int) { t.counts[r] += n }

// reportSpans tells o what t has counted of spans.
func (t *tally) reportSpans(o Observer) { t.report(o.SpansUsed, o.SpansRefused, o.SpansNoted) }

// reportPoints tells o what t has counted of points. What is noted of them are names that
// spans have too.
func (t *tally) reportPoints(o Observer) { t.report(o.PointsUsed, o.PointsRefused, o.SpansNoted) }

func (t *tally) report(used func(int), refused, noted func(string, int)) {
	if t.used > 0 {
		used(t.used)
	}
	for r, n := range t.counts {
		switch {
		case n == 0:
		case reason(r).isNote():
			noted(reasonNames[r], n)
		default:
			refused(reasonNames[r], n)
		}
	}
}
