package rca

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// vain is the verdict where a tenth of the requests of front and mid fail, and shares of
// calls, by a type of errors.
func vain(fault func(*world), calls map[identity.Edge]float64, kind string) Verdict {
	in, rec := incident(chain(), func(w *world) {
		fault(w)
		w.errors[op("front")], w.errors[op("mid")] = 0.1, 0.1
	})
	in.Errors = true
	in.Snapshot.RPCs = nil
	for _, n := range []string{"front", "mid", "back"} {
		in.Snapshot.RPCs = append(in.Snapshot.RPCs, window.RPC{Key: op(n), Count: 400})
	}
	for e, share := range calls {
		rec[healthyRows][errorsOf(e.Caller.Service.Name, e.Callee.Service.Name)] = share
		in.Snapshot.Edges = append(in.Snapshot.Edges, window.Edge{Key: e, Count: 400, ErrorType: kind})
	}
	return diagnose(in, Config{}.withDefaults(), rec, nil)
}

// Calls that fail although what they call does not end their way at who was called, or
// where that loses its time.
func TestDiagnose_unheard(t *testing.T) {
	for name, c := range map[string]struct {
		fault     func(*world)
		calls     map[identity.Edge]float64
		want      string
		mechanism Mechanism
	}{
		"nobody answers": {
			func(*world) {}, map[identity.Edge]float64{edge("mid", "back"): 0.1}, "back", ErrorRate,
		},
		"too late, by itself": {
			func(w *world) { w.own[op("back")] = 3 }, map[identity.Edge]float64{edge("mid", "back"): 0.1}, "back", Latent,
		},
		"too late, for what it waits for": {
			func(w *world) { w.leaf[edge("back", "db")] = 3 }, map[identity.Edge]float64{edge("mid", "back"): 0.1}, "db", Latent,
		},
		"what its caller survives": { // mid fails for a reason of its own
			func(*world) {}, map[identity.Edge]float64{edge("back", "db"): 0.1}, "db", ErrorRate,
		},
		"by chance": {
			func(*world) {}, map[identity.Edge]float64{edge("mid", "back"): 0.004}, "mid", ErrorRate,
		},
	} {
		t.Run(name, func(t *testing.T) {
			v := vain(c.fault, c.calls, "")
			require.NotEmpty(t, v.Culprits, v.Reason)
			assert.Equal(t, c.want, v.Culprits[0].Service.Name)
			assert.Equal(t, c.mechanism, v.Culprits[0].Mechanism)
			sound(t, v)
		})
	}
}

// A call that was answered, and fails for what it asks for, is its caller's failure: the
// span of the callee does not count that as one.
func TestDiagnose_declined(t *testing.T) {
	for kind, want := range map[string]string{
		"400": "mid", "404": "mid", "INVALID_ARGUMENT": "mid", "invalid_argument": "mid", "16": "mid",
		"408": "back", "429": "back", "503": "back", "UNAVAILABLE": "back", "4": "back", "1": "back", "timeout": "back", "_OTHER": "back", "": "back",
	} {
		v := vain(func(*world) {}, map[identity.Edge]float64{edge("mid", "back"): 0.1}, kind)
		assert.Equal(t, []string{want}, services(v), kind)
		assert.Equal(t, ErrorRate, v.Culprits[0].Mechanism, kind)
	}
}

// Who waits for a core gives up on answers that are there; who is slowed down by who does
// not answer is not to blame.
func TestDiagnose_busyCallerGivesUp(t *testing.T) {
	for name, c := range map[string]struct {
		fault     func(*world)
		kind      string
		want      string
		mechanism Mechanism
	}{
		"it lacks CPU":                   {func(w *world) { w.own[op("mid")] *= 8; w.metric[cpu("mid")] = 0.99 }, "timeout", "mid", CPU},
		"it is refused":                  {func(w *world) { w.own[op("mid")] *= 8; w.metric[cpu("mid")] = 0.99 }, "connection refused", "back", ErrorRate},
		"it is slower, CPU is there":     {func(w *world) { w.own[op("mid")] *= 8 }, "timeout", "back", ErrorRate},
		"CPU is used, and it is as fast": {func(w *world) { w.metric[cpu("mid")] = 0.99 }, "timeout", "back", ErrorRate},
		"what it calls is slower":        {func(w *world) { w.own[op("mid")] *= 8; w.metric[cpu("mid")] = 0.99; w.own[op("back")] = 3 }, "timeout", "back", Latent},
	} {
		v := vain(c.fault, map[identity.Edge]float64{edge("mid", "back"): 0.1}, c.kind)
		require.Len(t, v.Culprits, 1, name)
		assert.Equal(t, c.want, v.Culprits[0].Service.Name, name)
		assert.Equal(t, c.mechanism, v.Culprits[0].Mechanism, name)
		sound(t, v)
	}
}

// However many callers wait for one RPC in vain, what makes it slower is looked for once.
func TestDiagnosis_slowestOnce(t *testing.T) {
	in, rec := incident(chain(), func(w *world) { w.leaf[edge("back", "db")] = 3 })
	d := &diagnosis{
		in: in, cfg: Config{}.withDefaults(), r: newReach(in.Graph, in.Entry), v: newView(rec, in.Onset, 3.5),
		movers: map[identity.Service][]movedMetric{}, slow: map[identity.RPC]*suspect{},
	}
	d.v.measure(d.r, in.Snapshot)
	first := d.slowest(op("back"))
	require.NotNil(t, first)
	assert.Same(t, first, d.slowest(op("back")))
	assert.Nil(t, d.slowest(op("nobody")))
}

// Who gives up sooner than it used to, on answers that take as long as usual, has a limit that was
// lowered.
func TestDiagnose_givesUpSooner(t *testing.T) {
	for name, c := range map[string]struct {
		longest float64 // of the calls, relative to usual
		back    float64 // own time of back, relative to usual
		kind    string
		want    string
		served  int64 // the longest that a call was served, ms; 10 is the longest that was waited for
	}{
		"a lower limit":                     {0.6, 1, "timeout", "mid", 0},
		"the limit that there was":          {1.3, 1, "timeout", "back", 0},
		"a little lower":                    {0.9, 1, "timeout", "mid", 0},
		"it is refused":                     {0.6, 1, "connection refused", "back", 0},
		"another error, while it is served": {0.6, 1, "UNAVAILABLE", "mid", 15},
		"another error, and it is over":     {0.6, 1, "UNAVAILABLE", "back", 11},
		"who is called is slower":           {0.6, 5, "DEADLINE_EXCEEDED", "back", 0},
		"a status that says as much":        {0.6, 1, "4", "mid", 0},
	} {
		in, rec := incident(chain(), func(w *world) {
			w.own[op("back")] *= c.back
			w.errors[op("front")], w.errors[op("mid")] = 0.1, 0.1
		})
		in.Errors = true
		in.Snapshot.RPCs = nil
		for _, n := range []string{"front", "mid", "back"} {
			in.Snapshot.RPCs = append(in.Snapshot.RPCs, window.RPC{Key: op(n), Count: 400})
		}
		x := window.Edge{Key: edge("mid", "back"), Count: 400, ErrorType: c.kind, Client: new(sketch.Sketch), Server: new(sketch.Sketch)}
		x.Client.Add(10e6, 400)
		x.Server.Add(c.served*1e6, 400)
		in.Snapshot.Edges = []window.Edge{x}
		row := rec[healthyRows]
		row[errorsOf("mid", "back")] = 0.1
		longest := client("mid", "back")
		longest.Quantile = feature.D - 1
		row[longest] = rec.Baseline(longest, healthyRows).Median + math.Log(c.longest)
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		require.Len(t, v.Culprits, 1, name)
		assert.Equal(t, c.want, v.Culprits[0].Service.Name, name)
		if c.want == "mid" {
			assert.Contains(t, v.Culprits[0].Evidence[0], "gives up on back", name)
		}
		sound(t, v)
	}
}
