package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// Use of the CPU of a host is no reason to be slow where half of its cores or more are idle.
func TestDiagnose_idleHost(t *testing.T) {
	const use, count = "host.cpu.usage", "host.cpu.time_count"
	for name, c := range map[string]struct {
		metric string
		usual  float64
		now    float64
		cores  float64 // 0: not known
		want   Mechanism
	}{
		"most are idle":              {use, 0.2, 1.2, 8, Latent},
		"less than half is in use":   {use, 0.2, 3.5, 8, Latent},
		"more is in use":             {use, 0.2, 4.6, 8, CPU},
		"all are in use":             {use, 0.2, 8, 8, CPU},
		"nobody knows how many":      {use, 0.2, 1.2, 0, CPU},
		"load is no reason, either":  {"host.cpu.load", 0.5, 9, 8, Latent},
		"who waits does":             {"host.cpu.pressure", 0.01, 0.9, 8, CPU},
		"a busy disk is no CPU":      {diskBusy, 0.1, 0.95, 8, Disk},
		"idle is what metrics count": {use, 0.2, 1.2, 1.2, CPU}, // states that are in use alone
	} {
		t.Run(name, func(t *testing.T) {
			w := chain()
			w.metric[hostMetric("back", use)] = 0.2
			w.metric[hostMetric("back", c.metric)] = c.usual
			if c.cores > 0 {
				w.metric[hostMetric("back", count)] = c.cores
			}
			in, rec := incident(w, func(w *world) {
				w.own[op("back")], w.metric[hostMetric("back", c.metric)] = 0.160, c.now
			})
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			assert.Equal(t, []string{"back"}, services(v))
			assert.Equal(t, c.want, v.Culprits[0].Mechanism)
		})
	}
}

// Of several hosts the busiest counts, and all must be known.
func TestDiagnosis_busiest(t *testing.T) {
	type host struct{ use, cores float64 } // cores 0: not known
	for name, c := range map[string]struct {
		hosts []host
		idle  bool
	}{
		"one":               {[]host{{1, 8}}, true},
		"both are idle":     {[]host{{1, 8}, {2, 8}}, true},
		"one is busy":       {[]host{{1, 8}, {7, 8}}, false},
		"one is not known":  {[]host{{1, 8}, {7, 0}}, false},
		"none is known":     {[]host{{1, 0}, {7, 0}}, false},
		"nothing was seen":  {nil, false},
		"one, of few cores": {[]host{{1, 1}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := window.Resource{Service: svc("back")}
			for i, h := range c.hosts {
				in := window.InstanceValues{ID: string(rune('a' + i)), Values: []window.Value{{Metric: "host.cpu.usage", Value: h.use}}}
				if h.cores > 0 {
					in.Values = append(in.Values, window.Value{Metric: "host.cpu.time_count", Value: h.cores})
				}
				r.Instances = append(r.Instances, in)
			}
			w := chain()
			if len(c.hosts) == 1 {
				w.metric[hostMetric("back", "host.cpu.usage")], w.metric[hostMetric("back", "host.cpu.time_count")] = c.hosts[0].use, c.hosts[0].cores
			}
			in, rec := incident(w, func(*world) {})
			d := &diagnosis{in: Input{Snapshot: &window.Snapshot{Resources: []window.Resource{r}}}, v: newView(rec, in.Snapshot.Start, 3.5)}
			moved := []movedMetric{{key: feature.Key{Name: "host.cpu.usage"}, mechanism: CPU}}
			assert.Equal(t, c.idle, len(d.withoutIdleHosts(svc("back"), moved)) == 0)
			assert.Len(t, moved, 1, "what was given stays")
		})
	}
}

// A total of idle time that went back a little counts as one that began anew.
func TestDiagnosis_plausible(t *testing.T) {
	count := hostMetric("back", "host.cpu.time_count")
	w := chain()
	w.metric[count] = 4
	in, rec := incident(w, func(*world) {})
	d := &diagnosis{in: in, v: newView(rec, in.Snapshot.Start, 3.5)}
	for cores, known := range map[float64]bool{2: true, 4: true, 12: true, 46: false} {
		assert.Equal(t, known, d.plausible(svc("back"), count.Name, cores) == cores, "%v", cores)
	}
	assert.InDelta(t, 46, d.plausible(svc("back"), "host.cpu.usage", 46), 0)
	assert.InDelta(t, 46, d.plausible(svc("mid"), count.Name, 46), 0, "nothing is usual")
}
