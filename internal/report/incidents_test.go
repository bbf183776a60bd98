package report_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/report"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

const (
	step     = 30 * time.Second // of a window
	requests = 200              // of a window
)

// disturbance is what is wrong in a window: how many times its own time the database
// takes, and the share of its queries that fail, with the requests that need them.
type disturbance struct{ slow, failing float64 }

// shop is window i of requests frontend > cart > cart-db.
func shop(i int, d disturbance) *window.Snapshot {
	rng := rand.New(rand.NewPCG(7, uint64(i)))
	begin := start.Add(time.Duration(i) * step).UnixNano()
	frontend, cart, query := rpc("frontend", "POST /cart"), rpc("cart", "Add"), rpc("cart-db", "INSERT items")
	var served, own [2]sketch.Sketch // of frontend and cart
	var client [2]sketch.Sketch      // frontend > cart, cart > cart-db
	var network sketch.Sketch
	around := func(ms float64) int64 { return int64(ms * 1e6 * (0.8 + 0.4*rng.Float64())) }
	var below [2]float64
	for range requests {
		db := around(20 * d.slow)
		inCart, net, inFrontend := around(10), around(1), around(5)
		client[1].Add(db, 1)
		served[1].Add(db+inCart, 1)
		own[1].Add(inCart, 1)
		client[0].Add(db+inCart+net, 1)
		network.Add(net, 1)
		served[0].Add(db+inCart+net+inFrontend, 1)
		own[0].Add(inFrontend, 1)
		below[0] += float64(db + inCart + net)
		below[1] += float64(db)
	}
	failed := d.failing * requests
	span := func(kind byte) identity.Span {
		return identity.Span{Trace: identity.TraceID{kind, byte(i)}, ID: identity.SpanID{kind}}
	}
	return &window.Snapshot{
		Start: begin, End: begin + int64(step),
		RPCs: []window.RPC{
			{Key: cart, Count: requests, Errors: failed, Latency: &served[1], Exclusive: &own[1], Union: below[1], Sum: below[1]},
			{
				Key: frontend, Entries: requests, Count: requests, Errors: failed, Latency: &served[0], Exclusive: &own[0], Union: below[0], Sum: below[0],
				Exemplar: window.Exemplar{Span: span(1), Duration: int64(served[0].Max())},
				Typical:  window.Exemplar{Span: span(2), Duration: int64(served[0].Quantile(0.5))},
			},
		},
		Edges: []window.Edge{
			{Key: identity.Edge{Caller: cart, Callee: query}, Leaf: true, Count: requests, Errors: failed, Client: &client[1], Server: new(sketch.Sketch), Network: new(sketch.Sketch), Queue: new(sketch.Sketch)},
			{Key: identity.Edge{Caller: frontend, Callee: cart}, Count: requests, Matched: requests, Errors: failed, Client: &client[0], Server: &served[1], Network: &network, Queue: new(sketch.Sketch)},
		},
	}
}

// scenario is what the engine makes of 60 good windows, n disturbed and 30 good ones.
func scenario(t *testing.T, objective slo.Objective, n int, d disturbance) []engine.Output {
	objective.Service, objective.Operation = identity.Service{Name: "frontend"}, "*"
	var said []engine.Output
	e, err := engine.New(engine.Config{
		Window: step,
		SLO: slo.Config{
			Objectives: []slo.Objective{objective}, OpenK: 2, OpenN: 3, ResolveM: 3, MinRequests: 10,
			Burn: []slo.BurnRule{
				{Long: 8 * step, Short: step, Factor: 14.4},
				{Long: 48 * step, Short: 4 * step, Factor: 6, Ticket: true},
			},
			Budget: 100 * step,
		},
		RCA:        rca.Config{Seed: 1},
		Incident:   incident.Config{MaxOpen: 8},
		Training:   engine.Training{History: 2 * time.Hour},
		MaxPending: 200, MaxColumns: 1000, MaxCheckpoint: 1, ForgetWindows: 1000, ModelHeartbeat: 24 * time.Hour, HistoryEvery: 1000,
	}, nil, silent{t}, func(_ context.Context, out []engine.Output) { said = append(said, out...) })
	require.NoError(t, err)
	require.NoError(t, e.Start(t.Context()))
	for i := range 60 + n + 30 {
		now := disturbance{slow: 1}
		if i >= 60 && i < 60+n {
			now = d
		}
		require.True(t, e.Offer(shop(i, now)))
	}
	require.NoError(t, e.Close(t.Context()))
	var out []engine.Output
	for _, o := range said {
		if o.Incident != nil {
			out = append(out, o)
		}
	}
	return out
}

// silent is an Observer that wants no failures.
type silent struct{ t *testing.T }

func (silent) WindowClosed(*window.Snapshot)              {}
func (s silent) WindowRefused()                           { s.t.Error("a window was refused") }
func (silent) Trained(engine.Extent, bool, time.Duration) {}
func (silent) Published(engine.ModelStatus)               {}
func (silent) Judged(rca.Method, time.Duration)           {}
func (s silent) Failed(what string, err error)            { s.t.Errorf("%s: %v", what, err) }

// What the engine says of incidents under rules of burn rates, from windows to
// records. A page is 14.4 times the budget over 8 windows and over one, a ticket 6
// times over 48 and over 4; 3 windows in which none holds resolve. UPDATE=1 rewrites
// the files.
func TestLogs_incidents(t *testing.T) {
	for name, c := range map[string]struct {
		objective slo.Objective
		windows   int
		d         disturbance
		want      []string
	}{
		// All requests are slow, which is 100 times the budget of 1 %: 2 windows of 8 are
		// 25. The ticket holds until none of its 4 windows is bad, from window 73 on.
		"burn_latency": {
			slo.Objective{Name: "cart-p99", Threshold: 100 * time.Millisecond},
			10,
			disturbance{slow: 8},
			[]string{"open 61 ERROR", "resolved 75 INFO"},
		},
		// 30 % fail: 4 windows of 8 are 15. The ticket holds at 6.25 over 48 windows.
		"burn_errors": {
			slo.Objective{Name: "cart-errors", Indicator: slo.Errors, Target: 0.99},
			10,
			disturbance{slow: 1, failing: 0.3},
			[]string{"open 63 ERROR", "resolved 75 INFO"},
		},
		// 12 % fail, which is never 14.4: 24 windows of 48 are 6, as are 2 of 4 until
		// window 91.
		"burn_ticket": {
			slo.Objective{Name: "cart-errors", Indicator: slo.Errors, Target: 0.99},
			30,
			disturbance{slow: 1, failing: 0.12},
			[]string{"open 83 WARN", "resolved 94 INFO"},
		},
		// 5 % fail, which is never 6.
		"burn_little": {
			slo.Objective{Name: "cart-errors", Indicator: slo.Errors, Target: 0.99},
			60,
			disturbance{slow: 1, failing: 0.05},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			said := scenario(t, c.objective, c.windows, c.d)
			ld := report.Logs(said, options)
			var got []string
			for _, r := range records(ld) {
				state, _ := r.Attributes().Get("rca.incident.state")
				if r.EventName() == "rca.incident" {
					i := r.Timestamp().AsTime().Sub(start)/step - 1
					got = append(got, fmt.Sprintf("%s %d %s", state.Str(), i, r.SeverityText()))
				}
			}
			assert.Equal(t, c.want, got)
			if len(c.want) == 0 {
				return
			}
			for _, r := range records(ld) {
				for _, v := range r.Attributes().All() {
					round(v)
				}
			}
			golden(t, name, ld)
		})
	}
}

// round cuts a number to 9 digits: what is computed may differ in the last ones from
// one processor to another, where multiplications and additions are fused.
func round(v pcommon.Value) {
	switch v.Type() {
	case pcommon.ValueTypeDouble:
		f, err := strconv.ParseFloat(strconv.FormatFloat(v.Double(), 'g', 9, 64), 64)
		if err == nil {
			v.SetDouble(f)
		}
	case pcommon.ValueTypeSlice:
		for _, each := range v.Slice().All() {
			round(each)
		}
	default: // nothing else has digits
	}
}
