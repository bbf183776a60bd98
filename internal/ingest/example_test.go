package ingest_test

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/ingest"
	"github.com/sage-rca/sage/internal/window"
)

type quiet struct{}

func (quiet) SpansUsed(int)             {}
func (quiet) SpansRefused(string, int)  {}
func (quiet) SpansNoted(string, int)    {}
func (quiet) PointsUsed(int)            {}
func (quiet) PointsRefused(string, int) {}
func (quiet) WindowRefused()            {}

func Example() {
	i, err := ingest.New(ingest.Config{
		Window: 30 * time.Second, Lateness: 10 * time.Second, MaxAge: 2 * time.Minute, Forget: time.Hour,
		Guard: ingest.DefaultGuard(),
		Limits: ingest.Limits{
			Services: 100, OperationsPerService: 100, PendingSpans: 100_000, TraceSpans: 10_000,
			Producers: 10_000, Instances: 1000, MetricStreams: 10_000,
		},
		Metrics:    ingest.MetricRules{JoinKeys: ingest.DefaultJoinKeys(), HostKeys: ingest.DefaultHostKeys()},
		MaxPending: 16,
	}, quiet{}, func(s *window.Snapshot) bool {
		for _, r := range s.RPCs {
			fmt.Println(r.Key, "requests:", r.Count)
		}
		return true
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	i.Start()

	td := ptrace.NewTraces()
	rs := td.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", "frontend")
	span := rs.ScopeSpans().AppendEmpty().Spans().AppendEmpty()
	span.SetTraceID(pcommon.TraceID{1})
	span.SetSpanID(pcommon.SpanID{1})
	span.SetKind(ptrace.SpanKindServer)
	span.SetName("GET /cart")
	span.TraceState().FromRaw("ot=th:8") // sampled at one half: stands for two
	span.SetStartTimestamp(pcommon.NewTimestampFromTime(time.Unix(1_700_000_000, 0)))
	span.SetEndTimestamp(pcommon.NewTimestampFromTime(time.Unix(1_700_000_001, 0)))
	i.Traces(td, time.Now())

	if err := i.Close(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output: frontend GET /cart requests: 2
}
