package apps

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/simulate"
)

func TestNew_isDeterministic(t *testing.T) {
	for _, name := range Names() {
		one, err := New(name, 3)
		require.NoError(t, err)
		two, err := New(name, 3)
		require.NoError(t, err)
		assert.Equal(t, one, two, name)
	}
	assert.NotEqual(t, synthetic(64, 1).RPCs, synthetic(64, 2).RPCs)
	_, err := New("none", 1)
	require.ErrorContains(t, err, "syn-1024")
}

func TestNew_sizes(t *testing.T) {
	for name, want := range map[string]struct{ services, rpcs int }{ // daemons of hosts not counted
		"chain": {10, 10}, "fanout": {15, 16}, "sockshop": {13, 20}, "social": {29, 42},
		"syn-16": {4, 16}, "syn-64": {16, 64}, "syn-256": {64, 256}, "syn-1024": {256, 1024},
	} {
		app := appOf(t, name)
		assert.Len(t, app.Services, want.services+1, name)
		assert.Len(t, app.RPCs, want.rpcs+1, name)
	}
}

// Every application must be one that can be simulated and diagnosed.
func TestNew_isSound(t *testing.T) {
	for _, name := range Names() {
		t.Run(name, func(t *testing.T) {
			app := appOf(t, name)
			run(t, app, time.Second) // simulate checks all that refers to something
			sound(t, app)

			rate := 0.0
			for _, e := range app.Entries[:len(app.Entries)-1] { // the last are the daemons
				rate += e.Rate
				calls := 0.0
				for _, n := range visitsOf(app, e.RPC, true) {
					calls += n
				}
				assert.LessOrEqual(t, calls, 45.0, "RPCs of one request")
			}
			assert.GreaterOrEqual(t, rate, 20.0)
			assert.LessOrEqual(t, rate, 40.0)
		})
	}
}

func sound(t *testing.T, app *simulate.App) {
	t.Helper()
	names, ids := map[string]bool{}, map[string]bool{}
	loads := demandOf(app)
	cores := make([]float64, len(app.Hosts))
	for s := range app.Services {
		svc := &app.Services[s]
		assert.False(t, names[svc.Name], "two services called %s", svc.Name)
		names[svc.Name] = true
		assert.NotEmpty(t, svc.Hosts, svc.Name)
		assert.Positive(t, svc.CPULimit, svc.Name)
		on := map[int]bool{}
		for r, h := range svc.Hosts {
			assert.False(t, on[h], "two replicas of %s on one host", svc.Name)
			on[h] = true
			id := InstanceID(app, s, r)
			assert.False(t, ids[id], "two replicas called %s", id)
			ids[id] = true
			cores[h] += loads[s].cpu / float64(len(svc.Hosts))
		}
		assert.Less(t, loads[s].cpu/float64(len(svc.Hosts))/svc.CPULimit, 0.85, "utilisation of %s", svc.Name)
	}
	for h, used := range cores {
		share := used / app.Hosts[h].Cores
		assert.Greater(t, share, 0.1, "utilisation of %s", app.Hosts[h].Name)
		assert.Less(t, share, 0.6, "utilisation of %s", app.Hosts[h].Name)
	}
	reached := make([]float64, len(app.RPCs))
	for _, e := range app.Entries {
		for i, n := range visitsOf(app, e.RPC, true) {
			reached[i] += n
		}
	}
	for i, n := range reached {
		assert.Positive(t, n, "nobody calls %s of %s", app.RPCs[i].Operation, ServiceName(app, app.RPCs[i].Service))
	}
}

// A chain that does nothing but work in turn is quick but not instant, and the
// largest application stays within what one core can do.
func TestNew_healthy(t *testing.T) {
	w := run(t, appOf(t, "chain"), 2*time.Minute)
	p99 := w.p99(10*time.Second, 2*time.Minute)
	assert.Greater(t, p99, 0.025)
	assert.Less(t, p99, 0.060)

	w = run(t, appOf(t, "syn-1024"), 10*time.Second)
	assert.Less(t, w.spans, 2500*10)
	assert.Greater(t, w.spans, 1000*10)
}

func TestServiceName(t *testing.T) {
	app := tiny()
	assert.Equal(t, "back", ServiceName(app, 1))
	assert.Empty(t, ServiceName(app, -1))
	assert.Empty(t, ServiceName(app, 99))
}
