package apps

import "github.com/sage-rca/sage/internal/simulate"

// means are the mean times of RPCs as their servers see them, pools left out.
type means struct {
	w    *walk
	rpcs []float64 // -1: not known yet
}

func newMeans(w *walk) *means {
	m := &means{w: w, rpcs: make([]float64, len(w.app.RPCs))}
	for i := range m.rpcs {
		m.rpcs[i] = -1
	}
	return m
}

// rpc is the mean time of a request: its work, and of each step the call that
// takes longest on average.
func (m *means) rpc(i int) float64 {
	if m.rpcs[i] >= 0 {
		return m.rpcs[i]
	}
	r := &m.w.app.RPCs[i]
	s := &m.w.services[r.Service]
	t := r.CPU.Mean*(s.cpu+s.crowd) + r.Disk.Mean*s.disk + s.latent*s.badShare
	for _, step := range r.Steps {
		longest := 0.0
		for k := range step.Calls {
			c := &step.Calls[k]
			if c.Async {
				continue
			}
			all := m.call(r.Service, c)
			if c.Cache != nil && c.Cache.Miss != nil {
				all += (1 - c.Cache.Hit) * m.call(r.Service, c.Cache.Miss)
			}
			longest = max(longest, c.Probability*float64(max(1, c.Times))*all)
		}
		t += longest
	}
	m.rpcs[i] = t
	return t
}

// call is the mean time of one call as its caller sees it.
func (m *means) call(caller int, c *simulate.Call) float64 {
	callee := m.w.app.RPCs[c.RPC].Service
	return 2*m.w.app.Link.Delay.Mean + m.w.services[caller].send + m.w.services[callee].send + m.rpc(c.RPC)
}
