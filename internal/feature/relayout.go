package feature

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/gvae"
)

// Changes are parts of a system that behave otherwise than they did.
type Changes struct {
	Nodes    []cbn.Node
	Channels []cbn.Channel
}

// Add adds a node of g, and the channel whose doing it is: where a service serves
// otherwise than it did it was replaced, with its metrics and all that it does, and
// so is a link, or a leaf of which only its callers tell. What a client sees beyond
// its server and network is up to this one call.
func (c *Changes) Add(g *cbn.Graph, n cbn.Node) {
	c.Nodes = append(c.Nodes, n)
	channel := cbn.Channel{Service: n.Edge.Callee.Service}
	switch n.Class {
	case cbn.ServerNode:
	case cbn.NetworkNode, cbn.QueueNode:
		channel = cbn.Channel{Edge: n.Edge}
	case cbn.ClientNode:
		if g.Index(cbn.Server(n.Edge.Callee)) >= 0 {
			return
		}
	}
	if !slices.Contains(c.Channels, channel) {
		c.Channels = append(c.Channels, channel)
	}
}

// Relayout lays out the columns of a model of g that takes over what it can from a
// model of prev. A channel that was there and is not among the changes keeps the
// columns that it had, whatever h says, and gets further ones for calls that are new
// only; all other columns are chosen as by NewLayout. h should hold windows since
// the change.
func Relayout(prev *Layout, g *cbn.Graph, h *History, changes Changes) *Layout {
	l := &Layout{Graph: g, XOf: make([][]int, len(g.Channels))}
	had := prev.columns()
	p := newPresence(h)
	for _, k := range union(prev.XKeys, h.Keys()) {
		c := channelOf(g, k)
		if c < 0 {
			continue
		}
		var use, fixed bool
		if prev.keeps(k, g.Channels[c], changes) {
			var at int
			if at, use = had[k]; use {
				fixed = prev.Fixed[at]
			}
		} else {
			use, fixed = p.admits(k)
		}
		if use {
			l.add(c, k, fixed)
		}
	}
	l.wire()
	return l
}

// keeps reports whether l has decided about a column: whether it is one of a channel
// that was there and is as it was.
func (l *Layout) keeps(k Key, c cbn.Channel, changes Changes) bool {
	was := channelOf(l.Graph, k)
	return was >= 0 && l.Graph.Channels[was] == c && !slices.Contains(changes.Channels, c)
}

// union merges sorted keys.
func union(a, b []Key) []Key {
	out := slices.Concat(a, b)
	slices.SortFunc(out, Key.Compare)
	return slices.Compact(out)
}

// columns returns the columns by key.
func (l *Layout) columns() map[Key]int {
	out := make(map[Key]int, len(l.XKeys))
	for i, k := range l.XKeys {
		out[k] = i
	}
	return out
}

// Origin says where the columns, nodes and latents of l were in prev, by their keys,
// and which have changed. A column that was not to be seen by networks in one of the
// two layouts (Fixed) is the same column; the specs tell who reads it.
func (l *Layout) Origin(prev *Layout, changes Changes) gvae.Origin {
	o := gvae.Origin{
		X: make([]int, len(l.XKeys)), Nodes: make([]int, len(l.Graph.Nodes)), Latents: make([]int, len(l.Graph.Channels)),
		ChangedNodes: make([]bool, len(l.Graph.Nodes)), ChangedLatents: make([]bool, len(l.Graph.Channels)),
	}
	had := prev.columns()
	for i, k := range l.XKeys {
		if at, ok := had[k]; ok {
			o.X[i] = at
		} else {
			o.X[i] = -1
		}
	}
	for i, n := range l.Graph.Nodes {
		o.Nodes[i] = prev.Graph.Index(n)
		o.ChangedNodes[i] = slices.Contains(changes.Nodes, n)
	}
	for i, c := range l.Graph.Channels {
		if c.IsNetwork() {
			o.Latents[i] = prev.Graph.NetworkChannel(c.Edge)
		} else {
			o.Latents[i] = prev.Graph.ServiceChannel(c.Service)
		}
		o.ChangedLatents[i] = slices.Contains(changes.Channels, c)
	}
	return o
}

// Since returns a copy of the rows that start at or after a time, with the columns
// that hold any value in them.
func (h *History) Since(start int64) *History {
	first := 0
	for first < h.length && h.Start(first) < start {
		first++
	}
	out := NewHistory(h.window, max(1, h.length-first), h.maxColumns)
	for row := first; row < h.length; row++ {
		i := out.push()
		out.starts[i], out.health[i] = h.Start(row), h.Health(row)
	}
	for k, c := range h.columns { // into a map: any order gives it
		to := &column{ring: missing(len(out.starts))}
		for row := range out.length {
			if v := c.ring[h.at(first+row)]; v == v {
				to.ring[out.at(row)] = v
				to.present++
			}
		}
		if to.present > 0 {
			out.columns[k] = to
		}
	}
	return out
}
