package gvae

import (
	"errors"
	"fmt"
	"slices"
)

// Spec is the wiring of a model. Indices are positions in the columns of X,
// in Latents and in Nodes. It must not be changed once a model uses it.
type Spec struct {
	// NX is the number of columns of X.
	NX int
	// D is the number of latency quantiles per node. Y of node n, quantile d is
	// column n*D+d.
	D int
	// Latents are the channels.
	Latents []Latent
	// Nodes are in topological order: parents before children.
	Nodes []Node
}

// Latent is one latent variable Z, one per service and per network channel.
type Latent struct {
	X []int // columns of X that the prior and the encoder see
	Y []int // nodes that the encoder may see: those touched, then their parents
}

// Node is one latency node.
type Node struct {
	Parents []int // latency nodes that cause it, all of smaller index
	X       []int // columns of X that cause it
	Latents []int // latents that cause it
	// Terms describe how parents add up, for the structured decoder; they are
	// a subset of Parents. Without terms a node has no skip path.
	Terms []Term
	// Overlap is the column of X that holds log(union/sum) of the calls made while
	// serving (0 when sequential, negative when parallel), -1 where there is none.
	Overlap int
}

// Term is one addend of the structured decoder: calls x child latency.
type Term struct {
	Parent int // node index
	Calls  int // column of X with log(calls per parent request), -1: exactly one
	// Overlap is the column of X with log(share/within) of the calls of a request to
	// this child (0 when sequential, negative when parallel), -1 where there is none.
	Overlap int
}

// Scale standardises columns: (v - Center) / Spread. Latencies are log seconds.
type Scale struct {
	Center []float64
	Spread []float64 // positive
}

// maxQuantiles bounds D, against specs that are not meant seriously.
const maxQuantiles = 64

// validate reports everything that is wrong with a spec.
func (s *Spec) validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if s.NX < 0 {
		bad("%d columns of X", s.NX)
	}
	if s.D < 1 || s.D > maxQuantiles {
		bad("%d quantiles per node, want 1 to %d", s.D, maxQuantiles)
	}
	if len(s.Nodes) == 0 {
		bad("no nodes")
	}
	within := func(what string, i int, indices []int, limit int) {
		for _, v := range indices {
			if v < 0 || v >= limit {
				bad("%s %d refers to %d of %d", what, i, v, limit)
			}
		}
	}
	for i, l := range s.Latents {
		within("X of latent", i, l.X, s.NX)
		within("Y of latent", i, l.Y, len(s.Nodes))
	}
	for i, n := range s.Nodes {
		within("X of node", i, n.X, s.NX)
		within("latents of node", i, n.Latents, len(s.Latents))
		within("parents of node", i, n.Parents, i) // smaller index: topological order
		if n.Overlap < -1 || n.Overlap >= s.NX {
			bad("overlap of node %d refers to column %d of %d", i, n.Overlap, s.NX)
		}
		for _, t := range n.Terms {
			if !slices.Contains(n.Parents, t.Parent) {
				bad("node %d adds up node %d, which is no parent", i, t.Parent)
			}
			if t.Calls < -1 || t.Calls >= s.NX {
				bad("calls of node %d refer to column %d of %d", i, t.Calls, s.NX)
			}
			if t.Overlap < -1 || t.Overlap >= s.NX {
				bad("overlap of a term of node %d refers to column %d of %d", i, t.Overlap, s.NX)
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("gvae: spec: %w", err)
	}
	return nil
}

// equal reports whether s and o wire the same model.
func (s *Spec) equal(o *Spec) bool {
	return s.NX == o.NX && s.D == o.D &&
		slices.EqualFunc(s.Latents, o.Latents, func(a, b Latent) bool {
			return slices.Equal(a.X, b.X) && slices.Equal(a.Y, b.Y)
		}) &&
		slices.EqualFunc(s.Nodes, o.Nodes, func(a, b Node) bool {
			return slices.Equal(a.Parents, b.Parents) && slices.Equal(a.X, b.X) && slices.Equal(a.Latents, b.Latents) &&
				slices.Equal(a.Terms, b.Terms) && a.Overlap == b.Overlap
		})
}
