package apps

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/simulate"
)

func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	return rand.New(rand.NewPCG(1, 2))
}

func planOf(t *testing.T, app *simulate.App, cfg PlanConfig) Plan {
	t.Helper()
	p, err := NewPlan(app, cfg)
	require.NoError(t, err)
	return p
}

func TestNewPlan_isDeterministic(t *testing.T) {
	app := appOf(t, "social")
	cfg := PlanConfig{Seed: 4, Incidents: 6, Decoys: 3, DoubleShare: 0.3}
	assert.Equal(t, planOf(t, app, cfg), planOf(t, app, cfg))
	other := cfg
	other.Seed = 5
	assert.NotEqual(t, planOf(t, app, cfg), planOf(t, app, other))
}

func TestNewPlan_inTime(t *testing.T) {
	app := appOf(t, "chain")
	cfg := PlanConfig{Seed: 4, Incidents: 5, Decoys: 5, Warmup: 10 * time.Minute, Length: 2 * time.Minute, Gap: time.Minute}
	p := planOf(t, app, cfg)
	require.Len(t, p.Episodes, 10)
	quiet := time.Duration(0)
	decoys := 0
	for i, e := range p.Episodes {
		if i == 0 {
			assert.GreaterOrEqual(t, e.Start, cfg.Warmup)
		} else {
			assert.GreaterOrEqual(t, e.Start-quiet, cfg.Gap)
		}
		assert.Greater(t, e.End, e.Start)
		assert.LessOrEqual(t, e.End-e.Start, cfg.Length)
		for _, f := range e.Faults {
			assert.Equal(t, e.Start, f.Start)
			assert.LessOrEqual(t, f.End, e.End)
		}
		if e.Decoy {
			decoys++
			assert.Empty(t, e.Culprits)
		} else {
			assert.Len(t, e.Culprits, len(e.Faults))
			assert.Equal(t, cfg.Length, e.End-e.Start)
		}
		quiet = e.End
	}
	assert.Equal(t, 5, decoys)
	assert.GreaterOrEqual(t, p.Duration-quiet, cfg.Gap)
	assert.Len(t, p.Faults(), 10)
}

// Each round gives every kind once; those that the application cannot have are
// passed over, so that the others stay as frequent.
func TestNewPlan_allKindsEvenly(t *testing.T) {
	app := appOf(t, "social")
	p := planOf(t, app, PlanConfig{Seed: 9, Incidents: 2 * len(faultKinds)})
	seen := map[simulate.FaultKind]int{}
	for _, e := range p.Episodes {
		seen[e.Faults[0].Kind]++
	}
	for _, kind := range faultKinds {
		assert.InDelta(t, 2, seen[kind], 1, string(kind))
	}
}

func TestNewPlan_culprits(t *testing.T) {
	for _, name := range []string{"chain", "social", "syn-64"} {
		app := appOf(t, name)
		d := newDrawer(app, seeded(t))
		p := planOf(t, app, PlanConfig{Seed: 2, Incidents: 30, DoubleShare: 0.5})
		doubles := 0
		for _, e := range p.Episodes {
			if len(e.Faults) == 2 {
				doubles++
				assert.NotEqual(t, e.Faults[0].Kind, e.Faults[1].Kind)
				assert.NotEqual(t, e.Culprits[0].Service, e.Culprits[1].Service)
				assert.Equal(t, string(e.Faults[0].Kind+"+"+e.Faults[1].Kind), e.Name)
			}
			for i, f := range e.Faults {
				c := e.Culprits[i]
				s := slices.IndexFunc(app.Services, func(s simulate.Service) bool { return s.Name == c.Service })
				require.GreaterOrEqual(t, s, 0)
				assert.Equal(t, mechanisms[f.Kind], c.Mechanism)
				assert.NotContains(t, c.Also, c.Service)
				if f.Kind != simulate.HostContention {
					assert.True(t, d.reach.on(s), "%s in %s", f.Kind, c.Service)
				}
				assert.Equal(t, f.Kind == simulate.BadReplica, c.Instance != "")
				assert.Equal(t, f.Kind == simulate.SlowDependency || f.Kind == simulate.CacheCollapse, app.Services[s].Uninstrumented)
				assert.Greater(t, Tail(app, f), 1.5*d.healthy, "alone: %s", f.Kind)
			}
		}
		assert.Equal(t, 15, doubles, name)
	}
}

func TestNewPlan_decoys(t *testing.T) {
	app := appOf(t, "social")
	r := newReach(app)
	p := planOf(t, app, PlanConfig{Seed: 2, Decoys: 20})
	seen := map[simulate.FaultKind]int{}
	for _, e := range p.Episodes {
		f := e.Faults[0]
		seen[f.Kind]++
		switch f.Kind {
		case simulate.OffPath:
			assert.Zero(t, r.services[f.Service])
		case simulate.Restart:
			assert.Greater(t, len(app.Services[f.Service].Hosts), 1)
		case simulate.Blip:
			assert.Less(t, f.End-f.Start, 6*time.Second)
		default:
		}
	}
	for _, kind := range decoyKinds {
		assert.Equal(t, 4, seen[kind], string(kind))
	}
}

func TestNewPlan_refuses(t *testing.T) {
	_, err := NewPlan(tiny(), PlanConfig{
		Incidents: -1, DoubleShare: 2, Gap: -1, Kinds: []simulate.FaultKind{"magic", simulate.Deploy},
	})
	for _, want := range []string{"incidents", "double", "times", `"magic"`, `"deploy"`} {
		require.ErrorContains(t, err, want)
	}
	_, err = NewPlan(tiny(), PlanConfig{Incidents: 1, Kinds: []simulate.FaultKind{simulate.PoolExhaustion}})
	require.ErrorContains(t, err, "can violate anything in tiny")
}

// The link of a service that has one only is as much that of the other end.
func TestCulprit_otherEnd(t *testing.T) {
	app := tiny()
	d := newDrawer(app, seeded(t))
	for _, row := range []struct {
		kind    simulate.FaultKind
		service int
		also    []string
	}{
		{simulate.NetworkDelay, 1, []string{"front"}}, // back: one link
		{simulate.PacketLoss, 0, nil},                 // front: two
		{simulate.CacheCollapse, 3, []string{"front"}},
		{simulate.RetryStorm, 1, []string{"front"}},
		{simulate.CPUContention, 1, nil},
	} {
		f := blank(row.kind)
		f.Service = row.service
		assert.Equal(t, row.also, d.culprit(&f).Also, string(row.kind))
	}
	f := blank(simulate.TrafficSurge)
	f.Entry = 0
	assert.Equal(t, Culprit{Service: "front", Mechanism: "traffic"}, d.culprit(&f))
}

// What is drawn to hurt hurts, and what is drawn not to does not: of incidents
// nearly all raise the tail of their whole time above the objective, 1.5 times the
// healthy one, and no decoy does that to its median window.
func TestNewPlan_hurts(t *testing.T) {
	app := appOf(t, "social")
	p := planOf(t, app, PlanConfig{
		Seed: 6, Incidents: len(faultKinds), Decoys: len(decoyKinds),
		Warmup: 4 * time.Minute, Length: 2 * time.Minute, Gap: time.Minute,
	})
	w := run(t, app, p.Duration, p.Faults()...)
	objective := 1.5 * w.p99(time.Minute, 4*time.Minute)
	hurt := 0
	for _, e := range p.Episodes {
		if !e.Decoy {
			if w.p99(e.Start+10*time.Second, e.End) > objective {
				hurt++
			}
			continue
		}
		above, windows := 0, 0
		for at := e.Start; at < e.Start+2*time.Minute; at += 10 * time.Second {
			windows++
			if w.p99(at, at+10*time.Second) > objective {
				above++
			}
		}
		assert.LessOrEqual(t, above, 1, "%s of %d windows", e.Name, windows)
	}
	assert.GreaterOrEqual(t, hurt, len(faultKinds)-1)
}
