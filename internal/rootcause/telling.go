package rootcause

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pipeline"
	"go.uber.org/zap"

	"github.com/sage-rca/sage/internal/servicegraph"
	"github.com/sage-rca/sage/internal/summary"
	"github.com/sage-rca/sage/internal/window"
)

// Telling says what metrics pipelines are told of each window.
type Telling struct {
	// Summaries are all that is known of a window, for a Collector that concludes.
	Summaries bool
	// ServiceGraph is who calls whom, for who draws it.
	ServiceGraph bool
}

// listener is a metrics pipeline that is told.
type listener struct {
	next consumer.Metrics
	what Telling
}

// addListener adds the metrics pipeline id, unless it has been added.
func (s *shared) addListener(id pipeline.ID, next consumer.Metrics, t Telling) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.behind[id] {
		return
	}
	s.behind[id] = true
	s.tell = append(s.tell, listener{next, t})
}

// maxConnections bounds the connections of the service graph.
const maxConnections = 10_000

// teller returns what tells the metrics pipelines of windows, one after the other, in a
// run that begins at began. One that fails is reported and does not hold up the others.
func (s *shared) teller(ctx context.Context, began time.Time) func(*window.Share) {
	listeners := s.tell
	source := s.process + "/" + s.id.String() + "/" + strconv.FormatInt(began.UnixNano(), 36)
	graph := servicegraph.New(maxConnections, int64(max(forgetAfter, 10*s.cfg.Window)))
	return func(w *window.Share) {
		var summaries, connections []pmetric.Metrics // each made once it is wanted
		for _, l := range listeners {
			if l.what.Summaries && summaries == nil {
				summaries = summary.Metrics(source, w)
			}
			if l.what.ServiceGraph && connections == nil {
				if n := graph.Add(w); n > 0 {
					s.telemetry.limited("service_graph_limit", n)
				}
				connections = []pmetric.Metrics{graph.Metrics(w.End)}
			}
			if l.what.Summaries {
				s.tellOf(ctx, l.next, summaries)
			}
			if l.what.ServiceGraph {
				s.tellOf(ctx, l.next, connections)
			}
		}
	}
}

// tellOf hands copies of messages to a metrics pipeline, which may keep and change them.
func (s *shared) tellOf(ctx context.Context, next consumer.Metrics, messages []pmetric.Metrics) {
	for _, md := range messages {
		if md.ResourceMetrics().Len() == 0 {
			continue
		}
		each := pmetric.NewMetrics()
		md.CopyTo(each)
		if err := tell(ctx, next, each); err != nil {
			s.telemetry.failed("summary")
			s.log.Error("a metrics pipeline refused what was seen of a window", zap.Error(err))
		}
	}
}

func tell(ctx context.Context, next consumer.Metrics, md pmetric.Metrics) (err error) {
	ctx, cancel := context.WithTimeout(ctx, eventTimeout)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return next.ConsumeMetrics(ctx, md)
}

// processOf returns what the Collector calls this process.
func processOf(resource pcommon.Resource) string {
	if resource == (pcommon.Resource{}) { // where no Collector runs it
		return ""
	}
	id, ok := resource.Attributes().Get("service.instance.id")
	if !ok {
		return ""
	}
	const enough = 128 // bytes of a name that may be as long as a user likes
	s := id.AsString()
	return strings.ToValidUTF8(s[:min(enough, len(s))], "")
}
