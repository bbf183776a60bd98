package feature

import (
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/gvae"
	"github.com/sage-rca/sage/internal/identity"
)

// Layout binds the numbers of a model to keys: column i of X is XKeys[i], node n
// of the model is Graph.Nodes[n], latent l is Graph.Channels[l].
//
// The columns of a service are its metrics, the load and the overlap of its
// RPCs; those of a network channel are its calls per parent request. A server
// node also sees the calls that are issued while serving. Errors are effects,
// not causes, of what makes a request slow, and are no columns.
type Layout struct {
	Graph *cbn.Graph
	XKeys []Key
	Spec  gvae.Spec
	// XOf holds for each channel its own columns of X.
	XOf [][]int
	// Fixed marks the columns of X that have not moved yet. They are ways of
	// calling, which decoders know how to add up before they have seen them move;
	// to networks they say nothing, and none of them sees them.
	Fixed []bool
}

// NewLayout lays out the columns of a model of g. A column is used where it is
// present in at least half of the recent rows in which its service (of a call:
// the caller) was seen, and is not constant over the history; of Calls and Overlap
// constant ones are used too (Fixed).
func NewLayout(g *cbn.Graph, h *History) *Layout {
	l := &Layout{Graph: g, XOf: make([][]int, len(g.Channels))}
	p := newPresence(h)
	for _, k := range h.Keys() {
		c := channelOf(g, k)
		if c < 0 {
			continue
		}
		if use, fixed := p.admits(k); use {
			l.add(c, k, fixed)
		}
	}
	l.wire()
	return l
}

// add adds a column of channel c.
func (l *Layout) add(c int, k Key, fixed bool) {
	l.XOf[c] = append(l.XOf[c], len(l.XKeys))
	l.XKeys = append(l.XKeys, k)
	l.Fixed = append(l.Fixed, fixed)
}

// admits reports whether a column is used, see NewLayout, and whether it is Fixed.
func (p *presence) admits(k Key) (use, fixed bool) {
	if !p.usable(k) {
		return false, false
	}
	fixed = !varies(p.h.columns[k].ring)
	return !fixed || k.Kind == Calls || k.Kind == Overlap, fixed
}

// channelOf returns the channel of g that a column belongs to, -1 where it is no
// cause.
func channelOf(g *cbn.Graph, k Key) int {
	switch k.Kind {
	case Metric:
		return g.ServiceChannel(k.Service)
	case Load, Overlap:
		if !k.Edge.Caller.IsZero() { // how a service calls is up to it
			if g.Called(k.Edge) {
				return g.ServiceChannel(k.Edge.Caller.Service)
			}
			return -1
		}
		if g.Index(cbn.Server(k.Edge.Callee)) >= 0 {
			return g.ServiceChannel(k.Edge.Callee.Service)
		}
	case Calls:
		if c := g.NetworkChannel(k.Edge); c >= 0 {
			return c
		}
		// A leaf, say, has no network channel: how often it is called is up to
		// the caller.
		if g.Called(k.Edge) {
			return g.ServiceChannel(k.Edge.Caller.Service)
		}
	case Latency, Errors, Exclusive: // effects
	}
	return -1
}

// wire fills in the spec.
func (l *Layout) wire() {
	g := l.Graph
	column := l.columns()
	find := func(k Key) int {
		if i, ok := column[k]; ok {
			return i
		}
		return -1
	}
	l.Spec = gvae.Spec{NX: len(l.XKeys), D: D, Latents: make([]gvae.Latent, len(g.Channels))}
	for i, n := range g.Nodes {
		node := gvae.Node{
			Parents: slices.Clone(g.Parents[i]),
			Latents: slices.Clone(g.ChannelsOf[i]),
			Overlap: -1,
		}
		for _, c := range g.ChannelsOf[i] {
			node.X = append(node.X, l.moving(l.XOf[c])...)
		}
		if n.Class == cbn.ServerNode {
			node.Overlap = find(Key{Kind: Overlap, Edge: n.Edge})
		}
		for _, p := range g.Parents[i] {
			t := gvae.Term{Parent: p, Calls: -1, Overlap: -1}
			if n.Class == cbn.ServerNode {
				e := identity.Edge{Caller: n.Edge.Callee, Callee: g.Nodes[p].Edge.Callee}
				t.Calls = find(Key{Kind: Calls, Edge: e})
				t.Overlap = find(Key{Kind: Overlap, Edge: e})
				if t.Calls >= 0 && !l.Fixed[t.Calls] {
					node.X = append(node.X, t.Calls)
				}
			}
			node.Terms = append(node.Terms, t)
		}
		slices.Sort(node.X)
		node.X = slices.Compact(node.X)
		l.Spec.Nodes = append(l.Spec.Nodes, node)
	}
	l.wireLatents()
}

// moving returns the columns that are not Fixed.
func (l *Layout) moving(columns []int) []int {
	var out []int
	for _, x := range columns {
		if !l.Fixed[x] {
			out = append(out, x)
		}
	}
	return out
}

// wireLatents gives each encoder the nodes that its channel touches, then their
// parents.
func (l *Layout) wireLatents() {
	for c := range l.Spec.Latents {
		lat := &l.Spec.Latents[c]
		lat.X = l.moving(l.XOf[c])
		for i, n := range l.Spec.Nodes {
			if slices.Contains(n.Latents, c) {
				lat.Y = append(lat.Y, i)
			}
		}
		for _, i := range slices.Clone(lat.Y) {
			for _, p := range l.Spec.Nodes[i].Parents {
				if !slices.Contains(lat.Y, p) {
					lat.Y = append(lat.Y, p)
				}
			}
		}
	}
}

// Row returns the raw values of one row: x of length Spec.NX, y of length
// len(Spec.Nodes)*D, NaN where missing.
func (l *Layout) Row(h Rows, row int) (x, y []float64) {
	x, y = make([]float64, len(l.XKeys)), make([]float64, len(l.Graph.Nodes)*D)
	for i, k := range l.XKeys {
		x[i] = h.Value(k, row)
	}
	for i, node := range l.Graph.Nodes {
		for q := range D {
			y[i*D+q] = h.Value(Key{Kind: Latency, Node: node, Quantile: q}, row)
		}
	}
	return x, y
}

// Rows are windows of columns: a History, or an Instead.
type Rows interface {
	// Value returns a value, NaN where it is missing.
	Value(k Key, row int) float64
}

// Data returns the raw values of rows, feature-major, in the order of rows.
func (l *Layout) Data(h *History, rows []int) gvae.Data {
	n := len(rows)
	d := gvae.Data{N: n, X: make([]float64, len(l.XKeys)*n), Y: make([]float64, len(l.Graph.Nodes)*D*n)}
	for i, k := range l.XKeys {
		fill(d.X[i*n:(i+1)*n], h, k, rows)
	}
	for i, node := range l.Graph.Nodes {
		for q := range D {
			at := (i*D + q) * n
			fill(d.Y[at:at+n], h, Key{Kind: Latency, Node: node, Quantile: q}, rows)
		}
	}
	return d
}

// View is Data whose columns are read from h when they are asked for: h must not change as
// long as the view is in use.
func (l *Layout) View(h *History, rows []int) gvae.Data {
	return gvae.Data{N: len(rows), Source: &view{layout: l, history: h, rows: rows}}
}

// view is a gvae.Source.
type view struct {
	layout  *Layout
	history *History
	rows    []int
}

func (v *view) X(dst []float64, c int) { fill(dst, v.history, v.layout.XKeys[c], v.rows) }

func (v *view) Y(dst []float64, c int) {
	fill(dst, v.history, Key{Kind: Latency, Node: v.layout.Graph.Nodes[c/D], Quantile: c % D}, v.rows)
}

func fill(dst []float64, h *History, k Key, rows []int) {
	c := h.columns[k]
	for j, row := range rows {
		if c == nil {
			dst[j] = math.NaN()
		} else {
			dst[j] = float64(c.ring[h.at(row)])
		}
	}
}
