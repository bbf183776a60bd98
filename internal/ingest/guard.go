package ingest

import "time"

// Guard bounds what times are believed.
type Guard struct {
	// MaxFuture is how far after the wall clock an event may be. What is later
	// would close the windows of everyone else.
	MaxFuture time.Duration
	// MaxDuration of a span.
	MaxDuration time.Duration
	// Since is when whoever looks began to, or zero. What began before was seen in
	// part at best: of a request under way only what ended since, of what is sent
	// again whatever was kept. It is refused, up to the first whole window.
	Since time.Time
}

// DefaultGuard returns the usual bounds, 5 minutes and 24 hours, and no beginning.
func DefaultGuard() Guard {
	return Guard{MaxFuture: 5 * time.Minute, MaxDuration: 24 * time.Hour}
}

// earliest is the oldest event time that is believed: 2000-01-01. What is before
// has no clock.
const earliest = 946684800 * int64(time.Second)

// oldest returns the event time in ns before which nothing is used: the start of the
// first window of size that lies after Since.
func (g *Guard) oldest(size int64) uint64 {
	if g.Since.IsZero() || g.Since.UnixNano() <= earliest {
		return uint64(earliest)
	}
	since := g.Since.UnixNano()
	return uint64(since + (size-since%size)%size)
}

// inTime refuses an event at t, in ns since 1970, where oldest is the least that is used.
func (g *Guard) inTime(t, oldest uint64, now int64) (r reason, ok bool) {
	switch {
	case t < uint64(earliest):
		return badTime, false
	case t < oldest:
		return beforeStart, false
	case t > uint64(now)+uint64(g.MaxFuture):
		return future, false
	}
	return 0, true
}

// past returns the event time t, or the wall clock where that is earlier. The watermark
// follows no clock that is ahead: one host whose clock is would make all others late.
func past(t, now int64) int64 { return min(t, now) }
