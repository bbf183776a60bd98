package ingest

import (
	"cmp"
	"slices"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Pieces takes in what other processes have seen of windows, as Traces does spans: as
// if the last span of a window had ended in its last nanosecond. So a window that
// others tell of closes when the first of them tells of a later one that is ahead by
// the allowed lateness. Pieces may come in any order within that. It sorts pieces,
// and otherwise leaves them as they are.
func (i *Ingester) Pieces(pieces []window.Piece, now time.Time) {
	if i.closing.closed.Load() || len(pieces) == 0 {
		return
	}
	i.world.RLock()
	defer i.world.RUnlock()
	// What has piled up somewhere comes at once: no window may close before it is read.
	slices.SortStableFunc(pieces, func(a, b window.Piece) int { return cmp.Compare(a.Start, b.Start) })
	var t tally
	for k := range pieces {
		p := &pieces[k]
		if r, ok := i.piece(p, now.UnixNano(), &t); !ok {
			t.add(r, 1)
			continue
		}
		t.used++
		if mark := past(p.End-1, now.UnixNano()); mark > i.mark.load() {
			i.mark.advance(mark)
			i.moveTo(mark)
		}
	}
	if t.used > 0 {
		i.keepAlive(now)
	}
	t.reportPoints(i.obs)
}

// piece takes in one piece, or says why not.
func (i *Ingester) piece(p *window.Piece, now int64, t *tally) (reason, bool) {
	if p.End-p.Start != i.mark.size || p.Start%i.mark.size != 0 {
		return otherWindow, false
	}
	if r, ok := i.cfg.Guard.inTime(uint64(p.Start), uint64(earliest), now); !ok {
		return r, false
	}
	if since := i.cfg.Guard.Since; !since.IsZero() && p.End <= since.UnixNano() {
		return beforeStart, false // others may have told somebody else
	}
	g := i.gathered
	g.mu.Lock()
	defer g.mu.Unlock()
	of, lost, r, ok := g.of(p, past(p.End, now))
	t.add(pieceLimit, lost)
	if !ok {
		return r, false
	}
	seen := max(i.mark.load(), past(p.End-1, now))
	grown := 0
	switch {
	case p.Sampled != nil:
		of.window.AddSampled(*p.Sampled)
	case p.RPC != nil:
		s := *p.RPC
		if r, ok = i.admitShare(&s, seen, t); ok {
			grown = of.window.AddRPC(&s)
		}
	case p.Edge != nil:
		s := *p.Edge
		s.Key = identity.Edge{Caller: i.admitCalled(s.Key.Caller, seen, t), Callee: i.admitCalled(s.Key.Callee, seen, t)}
		i.stores.called(s.Key.Caller.Service, s.Key.Callee.Service)
		grown = of.window.AddEdge(&s)
	case p.Replica != nil:
		r, ok = i.learnShare(p.Replica, seen)
	}
	if t.add(pieceLimit, g.grew(of, grown)); of.window == nil {
		t.add(pieceLimit, -1) // it counts this one too, as who calls does
		return pieceLimit, false
	}
	return r, ok
}

// admitShare gives s the names under which it is to be known.
func (i *Ingester) admitShare(s *window.RPCShare, now int64, t *tally) (reason, bool) {
	if !i.served.Service(s.Key.Service, now) {
		i.turnedAway.note(s.Key.Service)
		return serviceLimit, false
	}
	i.stores.speaks(s.Key.Service, now)
	named, ok := s.Key, false
	if s.Key, ok = i.served.Operation(named, now); !ok {
		t.add(operationLimit, 1)
		i.crowds.note(named.Service, named.Operation)
	}
	for k := range s.Instances {
		in := &s.Instances[k]
		if in.ID == window.OtherInstance {
			continue
		}
		if in.ID, ok = i.admitInstance(identity.Instance{Service: s.Key.Service, ID: in.ID}, now); !ok {
			t.add(instanceLimit, 1)
		}
	}
	return 0, true
}

// admitCalled returns the name under which one end of a call is to be known.
func (i *Ingester) admitCalled(r identity.RPC, now int64, t *tally) identity.RPC {
	if r == (identity.RPC{}) {
		return r
	}
	r, ok := i.called.Operation(r, now)
	if !ok {
		t.add(operationLimit, 1)
	}
	return r
}

// learnShare learns where a replica runs, by which metrics find it, or at which host a store
// is called.
func (i *Ingester) learnShare(r *window.ReplicaShare, now int64) (reason, bool) {
	if host, ok := storeHost(r); ok {
		place, ok := i.called.AdmitService(r.Instance.Service, now)
		if !ok {
			return serviceLimit, false
		}
		i.stores.calls(identity.Service{}, r.Instance.Service, place, host)
		return 0, true
	}
	if !i.served.Service(r.Instance.Service, now) {
		return serviceLimit, false
	}
	in := r.Instance
	var ok bool
	if in.ID, ok = i.admitInstance(in, now); !ok {
		return instanceLimit, false
	}
	m := pcommon.NewMap()
	for _, a := range r.Attributes {
		m.PutStr(a.Key, a.Value)
	}
	i.joins.learn(m, in, now)
	i.speaks(in.Service, m, now)
	if i.telling != nil {
		i.telling.note(in, now, func() []window.Attribute { return i.telling.those(r.Attributes) })
	}
	return 0, true
}
