package ingest

import (
	"encoding/binary"
	"sync"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// shard resolves the traces whose ids fall on it.
type shard struct {
	mu     sync.Mutex // guards everything below
	traces *callgraph.Assembler
}

// folding is where all shards fold what they resolve. Every shard could have
// windows of its own, but then each would touch as much memory as all do now,
// and what a shard folds would seldom be in the cache.
type folding struct {
	mu     sync.Mutex // guards folder; taken after the locks of shards
	folder *window.Folder
}

func newShard(cfg *Config, f *folding, names *identity.Names, producers *callgraph.Producers, known *callgraph.Known) *shard {
	pending := max(1, cfg.Limits.PendingSpans/cfg.Shards)
	return &shard{
		traces: callgraph.New(callgraph.Config{
			MaxPending: pending,
			MaxTrace:   min(cfg.Limits.TraceSpans, pending),
			MaxAge:     int64(cfg.MaxAge),
			SinkLock:   &f.mu,
			Names:      names,
			Producers:  producers,
			Known:      known,
		}, f.folder),
	}
}

// shardOf spreads trace ids, of which only some bits may be random.
func shardOf(id identity.TraceID, shards int) int {
	h := mix(binary.LittleEndian.Uint64(id[:8]) ^ binary.LittleEndian.Uint64(id[8:]))
	if n := uint64(shards); n&(n-1) == 0 {
		return int(h & (n - 1)) // the same, without a division
	}
	return int(h % uint64(shards))
}

// arrival is an accepted span on the way to its shard.
type arrival struct {
	span callgraph.Span
	more int32 // index in the scratch's more, or -1
	next int32 // index of the next of the same shard, or -1
}

// deal hands arrivals to their shards, in order, with one lock per shard.
func (i *Ingester) deal(s *scratch, from, to int) {
	i.closing.waiting.Add(int64(to - from))
	for k := from; k < to; k++ {
		n := shardOf(s.arrivals[k].span.ID.Trace, len(i.shards))
		s.arrivals[k].next = -1
		if s.heads[n] < 0 {
			s.heads[n] = int32(k)
			s.touched = append(s.touched, n)
		} else {
			s.arrivals[s.tails[n]].next = int32(k)
		}
		s.tails[n] = int32(k)
	}
	for _, n := range s.touched {
		i.shards[n].add(s, s.heads[n])
		s.heads[n] = -1
	}
	s.touched = s.touched[:0]
}

// Locks are let go in deferred calls: a panic that the caller survives must not make
// the next batch wait for ever.

// add takes in the arrivals of the shard, of which first is the first.
func (sh *shard) add(s *scratch, first int32) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for k := first; k >= 0; k = s.arrivals[k].next {
		a := &s.arrivals[k]
		var more *callgraph.More
		if a.more >= 0 {
			more = &s.more[a.more]
		}
		sh.traces.Add(&a.span, more)
	}
}

// advance resolves the traces of the shard that are due by then.
func (sh *shard) advance(to int64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.traces.Advance(to)
}

// mark notes the names that the traces of the shard refer to.
func (sh *shard) mark(m *identity.Marks) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.traces.Mark(m)
}

// with calls f with the folder, which nobody else uses meanwhile.
func (f *folding) with(do func(*window.Folder)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do(f.folder)
}
