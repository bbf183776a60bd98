package ingest

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// delivery is what a process exports at once: the spans that ended in 5 s.
type delivery struct {
	at    time.Duration
	spans []sp
}

// deliver sends what a shop does in a time, with five requests in 5 s of every 30 s, of
// which every sixth pays. Of the deliveries a share comes late, by 5 s and 30 s more on average:
// after the window is closed, and long after what the others tell of the same requests.
func deliver(t *testing.T, length time.Duration, late float64, page func(at time.Duration, k int) *visit) []*window.Snapshot {
	t.Helper()
	const every, window = 5 * time.Second, 30 * time.Second
	type key struct {
		service string
		at      time.Duration
	}
	rnd := rand.New(rand.NewPCG(9, 9))
	c := newClient(1)
	var all []*delivery
	open := make(map[key]*delivery)
	for k := range int(length/window) * 5 {
		at := time.Duration(k/5)*window + every + time.Duration(k%5)*900*time.Millisecond
		for _, s := range c.request(at+time.Duration(rnd.Int64N(int64(time.Second))), page(at, k)) {
			of := key{s.service, (s.end/every + 1) * every}
			d := open[of]
			if d == nil {
				if d = (&delivery{at: of.at}); rnd.Float64() < late {
					d.at += every + time.Duration(30*rnd.ExpFloat64()*float64(time.Second))
				}
				open[of] = d
				all = append(all, d)
			}
			d.spans = append(d.spans, s)
		}
	}
	slices.SortStableFunc(all, func(a, b *delivery) int { return cmp.Compare(a.at, b.at) })
	r := newRig(t, asByDefault())
	for _, d := range all {
		r.Traces(batchOf(t, d.spans...), now())
	}
	snaps := r.end()
	assert.Equal(t, late > 0, r.spans["late"] > 0)
	return snaps
}

// graphs are the causal graphs after each window, those that are not remembered for longer
// than the engine does by default forgotten.
func graphs(snaps []*window.Snapshot) (out []*cbn.Graph) {
	b := cbn.NewBuilder(120)
	for _, s := range snaps {
		out = append(out, b.Update(feature.Structure(s)))
	}
	return out
}

// Deliveries that are late tear traces: in a window of few requests nobody seems to call
// an operation, or it seems to be called by nobody that is known. That is no change of the
// graph, over an hour and a half.
func TestLateDeliveries_areNoChange(t *testing.T) {
	for _, late := range []float64{0, 0.02, 0.05} {
		snaps := deliver(t, 90*time.Minute, late, func(_ time.Duration, k int) *visit { return shop(k%6 == 3) })
		all, torn := graphs(snaps), 0
		ledger := change.NewLedger(change.Default(1000))
		require.Greater(t, len(all), 170)
		const learned = 30 // windows: by then everything was seen
		for i := range snaps {
			assert.Empty(t, ledger.Observe(snaps[i]), "late %v, window %d", late, i)
			for k := range snaps[i].RPCs {
				if r := &snaps[i].RPCs[k]; r.Key.Service.Name != "web" && 2*r.Entries >= r.Count {
					torn++
				}
			}
			if i >= learned {
				require.Equal(t, all[learned].Version, all[i].Version, "late %v: the graph is another after window %d", late, i)
			}
		}
		assert.Equal(t, late > 0, torn > 0, "late %v", late)
	}
}

// What does change is seen in the same window as without any delivery that is late. Only that
// callers send no spans any more looks like a loss first: of five requests in a window, four
// windows more.
func TestLateDeliveries_changesAreSeen(t *testing.T) {
	const length, changed = 25 * time.Minute, 15 * time.Minute
	after := func(change func(page *visit)) func(time.Duration, int) *visit {
		return func(at time.Duration, k int) *visit {
			v := shop(k%6 == 3)
			if at >= changed {
				change(v)
			}
			return v
		}
	}
	edge := func(caller, callee identity.RPC) func(*cbn.Graph) bool {
		return func(g *cbn.Graph) bool {
			return g.Index(cbn.Node{Class: cbn.ClientNode, Edge: identity.Edge{Caller: caller, Callee: callee}}) >= 0
		}
	}
	cart, mail := rpcOf("cart", "cart/Get"), rpcOf("mail", "mail/Send")
	entry := func(g *cbn.Graph) bool { return slices.Contains(g.Entries, cart) }
	for name, tt := range map[string]struct {
		page func(time.Duration, int) *visit
		seen func(*cbn.Graph) bool
		more int // windows
	}{
		"a new caller": {after(func(v *visit) {
			v.calls[0].calls = append(v.calls[0].calls, &visit{service: "mail", operation: "Send"})
		}), edge(cart, mail), 0},
		"a new callee": {after(func(v *visit) {
			v.calls = append(v.calls, &visit{service: "news", operation: "Get"})
		}), edge(rpcOf("web", "web/Page"), rpcOf("news", "news/Get")), 0},
		"a caller gone, requests from outside in its place": {after(func(v *visit) { *v = *v.calls[0] }), entry, 0},
		"a caller gone that sends no spans any more":        {after(func(v *visit) { *v = *v.calls[0]; v.orphan = true }), entry, 4},
	} {
		t.Run(name, func(t *testing.T) {
			first := func(late float64) int {
				return slices.IndexFunc(graphs(deliver(t, length, late, tt.page)), tt.seen)
			}
			due := int(changed / asByDefault().Window)
			want := first(0)
			assert.LessOrEqual(t, want-due, tt.more)
			assert.GreaterOrEqual(t, want, due)
			assert.Equal(t, want, first(0.02))
		})
	}
}
