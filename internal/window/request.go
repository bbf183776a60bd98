package window

import (
	"math"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
)

// requests accumulates the served requests of one RPC.
type requests struct {
	key identity.RPC

	entries, torn, inner, async, stream, count, unseen, errors float64
	union, sum                                                 float64
	latency, exclusive, ending                                 sketch.Sketch
	types                                                      errorTypes
	instances                                                  instances
	exemplars                                                  exemplars
}

func (r *requests) add(s *callgraph.Served, start int64, f *Folder) {
	w := weight(s.Weight)
	if s.Stream {
		r.stream += w
		return
	}
	r.count += w
	if s.Entry {
		r.entries += w
	}
	if s.Torn {
		r.torn += w
	}
	if s.Inner {
		r.inner += w
	}
	if s.Async {
		r.async += w
	}
	took := sketch.ValueOf(s.Duration, w)
	in := r.instances.seen(s.Replica, s.Time, f.names)
	in.count += w
	if w > 1 {
		r.unseen += w - 1
		in.unseen += w - 1
	}
	in.latency.Put(took)
	if s.Error {
		r.errors += w
		in.errors += w
		r.types.add(s.ErrorType, w)
	}
	r.latency.Put(took)
	if s.Entry && 3*(s.Time-start) >= 2*f.size {
		r.ending.Put(took)
	}
	if s.Exclusive != s.Duration {
		took = sketch.ValueOf(s.Exclusive, w)
	}
	r.exclusive.Put(took)
	r.union += w * float64(max(0, s.Duration-s.Exclusive))
	r.sum += w * float64(max(0, s.ChildSum))
	r.exemplars.add(&s.Span, f.hash.of(&s.Span), s.Duration)
}

// reset empties r and keeps its memory.
func (r *requests) reset() {
	r.latency.Reset()
	r.exclusive.Reset()
	r.ending.Reset()
	r.types.reset()
	r.instances.reset()
	r.exemplars.reset()
	*r = requests{latency: r.latency, exclusive: r.exclusive, ending: r.ending, types: r.types, instances: r.instances, exemplars: r.exemplars}
}

func (r *requests) merge(o *requests) {
	r.entries += o.entries
	r.torn += o.torn
	r.inner += o.inner
	r.async += o.async
	r.stream += o.stream
	r.count += o.count
	r.unseen += o.unseen
	r.errors += o.errors
	r.union += o.union
	r.sum += o.sum
	r.latency.Merge(&o.latency)
	r.exclusive.Merge(&o.exclusive)
	r.ending.Merge(&o.ending)
	r.types.merge(&o.types)
	r.instances.merge(&o.instances)
	r.exemplars.merge(&o.exemplars)
}

func (r *requests) snapshot(k identity.RPC) RPC {
	return RPC{
		Key: k, Entries: r.entries, Torn: r.torn, Inner: r.inner, Async: r.async > r.count/2, Stream: r.stream, Count: r.count, Unseen: r.unseen,
		Errors: r.errors, ErrorType: r.types.most(),
		Latency: &r.latency, Exclusive: &r.exclusive, Ending: &r.ending, Union: r.union, Sum: r.sum,
		Instances: r.instances.list(),
		Exemplar:  r.exemplars.slow, Typical: r.exemplars.typical(&r.latency),
	}
}

// weight makes 1 of what is no weight.
func weight(w float64) float64 {
	if w > 0 && w <= math.MaxFloat64 {
		return w
	}
	return 1
}
