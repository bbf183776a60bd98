package recorded

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/window"
)

// history takes in windows as the engine does.
func history(t *testing.T, s *Set) (*feature.History, *cbn.Graph) {
	t.Helper()
	h := feature.NewHistory(s.Window, len(s.Normal)+10, 10_000)
	b := cbn.NewBuilder(len(s.Normal) + 10)
	var g *cbn.Graph
	for _, w := range s.Normal {
		h.Append(w)
		g = b.Update(feature.Structure(w))
	}
	require.Equal(t, len(s.Normal), h.Len(), "windows are in order of time")
	require.Zero(t, h.Refused())
	require.Empty(t, g.Broken)
	require.GreaterOrEqual(t, g.Index(cbn.Server(s.Entry)), 0, "the entry is in the graph")
	require.Contains(t, g.Entries, s.Entry)
	return h, g
}

// fits trains a model for a moment: whatever is missing in a recording, a model of
// it has a loss.
func fits(t *testing.T, h *feature.History, g *cbn.Graph) *feature.Layout {
	t.Helper()
	l := feature.NewLayout(g, h)
	rows := make([]int, min(100, h.Len()))
	for i := range rows {
		rows[i] = i
	}
	cfg := gvae.DefaultConfig()
	cfg.Epochs, cfg.Seed = 1, 1
	_, report, err := gvae.Train(t.Context(), l.Spec, l.Data(h, rows), cfg, nil)
	require.NoError(t, err)
	assert.False(t, math.IsNaN(report.HeldOutLoss))
	return l
}

// answers counts the incidents of each type of which the robust scorer, without a
// model, ranks a culprit first in the window with the highest tail. Nothing is
// asserted of it: what the scorer makes of a recording is the evaluation's to say.
func answers(h *feature.History, g *cbn.Graph, s *Set, in Incident) (first, candidates bool) {
	worst := 0.0
	h = h.Clone()
	for _, w := range in.Windows {
		c := *w // after all that is normal
		c.Start = h.Start(h.Len()-1) + int64(s.Window)
		c.End = c.Start + int64(s.Window)
		h.Append(&c)
		v := rca.Diagnose(rca.Input{
			Graph: g, History: h, Snapshot: &c, Entry: in.Entry, Quantile: in.Quantile,
			Threshold: math.Inf(1), Onset: s.Normal[len(s.Normal)-1].End,
		}, rca.Config{})
		if v.Abstained || len(v.Candidates) == 0 || v.Quantile < 0 {
			continue
		}
		if tail := servedBy(w, in.Entry.Service.Name).Latency.Quantile(in.Quantile); tail > worst {
			best := v.Candidates[0]
			worst, candidates = tail, true
			first = slices.Contains(in.Services, best.Service)
		}
	}
	return first, candidates
}

func firstLook(t *testing.T, h *feature.History, g *cbn.Graph, s *Set) {
	t.Helper()
	type count struct{ incidents, first, abstained int }
	counts := make(map[string]*count)
	for _, in := range s.Incidents {
		c := counts[in.Fault]
		if c == nil {
			c = new(count)
			counts[in.Fault] = c
		}
		c.incidents++
		switch first, ok := answers(h, g, s, in); {
		case !ok:
			c.abstained++
		case first:
			c.first++
		}
	}
	for fault, c := range counts {
		t.Logf("%s, %s: %+v", s.Name, fault, *c)
	}
	assert.NotEmpty(t, counts)
}

func TestBoutiqueWindows(t *testing.T) {
	s, err := LoadNezha(boutique(t))
	require.NoError(t, err)
	t.Logf("%d normal windows, %q", len(s.Normal), s.Notes)
	assert.Equal(t, time.Minute, s.Window)
	assert.Len(t, s.Incidents, 24)
	// Every fault blocks the minutes from 10 s before to 300 s after it, five or
	// six of 1209.
	assert.InDelta(t, 1209-24*5.5, len(s.Normal), 24*0.5)

	resources := 0
	for _, in := range s.Incidents {
		if in.Mechanism != mechanismLatent {
			resources++
		}
		assert.GreaterOrEqual(t, len(in.Windows), 3, in.Name) // 210 s
		assert.LessOrEqual(t, len(in.Windows), 4, in.Name)
		if in.Mechanism == "network" {
			assert.Equal(t, in.Services[0], widest(in), "%s: the gaps are around it", in.Name)
		}
	}
	assert.Equal(t, 18, resources)

	h, g := history(t, s)
	services := make(map[identity.Service]bool)
	classes := make(map[cbn.Class]int)
	for _, n := range g.Nodes {
		services[n.Edge.Callee.Service] = true
		classes[n.Class]++
	}
	assert.Len(t, services, 10)
	// dependency.csv has 14 calls.
	assert.Equal(t, map[cbn.Class]int{cbn.ServerNode: 10, cbn.ClientNode: 14, cbn.NetworkNode: 14}, classes)
	assert.Len(t, g.Entries, 1)
	l := fits(t, h, g)
	metrics := make(map[identity.Service]int)
	for _, k := range l.XKeys {
		if k.Kind == feature.Metric {
			metrics[k.Service]++
		}
	}
	assert.Len(t, metrics, 10)
	for service, n := range metrics {
		assert.Equal(t, 11, n, "%s: all but latencies, workload and success", service)
	}
	firstLook(t, h, g, s)
}

// widest returns the service around which the gaps of calls are widest: those of
// calls to it, and half of those of calls by it, which there may be many of.
func widest(in Incident) identity.Service {
	sums := make(map[identity.Service]float64)
	for _, w := range in.Windows {
		for _, e := range w.Edges {
			if gap := e.Network.Quantile(0.5); !math.IsNaN(gap) {
				sums[e.Key.Callee.Service] += gap
				sums[e.Key.Caller.Service] += gap / 2
			}
		}
	}
	var best identity.Service
	for s, v := range sums {
		if v > sums[best] {
			best = s
		}
	}
	return best
}

func TestPetShopWindows(t *testing.T) {
	s, err := LoadPetShop(recordings(t, "petshop/low_traffic", "graph.csv"))
	require.NoError(t, err)
	t.Logf("%d normal windows, %q", len(s.Normal), s.Notes)
	assert.Equal(t, 5*time.Minute, s.Window)
	assert.Len(t, s.Normal, 589) // 49 h and one window
	assert.Len(t, s.Incidents, 26)
	symptoms := make(map[string]int)
	services := make(map[identity.Service]bool)
	see := func(windows []*window.Snapshot) {
		for _, w := range windows {
			for i := range w.RPCs {
				services[w.RPCs[i].Key.Service] = true
			}
		}
	}
	see(s.Normal)
	for _, in := range s.Incidents {
		symptoms[in.Symptom]++
		see(in.Windows)
		assert.Len(t, in.Windows, 3, in.Name)
		assert.Len(t, in.Before, 1, in.Name)
		assert.Greater(t, in.Before[0].Start, s.Normal[588].Start)
		if in.Symptom == Availability {
			failed := 0.0
			for _, w := range in.Windows {
				failed += servedBy(w, in.Entry.Service.Name).Errors
			}
			assert.Positive(t, failed, in.Name)
		}
	}
	assert.Equal(t, map[string]int{Latency: 14, Availability: 12}, symptoms)
	assert.Len(t, services, 42)

	h, g := history(t, s)
	for _, n := range g.Nodes {
		assert.NotEqual(t, cbn.NetworkNode, n.Class)
		assert.NotEqual(t, cbn.ClientNode, n.Class)
	}
	fits(t, h, g)
	firstLook(t, h, g, s)
}
