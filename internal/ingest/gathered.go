package ingest

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// gathered is what other processes tell of open windows, each on its own until
// the window closes: what several sources tell is added up in the order of their
// names, so that the order in which they come does not matter.
type gathered struct {
	mu      sync.Mutex // guards everything below
	bound   int64      // windows that end here or before are closed
	open    map[int64]map[string]*source
	sources *identity.Recent[string, struct{}] // nil: none is listened to
}

// source is what one source tells of one window.
type source struct {
	name string
	*window.Gathering
	known map[uint64]struct{} // pieces
}

// maxPieces bounds the pieces of one source and window. A thousand operations with as
// many calls, each of ten replicas, are 40,000.
const maxPieces = 1 << 20

func newGathered(sources int, forget int64) *gathered {
	g := &gathered{bound: never, open: make(map[int64]map[string]*source)}
	if sources > 0 {
		g.sources = identity.NewRecent[string, struct{}](sources, forget, cmp.Compare[string])
	}
	return g
}

// of returns what p is a new piece of, or says why it is not. The caller holds mu.
func (g *gathered) of(p *window.Piece, now int64) (*source, reason, bool) {
	if p.End <= g.bound {
		return nil, latePiece, false
	}
	name := strings.Clone(p.Source)
	if g.sources == nil || !g.sources.Touch(name, now) && !g.sources.Put(name, struct{}{}, now) {
		return nil, sourceLimit, false
	}
	sources := g.open[p.Start]
	if sources == nil {
		sources = make(map[string]*source)
		g.open[p.Start] = sources
	}
	s := sources[name]
	if s == nil {
		s = &source{name: name, Gathering: window.NewGathering(p.Start), known: make(map[uint64]struct{})}
		sources[name] = s
	}
	if _, known := s.known[p.ID]; known {
		return nil, duplicatePiece, false
	}
	if len(s.known) >= maxPieces {
		return nil, pieceLimit, false
	}
	s.known[p.ID] = struct{}{}
	return s, 0, true
}

// close removes and returns what is known of the windows of length size that end at
// or before bound, and refuses what comes for them later.
func (g *gathered) close(bound, size int64) map[int64]*window.Gathering {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bound = max(g.bound, bound)
	var out map[int64]*window.Gathering
	for start, sources := range g.open { // each window on its own
		if start+size > g.bound {
			continue
		}
		if out == nil {
			out = make(map[int64]*window.Gathering)
		}
		out[start] = gather(start, sources)
		delete(g.open, start)
	}
	return out
}

// gather adds up what sources tell, in the order of their names.
func gather(start int64, of map[string]*source) *window.Gathering {
	sources := make([]*source, 0, len(of))
	for _, s := range of { // sorted below
		sources = append(sources, s)
	}
	slices.SortFunc(sources, func(a, b *source) int { return strings.Compare(a.name, b.name) })
	all := window.NewGathering(start)
	for _, s := range sources {
		all.Add(s.Gathering)
	}
	return all
}
