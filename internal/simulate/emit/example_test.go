package emit_test

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
)

func ExampleNew() {
	app, err := apps.New("chain", 1)
	if err != nil {
		panic(err)
	}
	spans, hosts := 0, 0
	e := emit.New(app, emit.Options{Epoch: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)},
		func(td ptrace.Traces) { spans += td.SpanCount() },
		func(pmetric.Metrics) { hosts++ })
	stats, err := simulate.Run(context.Background(), app,
		simulate.Config{Seed: 1, Duration: 10 * time.Second, SampleEvery: 10 * time.Second}, e)
	if err != nil {
		panic(err)
	}
	e.Flush()
	fmt.Println(spans > 5000, spans <= stats.Spans, hosts >= len(app.Hosts))
	// Output: true true true
}
