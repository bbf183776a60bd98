package main

import (
	"context"
	"fmt"
	"time"

	"github.com/open-telemetry/opentelemetry-collector-contrib/connector/spanmetricsconnector"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/connector/connectortest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// nothing makes the batches and throws them away.
func nothing(load *spanLoad) contender {
	l := &spanClock{spanLoad: load}
	return contender{name: "making the batch", take: func(int) { l.next() }, end: func() {}}
}

// unmarshalling is what any Collector pays before a pipeline sees a span. What comes
// of it is given to then.
func unmarshalling(load *spanLoad, name string, then func(td ptrace.Traces), end func(*wireLoad)) (contender, error) {
	l := &spanClock{spanLoad: load}
	w, err := newWireLoad(load, 0)
	if err != nil {
		return contender{}, err
	}
	u := &ptrace.ProtoUnmarshaler{}
	return contender{name: name, end: func() { end(w) }, take: func(int) {
		l.next() // as all do, so that the costs compare
		td, err := u.UnmarshalTraces(w.next(load.every))
		if err != nil {
			panic(err) // it was marshalled here
		}
		then(td)
	}}, nil
}

// fieldReading reads the fields of each span without its attributes: the least
// that anything that looks at spans pays.
func fieldReading(load *spanLoad) contender {
	l := &spanClock{spanLoad: load}
	var sum uint64
	return contender{name: "reading the fields", end: func() {}, take: func(int) {
		td := l.next()
		for i := range td.ResourceSpans().Len() {
			scopes := td.ResourceSpans().At(i).ScopeSpans()
			for j := range scopes.Len() {
				spans := scopes.At(j).Spans()
				for n := range spans.Len() {
					sum += fields(spans.At(n))
				}
			}
		}
	}}
}

func fields(s ptrace.Span) uint64 {
	trace, id, parent := s.TraceID(), s.SpanID(), s.ParentSpanID()
	return uint64(trace[0]) + uint64(id[0]) + uint64(parent[0]) + uint64(s.StartTimestamp()) + uint64(s.EndTimestamp()) +
		uint64(s.Kind()) + uint64(s.Status().Code()) + uint64(len(s.Name())) + uint64(s.Attributes().Len()) +
		uint64(s.Events().Len()) + uint64(s.Links().Len())
}

// attributeReading walks over all attributes of each span and looks at keys and
// strings.
func attributeReading(load *spanLoad) contender {
	l := &spanClock{spanLoad: load}
	sum := 0
	return contender{name: "walking over the attributes", end: func() {}, take: func(int) {
		td := l.next()
		for i := range td.ResourceSpans().Len() {
			scopes := td.ResourceSpans().At(i).ScopeSpans()
			for j := range scopes.Len() {
				spans := scopes.At(j).Spans()
				for n := range spans.Len() {
					sum += walk(spans.At(n).Attributes())
				}
			}
		}
	}}
}

func walk(m pcommon.Map) int {
	sum := 0
	for key, v := range m.All() {
		sum += int(key[len(key)-1])
		if v.Type() == pcommon.ValueTypeStr && v.Str() != "" {
			sum += int(v.Str()[0])
		}
	}
	return sum
}

// spanmetrics is the spanmetrics connector with its default configuration and
// further dimensions. It returns a function that stops it.
func spanmetrics(load *spanLoad, dimensions ...string) (contender, func() error, error) {
	l := &spanClock{spanLoad: load}
	factory := spanmetricsconnector.NewFactory()
	cfg := factory.CreateDefaultConfig().(*spanmetricsconnector.Config)
	for _, d := range dimensions {
		cfg.Dimensions = append(cfg.Dimensions, spanmetricsconnector.Dimension{Name: d})
	}
	if err := cfg.Validate(); err != nil {
		return contender{}, nil, err
	}
	ctx := context.Background()
	c, err := factory.CreateTracesToMetrics(ctx, connectortest.NewNopSettings(factory.Type()), cfg, consumertest.NewNop())
	if err != nil {
		return contender{}, nil, err
	}
	if err := c.Start(ctx, componenttest.NewNopHost()); err != nil {
		return contender{}, nil, err
	}
	return contender{
		name: fmt.Sprintf("spanmetrics, %d further dimensions", len(dimensions)),
		end:  func() {},
		take: func(int) {
			if err := c.ConsumeTraces(ctx, l.next()); err != nil {
				panic(err) // it has nothing to refuse
			}
		},
	}, func() error { return c.Shutdown(ctx) }, nil
}

// wallClock is far enough after a load for everything in it to be believed.
func wallClock() time.Time { return epoch.AddDate(10, 0, 0) }
