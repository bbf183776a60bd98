package rootcause

import (
	"maps"
	"sync"
	"time"

	"go.uber.org/zap"
)

// silence notices that spans come of which nothing can be said: all are refused, or none
// is of a request or a call. Then no window closes, nothing is judged, and no event, not
// even of the model's state, says so.
type silence struct {
	after time.Duration // without a window until it is told of

	mu      sync.Mutex // guards everything below
	worked  bool       // there was a window
	came    bool       // spans, since the last look
	last    time.Time  // look before which spans came
	since   time.Time  // of the first look after the last window; zero: none since
	used    int64
	refused map[string]int64 // spans, by reason
	noted   map[string]int64
	next    time.Duration // of silence until it is told of again
}

func newSilence(window, lateness time.Duration) *silence {
	s := &silence{after: max(time.Minute, 4*window+lateness)}
	s.reset()
	return s
}

func (s *silence) reset() {
	s.since, s.used, s.next = time.Time{}, 0, s.after
	s.refused, s.noted = make(map[string]int64), make(map[string]int64)
}

// use counts spans that are used, which may yet be of no request.
func (s *silence) use(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.used += int64(n)
	s.came = true
}

// refuse counts spans that are refused.
func (s *silence) refuse(reason string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[reason] += int64(n)
	s.came = true
}

// note counts spans that are used otherwise than they came.
func (s *silence) note(reason string, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noted[reason] += int64(n)
}

// broken is called for every window that holds requests or calls.
func (s *silence) broken() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.worked = true
	s.reset()
}

// look tells log of silence that has lasted, after twice as long each time. After what came
// too late for the last window nothing may come for a night: that is no silence of ours.
func (s *silence) look(now time.Time, log *zap.Logger) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used == 0 && len(s.refused) == 0 {
		return // nothing comes
	}
	if s.since.IsZero() {
		s.since = now
	}
	if s.came {
		s.came, s.last = false, now
	}
	if now.Sub(s.since) < s.next {
		return
	}
	if s.worked && now.Sub(s.last) >= s.after/2 {
		s.reset()
		return
	}
	s.next *= 2
	log.Warn("spans come, but none is of a request or a call that can be used: no window closes, and no incident can open. "+
		"See \"Why is it silent?\" in docs/operations.md",
		zap.Duration("for", now.Sub(s.since)), zap.Int64("used", s.used), zap.Any("refused", maps.Clone(s.refused)), zap.Any("noted", maps.Clone(s.noted)))
}
