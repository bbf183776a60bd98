package rca

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// retrying is chain with a share of the requests below mid that fail and are asked for
// again, after 0.4 s in which mid does nothing.
func retrying(share float64, failing ...feature.Key) (Input, table) {
	in, rec := refusing(0.4, share)
	for _, k := range failing {
		rec[healthyRows][k] = share
	}
	return in, rec
}

func fails(name string) feature.Key {
	return feature.Key{Kind: feature.Errors, Edge: identity.Edge{Callee: op(name)}}
}

// Whose requests fail is to blame for what is lost by asking again: the last one down
// the calls.
func TestDiagnose_whereAttemptsFail(t *testing.T) {
	for name, c := range map[string]struct {
		failing []feature.Key
		want    expected
		path    []string
	}{
		"the callee refuses": {
			nil, expected{KindEdge, Retry, "back", edge("mid", "back"), ""}, []string{"front", "mid", "back"},
		},
		"the callee's requests fail": {
			[]feature.Key{fails("back")}, expected{KindService, ErrorRate, "back", identity.Edge{}, errorMetric}, []string{"front", "mid", "back"},
		},
		"since its database does": {
			[]feature.Key{fails("back"), errorsOf("back", "db")}, expected{KindDependency, ErrorRate, "db", identity.Edge{}, errorMetric}, []string{"front", "mid", "back", "db"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := retrying(0.25, c.failing...)
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.Len(t, v.Culprits, 1)
			assert.Equal(t, []expected{c.want}, namesOf(v.Culprits))
			assert.Equal(t, c.path, v.Culprits[0].Path)
			sound(t, v)
		})
	}
}

// Callers above that ask again as well do so for the same reason.
func TestDiagnose_allCallersAskAgain(t *testing.T) {
	in, rec := retrying(0.25, fails("back"), fails("mid"), errorsOf("front", "mid"))
	rec[healthyRows][feature.Key{Kind: feature.Calls, Edge: edge("front", "mid")}] = rec[healthyRows-1][feature.Key{Kind: feature.Calls, Edge: edge("front", "mid")}] + 0.3
	rec.later(1, 0.8, ownTime("front"), served("front"))
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.Equal(t, []expected{{KindService, ErrorRate, "back", identity.Edge{}, errorMetric}}, namesOf(v.Culprits))
}

// Whoever answers too late is slow, and its callers' pauses follow from that.
func TestDiagnose_nobodyWaitsForIt(t *testing.T) {
	in, rec := retrying(0.25)
	in.Snapshot.Edges = append(in.Snapshot.Edges, window.Edge{Key: edge("mid", "back"), Count: 400, ErrorType: "timeout"})
	rec.later(1, 0.3, ownTime("back"), served("back"))
	v := diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.Equal(t, []string{"back"}, services(v))
	assert.Equal(t, Latent, v.Culprits[0].Mechanism)

	rec[healthyRows][cpu("mid")] = 0.98
	v = diagnose(in, Config{}.withDefaults(), rec, nil)
	assert.Equal(t, svc("mid"), v.Culprits[0].Service, "who lacks CPU gives up on answers that are there")
}

// What the error is called does not matter where the callee's requests take longer than its
// callers wait for them.
func TestDiagnose_servedForNobody(t *testing.T) {
	for name, c := range map[string]struct {
		served float64 // seconds
		want   []string
	}{
		"longer than anybody waits": {1, []string{"back"}},
		"in time":                   {0.25, []string{"back", "back"}}, // slow, and refusing
	} {
		in, rec := retrying(0.25)
		call := window.Edge{Key: edge("mid", "back"), Count: 400, Client: new(sketch.Sketch)}
		call.Client.Add(int64(300*time.Millisecond), 400)
		in.Snapshot.Edges = append(in.Snapshot.Edges, call)
		in.Snapshot.RPCs[0].Latency = new(sketch.Sketch)
		in.Snapshot.RPCs[0].Latency.Add(int64(c.served*1e9), 412)
		rec.later(1, 0.3, ownTime("back"), served("back"))
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		assert.Equal(t, c.want, services(v), name)
	}
}

// What is left of a request's own time once its waits are taken off is its own, if it is
// more than what quantiles of a sum are off by.
func TestShift_atLeast(t *testing.T) {
	all := [feature.D]bool{true, true, true}
	for name, c := range map[string]struct {
		own, waits, want float64 // of the p99, s; usually 0.01
	}{
		"all of it is waiting":   {0.1, 0.1, 0.02},
		"a tenth of it is not":   {0.12, 0.1, 0.02},
		"half of it is not":      {0.2, 0.1, 0.1},
		"less than is known":     {0.12, 0.105, 0.02},
		"waits hide one another": {0.1, 0.2, 0.02},
	} {
		s := shift{usual: [feature.D]float64{0.01, 0.01, 0.01}, now: [feature.D]float64{0.02, 0.02, 0.02}}
		own := shift{usual: s.usual, now: [feature.D]float64{0.01, 0.01, c.own}, moved: all}
		s.atLeast(own, [feature.D]float64{0, 0, c.waits})
		assert.InDelta(t, c.want, s.now[2], 1e-9, name)
		assert.Equal(t, c.want > 0.02, s.moved[2], name)
		assert.Equal(t, 0.02, s.now[0], name)
	}
}
