package recorded

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// tracedCalls are the calls that the raw minutes of a recording hold.
type tracedCalls struct {
	requests map[identity.Service]float64
	calls    map[link]float64
	minutes  []tracedMinute
	losses   losses
}

// tracedMinute are the calls of one window of spans, by link.
type tracedMinute struct {
	start, end int64
	edges      map[link]*window.Edge
}

// perRequest returns the calls along l per request of its caller over all
// minutes, and 1 where the spans know none: a call that is known to be made and
// was not recorded.
func (t *tracedCalls) perRequest(l link) float64 {
	if n, requests := t.calls[l], t.requests[l.caller]; n > 0 && requests > 0 {
		return n / requests
	}
	return 1
}

// readTraces sends the raw minutes of dir through the ingester. Where there are
// none, so is the result.
func readTraces(dir string, step time.Duration) (*tracedCalls, error) {
	out := &tracedCalls{requests: map[identity.Service]float64{}, calls: map[link]float64{}}
	out.losses.refused = map[string]int{}
	files, err := traceFiles(dir)
	if err != nil || len(files) == 0 {
		return out, err
	}
	i, err := ingest.New(ingest.Config{
		Window: step, Lateness: 10 * time.Second, MaxAge: time.Minute, Forget: 24 * time.Hour,
		Guard: ingest.DefaultGuard(),
		Limits: ingest.Limits{
			Services: 10_000, OperationsPerService: 100, PendingSpans: 1_000_000, TraceSpans: 100_000,
			Producers: 1000, Instances: 10_000, MetricStreams: 1,
		},
		MaxPending: 1000,
	}, &out.losses, func(s *window.Snapshot) bool {
		out.add(s)
		return true
	})
	if err != nil {
		return nil, err
	}
	i.Start()
	err = sendTraces(i, dir)
	if closed := i.Close(context.Background()); err == nil {
		err = closed
	}
	return out, err
}

// sendTraces takes the time of each batch from its spans: nothing recorded lies in
// the future.
func sendTraces(i *ingest.Ingester, dir string) error {
	for td, err := range NezhaTraces(dir, 1000) {
		if err != nil {
			return err
		}
		var now time.Time
		for _, rs := range td.ResourceSpans().All() {
			for _, ss := range rs.ScopeSpans().All() {
				for _, span := range ss.Spans().All() {
					if end := span.EndTimestamp().AsTime(); end.After(now) {
						now = end
					}
				}
			}
		}
		td.MarkReadOnly()
		i.Traces(td, now)
	}
	return nil
}

// add folds a window over operations and keeps the calls between services.
func (t *tracedCalls) add(s *window.Snapshot) {
	m := tracedMinute{start: s.Start, end: s.End, edges: map[link]*window.Edge{}}
	for k := range s.RPCs {
		t.requests[s.RPCs[k].Key.Service] += s.RPCs[k].Count
	}
	for k := range s.Edges {
		e := &s.Edges[k]
		l := link{e.Key.Caller.Service, e.Key.Callee.Service}
		if l.caller == l.callee || e.Count <= 0 || e.Leaf {
			continue
		}
		t.calls[l] += e.Count
		sum := m.edges[l]
		if sum == nil {
			sum = &window.Edge{Client: new(sketch.Sketch), Server: new(sketch.Sketch), Network: new(sketch.Sketch)}
			m.edges[l] = sum
		}
		sum.Count += e.Count
		sum.Matched += e.Matched
		sum.Client.Merge(e.Client)
		sum.Server.Merge(e.Server)
		if e.Matched > 0 { // else it is no gap
			sum.Network.Merge(e.Network)
		}
	}
	t.minutes = append(t.minutes, m)
}

// traceFiles lists the raw minutes of dir, compressed or not.
func traceFiles(dir string) ([]string, error) {
	var out []string
	for _, pattern := range [...]string{"*_trace.csv.gz", "*_trace.csv"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("recorded: %w", err)
		}
		for _, f := range files {
			if info, err := os.Stat(f); err == nil && !info.IsDir() {
				out = append(out, f)
			}
		}
	}
	return out, nil
}

// losses counts the spans that were not used, by reason.
type losses struct {
	mu      sync.Mutex // guards everything below
	refused map[string]int
}

func (*losses) SpansUsed(int) {}

func (l *losses) SpansRefused(reason string, n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[reason] += n
}

func (*losses) SpansNoted(string, int)    {}
func (*losses) PointsUsed(int)            {}
func (*losses) PointsRefused(string, int) {}
func (*losses) WindowRefused()            {}
