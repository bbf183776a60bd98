package emit

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/simulate"
)

const mib = 1 << 20

// scrape makes metrics of samples: one request per host and time, as the agent on
// it sends them.
type scrape struct {
	e        *Emitter
	hosts    []hostMeter
	replicas [][]replicaMeter // by service and number
	next     time.Duration    // before which samples are left out
	onHost   [][]int          // indices of the sampled replicas, by host; scratch
}

func newScrape(e *Emitter) scrape {
	s := scrape{e: e, onHost: make([][]int, len(e.app.Hosts))}
	for h := range e.app.Hosts {
		s.hosts = append(s.hosts, hostMeter{meter: newMeter(&e.opts, uint64(h))})
	}
	key := uint64(len(e.app.Hosts))
	for i := range e.replicas {
		meters := make([]replicaMeter, len(e.replicas[i]))
		for r := range meters {
			meters[r].container, meters[r].process = newMeter(&e.opts, 2*key), newMeter(&e.opts, 2*key+1)
			key++
		}
		s.replicas = append(s.replicas, meters)
	}
	return s
}

// take sends the metrics of one sample, unless it comes too soon after the last.
func (s *scrape) take(at time.Duration, replicas []simulate.ReplicaState, hosts []simulate.HostState) {
	if at < s.next {
		return
	}
	s.next = at + s.e.opts.MetricEvery
	for h := range s.onHost {
		s.onHost[h] = s.onHost[h][:0]
	}
	for i := range replicas {
		h := replicas[i].Host
		s.onHost[h] = append(s.onHost[h], i)
	}
	for i := range hosts {
		md := pmetric.NewMetrics()
		h := &hosts[i]
		s.host(md, at, h, replicas)
		for _, k := range s.onHost[h.Host] {
			r := &replicas[k]
			if !r.Up {
				continue
			}
			s.kubelet(md, at, r)
			if who := &s.e.replicas[r.Service][r.Replica]; !who.silent {
				s.process(md, at, r, who)
			}
		}
		s.e.metrics(md)
	}
}
