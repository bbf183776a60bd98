package rca

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// Two services whose hosts report the same busy disk: the one whose every request is
// slower is the cause, the other waits behind it. On different hosts both are.
func TestDiagnose_sharedDisk(t *testing.T) {
	const busy = "host.disk.busy"
	disk := func(name string) feature.Key {
		return feature.Key{Kind: feature.Metric, Service: svc(name), Name: busy}
	}
	w := chain()
	w.metric[disk("mid")], w.metric[disk("back")] = 0.1, 0.1
	fault := func(w *world) {
		w.own[op("mid")], w.own[op("back")] = 0.080, 0.160
		w.metric[disk("mid")], w.metric[disk("back")] = 0.9, 0.9
	}
	for name, c := range map[string]struct {
		mid, back float64 // what the replicas say of their hosts
		want      []string
	}{
		"one host":  {0.9, 0.9, []string{"back"}},
		"two hosts": {0.9, 0.8, []string{"mid", "back"}},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(w, fault)
			in.Snapshot.Resources = []window.Resource{
				{Service: svc("back"), Instances: []window.InstanceValues{{ID: "b", Values: []window.Value{{Metric: busy, Value: c.back}}}}},
				{Service: svc("mid"), Instances: []window.InstanceValues{{ID: "m", Values: []window.Value{{Metric: busy, Value: c.mid}}}}},
			}
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			require.False(t, v.Abstained, v.Reason)
			assert.ElementsMatch(t, c.want, services(v))
			assert.Equal(t, Disk, v.Culprits[0].Mechanism)
			sound(t, v)
		})
	}
}
