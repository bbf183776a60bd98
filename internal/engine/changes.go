package engine

import (
	"slices"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/gvae"
)

// renewal says since when a node, or a channel where there is no node, is what it is.
type renewal struct {
	Node    cbn.Node
	Channel cbn.Channel
	Since   int64 // event time, ns
}

// changeLog are changes that a model has learned, each node and channel once. A
// training of the whole model needs to know: before and after a redeploy a service is
// two different ones, and windows from before teach only how others do.
type changeLog []renewal

// add returns the log with changes that are as they are since a time.
func (c changeLog) add(changes feature.Changes, since int64) changeLog {
	out := slices.Clone(c)
	put := func(n renewal) {
		n.Since = since
		for i := range out {
			if out[i].Node == n.Node && out[i].Channel == n.Channel {
				out[i] = n
				return
			}
		}
		out = append(out, n)
	}
	for _, n := range changes.Nodes {
		put(renewal{Node: n})
	}
	for _, ch := range changes.Channels {
		put(renewal{Channel: ch})
	}
	return out
}

// last returns when the latest change was, 0 where there is none.
func (c changeLog) last() int64 {
	out := int64(0)
	for _, v := range c {
		out = max(out, v.Since)
	}
	return out
}

// within returns the changes that lie within a history.
func (c changeLog) within(h *feature.History) changeLog {
	var out changeLog
	for _, v := range c {
		if h.Len() > 0 && v.Since > h.Start(0) {
			out = append(out, v)
		}
	}
	return out
}

// mark marks in the windows of a history what is not to be learned from: latencies of
// nodes that have changed since, which then are causes of others alone, and all
// metrics of channels that have.
func (c changeLog) mark(data *gvae.Data, l *feature.Layout, h *feature.History) {
	if len(c) == 0 {
		return
	}
	data.Since, data.SinceX = make([]int, len(l.Graph.Nodes)), make([]int, len(l.XKeys))
	for _, v := range c {
		first := 0
		for first < h.Len() && h.Start(first) < v.Since {
			first++
		}
		if i := l.Graph.Index(v.Node); i >= 0 {
			data.Since[i] = first
			continue
		}
		at := l.Graph.ServiceChannel(v.Channel.Service)
		if v.Channel.IsNetwork() {
			at = l.Graph.NetworkChannel(v.Channel.Edge)
		}
		if at < 0 {
			continue
		}
		for _, x := range l.XOf[at] {
			data.SinceX[x] = max(data.SinceX[x], first)
		}
	}
}

// learned returns the model with its layout.
func (f *fitted) learned() Learned { return Learned{Layout: f.layout, Model: f.model} }
