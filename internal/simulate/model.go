package simulate

import "time"

// rpc is an RPC made ready for playing.
type rpc struct {
	service     int32
	cpu, disk   law
	parts       float64
	alloc       float64
	request     float64 // MiB
	reply       float64 // MiB
	failure     float64
	first, step int32 // steps of the RPC: steps[first : first+step]
}

// stepCalls are the calls of one step: calls[from:to].
type stepCalls struct{ from, to int32 }

// call is a Call made ready for playing.
type call struct {
	rpc         int32
	position    uint64 // in the RPC
	probability float64
	times       int32
	async       bool
	pool        int32
	timeout     time.Duration
	retries     int32
	backoff     time.Duration
	lookup      bool
	hit         float64
	miss        int32 // in calls, -1: none
}

// model is an App made ready for playing: flat tables.
type model struct {
	rpcs  []rpc
	steps []stepCalls
	calls []call
	link  law
	loss  float64
	rto   time.Duration
	perMB float64 // ns per MiB
}

// Sizes of messages where the RPC does not say.
const (
	defaultRequestKiB = 1
	defaultReplyKiB   = 4
)

// defaultRTO is the least retransmission timeout of Linux' TCP; for an App whose
// Link has none.
const defaultRTO = 200 * time.Millisecond

func newModel(app *App) *model {
	m := &model{
		link:  newLaw(app.Link.Delay),
		loss:  app.Link.Loss,
		rto:   app.Link.RTO,
		perMB: app.Link.PerMiB * float64(time.Second),
	}
	if m.rto == 0 {
		m.rto = defaultRTO
	}
	for i := range app.RPCs {
		m.rpcs = append(m.rpcs, m.rpc(&app.RPCs[i]))
	}
	return m
}

func (m *model) rpc(from *RPC) rpc {
	r := rpc{
		service: int32(from.Service),
		cpu:     newLaw(from.CPU),
		disk:    newLaw(from.Disk),
		parts:   float64(len(from.Steps) + 1),
		alloc:   from.AllocMiB,
		request: kib(from.RequestKiB, defaultRequestKiB),
		reply:   kib(from.ReplyKiB, defaultReplyKiB),
		failure: from.ErrorRate,
		step:    int32(len(from.Steps)),
	}
	// The calls of a step must lie side by side, and those after a miss elsewhere.
	var misses []int32
	var missed []*Call
	ranges := make([]stepCalls, 0, len(from.Steps))
	position := uint64(0)
	add := func(c *Call) int32 {
		at := int32(len(m.calls))
		m.calls = append(m.calls, newCall(c, position))
		position++
		if c.Cache != nil && c.Cache.Miss != nil {
			misses, missed = append(misses, at), append(missed, c.Cache.Miss)
		}
		return at
	}
	for i := range from.Steps {
		begin := int32(len(m.calls))
		for j := range from.Steps[i].Calls {
			add(&from.Steps[i].Calls[j])
		}
		ranges = append(ranges, stepCalls{begin, int32(len(m.calls))})
	}
	for i := 0; i < len(misses); i++ { // add appends to both
		at := add(missed[i])
		m.calls[misses[i]].miss = at
	}
	r.first = int32(len(m.steps))
	m.steps = append(m.steps, ranges...)
	return r
}

func newCall(c *Call, position uint64) call {
	out := call{
		rpc:         int32(c.RPC),
		position:    position,
		probability: c.Probability,
		times:       int32(c.Times),
		async:       c.Async,
		pool:        int32(c.Pool),
		timeout:     c.Timeout,
		retries:     int32(c.Retries),
		backoff:     c.Backoff,
		miss:        -1,
	}
	if c.Cache != nil {
		out.lookup, out.hit = true, c.Cache.Hit
	}
	return out
}

// kib returns a size in MiB.
func kib(size, without float64) float64 {
	if size == 0 {
		size = without
	}
	return size / 1024
}
