package rootcause

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
)

// fleet says of services which version they run, and which are gone, and on which hosts
// all of them have a replica each, which serve in turn.
type fleet struct {
	versions map[string]string
	gone     map[string]bool
	hosts    []string

	host string // that serves now
}

// play plays n windows of 40 requests like r: spans of a service that is gone never come,
// and calls to it fail.
func (f fleet) play(w *world, n int, r func() request) {
	const requests = 40
	for range n {
		for i := range requests {
			if len(f.hosts) > 0 {
				f.host = f.hosts[i%len(f.hosts)]
			}
			r, end := r(), w.at.Add(time.Duration(i+1)*w.size/(requests+1))
			td := ptrace.NewTraces()
			w.ids++
			w.spans(td, w.ids, [8]byte{}, end.Add(-r.took()), r)
			td.ResourceSpans().RemoveIf(f.lost)
			w.in.Traces(td, end)
		}
		w.at = w.at.Add(w.size)
	}
}

// lost marks the spans of a service, and reports whether they never come.
func (f fleet) lost(rs ptrace.ResourceSpans) bool {
	v, _ := rs.Resource().Attributes().Get("service.name")
	if f.gone[v.Str()] {
		return true
	}
	rs.Resource().Attributes().PutStr("service.version", f.versions[v.Str()])
	if f.host != "" {
		rs.Resource().Attributes().PutStr("service.instance.id", v.Str()+" on "+f.host)
		rs.Resource().Attributes().PutStr("k8s.node.name", f.host)
	}
	for _, s := range rs.ScopeSpans().At(0).Spans().All() {
		if peer, ok := s.Attributes().Get("server.address"); ok && f.gone[peer.Str()] {
			s.Status().SetCode(ptrace.StatusCodeError)
		}
	}
	return false
}

// shop is a request web > api > db, of which api works for a while.
func shop(w *world, api time.Duration, fails bool) func() request {
	return func() request {
		db := request{service: "db", operation: "SELECT", own: w.around(20 * ms), clientAttrs: map[string]any{"server.address": "db"}}
		return request{service: "web", operation: "GET /", own: w.around(10 * ms), fails: fails, calls: []request{{
			service: "api", operation: "Get", own: w.around(api), clientAttrs: map[string]any{"server.address": "api"}, fails: fails, calls: []request{db},
		}}}
	}
}

// changes are those that were said: the kind, the service and the versions.
func (w *world) changes() (out []string) {
	for _, o := range w.said {
		if c := o.Change; c != nil {
			out = append(out, string(c.Kind)+" "+c.Service.Name+" "+c.Old+">"+c.New)
		}
	}
	return out
}

// From OTLP: a deploy (service.version) three minutes before its service becomes slow of
// itself is said, linked, and named as the mechanism.
func TestChanges_deploy(t *testing.T) {
	w := newWorld(t, watching(), time.Time{})
	f := fleet{versions: map[string]string{"web": "1", "api": "1", "db": "1"}}
	f.play(w, 30, shop(w, 50*ms, false))
	f.versions["api"] = "2"
	f.play(w, 6, shop(w, 50*ms, false))
	f.play(w, 5, shop(w, 900*ms, false))
	f.play(w, 5, shop(w, 50*ms, false))
	events := w.end()
	assert.Equal(t, []string{"version api 1>2"}, w.changes())
	require.Len(t, opened(events), 1)
	in := opened(events)[0]
	require.NotEmpty(t, in.Verdict.Culprits)
	assert.Equal(t, "api", in.Verdict.Culprits[0].Service.Name)
	assert.Equal(t, rca.Change, in.Verdict.Culprits[0].Mechanism)
	require.Len(t, in.Changes, 1)
	assert.True(t, in.Changes[0].Culprit)
	assert.Equal(t, 3*time.Minute, in.Start.Sub(in.Changes[0].Change.Since))
	assert.Equal(t, in.Start, in.Onset.Time)
	assert.Equal(t, incident.Resolved, events[len(events)-1].Phase)
}

// From OTLP: a service whose spans cease while calls to it fail is absent; one whose
// spans cease while calls to it succeed has lost its telemetry.
func TestChanges_absence(t *testing.T) {
	cfg := watching()
	cfg.SLOs = []SLO{{Name: "web-errors", Service: "web", Operation: "*", Indicator: "errors", Objective: 0.9}}
	for _, fails := range []bool{true, false} {
		w := newWorld(t, cfg, time.Time{})
		f := fleet{gone: map[string]bool{}}
		f.play(w, 30, shop(w, 50*ms, false))
		if fails {
			f.gone["db"] = true
			f.play(w, 14, shop(w, 50*ms, true))
			f.gone["db"] = false
			f.play(w, 5, shop(w, 50*ms, false))
		} else {
			quiet := fleet{gone: map[string]bool{"db": true}}
			for range 14 {
				quiet.play(w, 1, func() request {
					r := shop(w, 50*ms, false)()
					r.calls[0].calls[0].clientAttrs = map[string]any{"server.address": "database"}
					return r
				})
			}
		}
		events := w.end()
		if !fails {
			assert.Empty(t, events)
			assert.Equal(t, []string{"service_gone db >"}, w.changes(), "nobody hears of it any more")
			continue
		}
		assert.Equal(t, []string{"service_gone db >", "service_new db >"}, w.changes())
		require.Len(t, opened(events), 1)
		culprits := opened(events)[0].Verdict.Culprits
		require.NotEmpty(t, culprits)
		assert.Equal(t, rca.KindAbsence, culprits[0].Kind)
		assert.Equal(t, "db", culprits[0].Service.Name)
		assert.Equal(t, []string{"web", "api", "db"}, culprits[0].Path)
		assert.Contains(t, culprits[0].Evidence, "40 of 40 calls to it failed")
		assert.Equal(t, change.ServiceGone, w.firstChange().Kind)
		assert.InDelta(t, 40, w.firstChange().Unanswered, 0)
	}
}

// From OTLP: a host vanishes with a replica of each service, and what is left cannot keep
// up. One change is said of that, and the incident links to it; one when another host
// takes the place.
func TestChanges_hosts(t *testing.T) {
	w := newWorld(t, watching(), time.Time{})
	f := fleet{versions: map[string]string{"web": "1", "api": "1", "db": "1"}, hosts: []string{"n1", "n2", "n3"}}
	f.play(w, 30, shop(w, 50*ms, false))
	f.hosts = f.hosts[:2]
	f.play(w, 16, shop(w, 50*ms, false))
	f.play(w, 5, shop(w, 900*ms, false))
	f.hosts = append(f.hosts, "n4")
	f.play(w, 20, shop(w, 50*ms, false))
	events := w.end()
	var said []string
	for _, o := range w.said {
		if c := o.Change; c != nil {
			said = append(said, fmt.Sprintf("%s %v %v", c.Kind, c.Hosts, c.Services))
		}
	}
	assert.Equal(t, []string{"hosts_gone [n3] [api db web]", "hosts_new [n4] [api db web]"}, said)
	require.Len(t, opened(events), 1)
	linked := opened(events)[0].Changes
	require.Len(t, linked, 1)
	assert.Equal(t, []string{"n3"}, linked[0].Change.Hosts)
	assert.True(t, linked[0].Culprit)
}

func (w *world) firstChange() *change.Change {
	for _, o := range w.said {
		if o.Change != nil {
			return o.Change
		}
	}
	return new(change.Change)
}
