package ingest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// gathered is what other processes tell of open windows, each on its own until
// the window closes: what several sources tell is added up in the order of their
// names, so that the order in which they come does not matter.
//
// What they tell is bounded in bytes, from when it comes until the window is handed on.
// Where there is no room, whoever holds most is not heard on a window at all, and what it
// has said of it is let go: a share of which a part is missing would say something else,
// a share that is missing is one of a Collector that was killed. So all room may be used,
// and of n sources, whatever the others tell, one that holds no more than an n-th of the
// room is heard (longest queue drop, as switches with a shared memory have it).
type gathered struct {
	room int64 // bytes of all together

	mu      sync.Mutex // guards everything below
	bound   int64      // windows that end here or before are closed
	open    map[int64]map[string]*source
	sources *identity.Recent[string, struct{}] // nil: none is listened to
	held    int64                              // bytes of all
	tellers map[string]*teller                 // who holds any
}

// source is what one source tells of one window.
type source struct {
	name   string
	window *window.Gathering   // nil where it is not heard
	known  map[uint64]struct{} // pieces
	bytes  int64
}

// teller is one source: what it holds, and the open windows on which it is heard.
type teller struct {
	held  int64
	heard map[int64]*source
}

// Bytes that a source takes in a window before it says anything, and where it is not
// heard, and for each piece that is known, in a map that has grown to twice its size.
const (
	sourceBytes = 1024
	mutedBytes  = 256
	knownBytes  = 32
)

func newGathered(sources int, room, forget int64) *gathered {
	g := &gathered{room: room, bound: never, open: make(map[int64]map[string]*source), tellers: make(map[string]*teller)}
	if sources > 0 {
		g.sources = identity.NewRecent[string, struct{}](sources, forget, cmp.Compare[string])
	}
	return g
}

// of returns what p is a new piece of, or says why it is not, and how many pieces had to
// be let go for it. The caller holds mu.
func (g *gathered) of(p *window.Piece, now int64) (s *source, lost int, r reason, ok bool) {
	if p.End <= g.bound {
		return nil, 0, latePiece, false
	}
	if s = g.open[p.Start][p.Source]; s != nil {
		g.sources.Touch(p.Source, now)
	} else {
		name := strings.Clone(p.Source)
		if g.sources == nil || !g.sources.Touch(name, now) && !g.sources.Put(name, struct{}{}, now) {
			return nil, 0, sourceLimit, false
		}
		if lost = g.makeRoom(sourceBytes); g.held+sourceBytes > g.room {
			return nil, lost, pieceLimit, false
		}
		s = g.begin(p.Start, name)
	}
	if s.window == nil {
		return nil, lost, pieceLimit, false
	}
	if _, known := s.known[p.ID]; known {
		return nil, lost, duplicatePiece, false
	}
	s.known[p.ID] = struct{}{}
	return s, lost, 0, true
}

// begin begins what a source tells of a window.
func (g *gathered) begin(start int64, name string) *source {
	s := &source{name: name, window: window.NewGathering(start), known: make(map[uint64]struct{})}
	if g.open[start] == nil {
		g.open[start] = make(map[string]*source)
	}
	g.open[start][name] = s
	if g.tellers[name] == nil {
		g.tellers[name] = &teller{heard: make(map[int64]*source)}
	}
	g.tellers[name].heard[start] = s
	g.hold(s, sourceBytes)
	return s
}

// hold counts n bytes more, or less, of s.
func (g *gathered) hold(s *source, n int64) {
	s.bytes += n
	g.held += n
	g.tellers[s.name].held += n
}

// grew notes that s has grown by n bytes for a piece, and returns how many pieces had to
// be let go for it. Where s is not heard any more that one is among them. The caller
// holds mu.
func (g *gathered) grew(s *source, n int) (lost int) {
	g.hold(s, int64(n)+knownBytes)
	return g.makeRoom(0)
}

// makeRoom lets go of what it must for n bytes more, if that can be, and returns how many
// pieces those were.
func (g *gathered) makeRoom(n int64) (lost int) {
	for g.held+n > g.room {
		name, most := "", (*teller)(nil)
		for k, t := range g.tellers { // the maximum of a total order
			if len(t.heard) > 0 && (most == nil || t.held > most.held || t.held == most.held && k < name) {
				name, most = k, t
			}
		}
		if most == nil {
			return lost
		}
		lost += g.mute(most)
	}
	return lost
}

// mute lets go of the largest of what t tells of a window, the earliest among equals, and
// returns how many pieces that was.
func (g *gathered) mute(t *teller) int {
	var start int64
	var s *source
	for k, o := range t.heard { // the maximum of a total order
		if s == nil || o.bytes > s.bytes || o.bytes == s.bytes && k < start {
			start, s = k, o
		}
	}
	lost := len(s.known)
	delete(t.heard, start)
	s.window, s.known = nil, nil
	g.hold(s, mutedBytes-s.bytes)
	return lost
}

// gatheredWindow is what is known of a window that is closed.
type gatheredWindow struct {
	window *window.Gathering // nil: of nothing
	held   []*source         // by whom it is held until release
}

// close removes and returns what is known of the windows of length size that end at
// or before bound, and refuses what comes for them later.
func (g *gathered) close(bound, size int64) map[int64]*gatheredWindow {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.bound = max(g.bound, bound)
	var out map[int64]*gatheredWindow
	for start, sources := range g.open { // each window on its own
		if start+size > g.bound {
			continue
		}
		delete(g.open, start)
		w := g.gather(start, sources)
		if w.window == nil {
			g.let(w)
			continue
		}
		if out == nil {
			out = make(map[int64]*gatheredWindow)
		}
		out[start] = w
	}
	return out
}

// release gives back the memory of a window that was handed on. w may be nil.
func (g *gathered) release(w *gatheredWindow) {
	if w == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.let(w)
}

func (g *gathered) let(w *gatheredWindow) {
	for _, s := range w.held {
		g.hold(s, -s.bytes)
		if t := g.tellers[s.name]; t.held == 0 {
			delete(g.tellers, s.name)
		}
	}
	w.held = nil
}

// gather adds up what sources tell, in the order of their names. Where none is heard
// there is no window.
func (g *gathered) gather(start int64, of map[string]*source) *gatheredWindow {
	all := &gatheredWindow{held: slices.SortedFunc(maps.Values(of), func(a, b *source) int { return strings.Compare(a.name, b.name) })}
	for _, s := range all.held {
		if s.window == nil {
			continue
		}
		if all.window == nil {
			all.window = window.NewGathering(start)
		}
		all.window.Add(s.window)
		s.window, s.known = nil, nil
		delete(g.tellers[s.name].heard, start)
	}
	return all
}
