package main

import (
	"time"
)

// thinned is Sage where it looks at 1 of 8 traces.
type thinned struct {
	*ingester
	clock *spanClock
}

// thinning returns one that has found its share.
func thinning(l *spanLoad) (*thinned, error) {
	perSecond := float64(l.spans) / l.every.Seconds()
	in, err := newIngester(int(perSecond / 8 * 1.2)) // above 1/8 of any window, and below 1/4
	if err != nil {
		return nil, err
	}
	t := &thinned{in, &spanClock{spanLoad: l}}
	for now := wallClock(); t.clock.elapsed < 3*windowLength; {
		t.Traces(t.clock.next(), now)
	}
	return t, nil
}

func (t *thinned) contender(now time.Time) contender {
	return contender{
		name: "sage, looking at 1 of 8 traces",
		take: func(int) { t.Traces(t.clock.next(), now) },
		// What is not looked at does not say what time it is.
		end: func() { t.settle(t.clock.now().Add(-time.Second)) },
	}
}
