package rca

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// fullOf is a record with no room for anything of a window.
func fullOf(s *window.Snapshot) *feature.History {
	h := feature.NewHistory(30*time.Second, 256, 1)
	first := &window.Snapshot{Start: 1, End: 1 + 30e9, Resources: []window.Resource{{Service: svc("else"), Values: []window.Value{{Metric: "m", Value: 1}}}}}
	h.Append(first)
	s.Start, s.End = first.End, first.End+30e9
	h.Append(s)
	return h
}

// What was left out of the record is not ruled out, of services on the way alone.
func TestRuledOut_notWhatFoundNoRoom(t *testing.T) {
	metrics := func(service string, names ...string) *window.Snapshot {
		r := window.Resource{Service: svc(service)}
		for _, name := range names {
			r.Values = append(r.Values, window.Value{Metric: name, Value: 1})
		}
		return &window.Snapshot{Resources: []window.Resource{r}}
	}
	for name, c := range map[string]struct {
		unkept *window.Snapshot
		want   []string
		said   string
	}{
		"nothing":               {&window.Snapshot{}, []string{"cpu", "memory", "network", "retry", "error_rate", "traffic"}, ""},
		"CPU of one on the way": {metrics("mid", "process.cpu.utilization"), []string{"memory", "network", "retry", "error_rate", "traffic"}, "; the history has no room for values of mid"},
		"something of no resource": {
			metrics("mid", "queue.color"), []string{"cpu", "memory", "network", "retry", "error_rate", "traffic"}, "",
		},
		"of somebody else": {metrics("elsewhere", "process.cpu.utilization"), []string{"cpu", "memory", "network", "retry", "error_rate", "traffic"}, ""},
		"what its spans say": {
			&window.Snapshot{RPCs: []window.RPC{{Key: op("mid")}}}, []string{"cpu", "memory", "traffic"}, "; the history has no room for values of mid",
		},
	} {
		t.Run(name, func(t *testing.T) {
			in, rec := incident(chain(), func(*world) {})
			for d := range feature.D {
				rec[healthyRows][entryKey(op("front"), d)] += 1
			}
			in.History = fullOf(c.unkept)
			v := diagnose(in, Config{}.withDefaults(), rec, nil)
			assert.Equal(t, c.want, v.RuledOut)
			assert.Equal(t, reasonUnexplained+c.said, v.Reason)
		})
	}
}

// Who is slow of itself is unmonitored where some of its metrics found no room.
func TestUnmonitored_whereMetricsFoundNoRoom(t *testing.T) {
	for metric, want := range map[string]bool{"": false, "queue.color": false, "container.disk.io_time": true} {
		in, rec := incident(chain(), func(w *world) { w.own[op("back")] *= 10 })
		s := &window.Snapshot{}
		if metric != "" {
			s.Resources = []window.Resource{{Service: svc("back"), Values: []window.Value{{Metric: metric, Value: 1}}}}
		}
		in.History = fullOf(s)
		v := diagnose(in, Config{}.withDefaults(), rec, nil)
		if assert.NotEmpty(t, v.Culprits, metric) {
			c := v.Culprits[0]
			assert.Equal(t, svc("back"), c.Service)
			assert.Equal(t, Latent, c.Mechanism)
			assert.Equal(t, want, c.Unmonitored, metric)
			assert.Equal(t, want, slices.Contains(c.Evidence, "no room in the history for some of its metrics"), metric)
			assert.False(t, math.IsNaN(c.Probability))
		}
	}
}
