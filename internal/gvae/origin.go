package gvae

import (
	"errors"
	"fmt"
	"slices"
)

// Origin says what a spec has from that of the model before.
type Origin struct {
	// X, Nodes and Latents hold for each column, node and latent of the new spec its
	// index in the one before, -1: it is new. No index appears twice in one of them.
	X, Nodes, Latents []int
	// ChangedNodes and ChangedLatents, where not nil, mark those that behave
	// otherwise than they did, whether or not their inputs are the same.
	ChangedNodes, ChangedLatents []bool
}

// validate reports everything that is wrong with an origin of spec in prev.
func (o *Origin) validate(spec, prev *Spec) error {
	var errs []error
	within := func(what string, at []int, n, limit int) {
		if len(at) != n {
			errs = append(errs, fmt.Errorf("%d %s of %d", len(at), what, n))
		}
		seen := make([]bool, limit)
		for _, v := range at {
			switch {
			case v < -1 || v >= limit:
				errs = append(errs, fmt.Errorf("%s %d of %d", what, v, limit))
			case v >= 0 && seen[v]:
				errs = append(errs, fmt.Errorf("%s %d twice", what, v))
			case v >= 0:
				seen[v] = true
			}
		}
	}
	within("columns of X", o.X, spec.NX, prev.NX)
	within("nodes", o.Nodes, len(spec.Nodes), len(prev.Nodes))
	within("latents", o.Latents, len(spec.Latents), len(prev.Latents))
	if o.ChangedNodes != nil && len(o.ChangedNodes) != len(spec.Nodes) || o.ChangedLatents != nil && len(o.ChangedLatents) != len(spec.Latents) {
		errs = append(errs, errors.New("marks of changes that do not fit"))
	}
	if spec.D != prev.D {
		errs = append(errs, fmt.Errorf("%d quantiles per node, were %d", spec.D, prev.D))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("gvae: origin: %w", err)
	}
	return nil
}

// learn says which latents and nodes of spec are to be learned.
//
// A latent is where it is new, has changed, or is told of by other columns of X
// than it was. What its encoder sees of latencies may have lost or gained nodes:
// without one it knows less, and one more says nothing to it yet. A node is where it
// is new, has changed, has other inputs than it had, or touches a latent that is
// learned, since what the latent means is up to those that learn it together.
func (o *Origin) learn(spec, prev *Spec) (latents, nodes []bool) {
	latents, nodes = make([]bool, len(spec.Latents)), make([]bool, len(spec.Nodes))
	for l := range latents {
		k := o.Latents[l]
		latents[l] = k < 0 || o.ChangedLatents != nil && o.ChangedLatents[l] ||
			!sameSet(spec.Latents[l].X, o.X, prev.Latents[k].X)
	}
	for n := range nodes {
		k := o.Nodes[n]
		nodes[n] = k < 0 || o.ChangedNodes != nil && o.ChangedNodes[n] || !o.sameInputs(&spec.Nodes[n], &prev.Nodes[k])
		for _, l := range spec.Nodes[n].Latents {
			nodes[n] = nodes[n] || latents[l]
		}
	}
	return latents, nodes
}

// Learned returns the nodes that Retrain would learn: the cost of it goes with their
// share of all. It is an error where o is no origin of spec in prev.
func (o *Origin) Learned(spec, prev *Spec) ([]int, error) {
	if err := o.validate(spec, prev); err != nil {
		return nil, err
	}
	_, nodes := o.learn(spec, prev)
	_, of := number(nodes)
	return of, nil
}

// sameInputs reports whether a node has just the inputs that it had as was.
func (o *Origin) sameInputs(n, was *Node) bool {
	if !sameSet(n.Parents, o.Nodes, was.Parents) || !sameSet(n.X, o.X, was.X) || !sameSet(n.Latents, o.Latents, was.Latents) ||
		at(o.X, n.Overlap) != was.Overlap || len(n.Terms) != len(was.Terms) {
		return false
	}
	for _, t := range n.Terms {
		if !slices.Contains(was.Terms, Term{Parent: o.Nodes[t.Parent], Calls: at(o.X, t.Calls), Overlap: at(o.X, t.Overlap)}) {
			return false
		}
	}
	return true
}

// missing is no index.
const missing = -2

// at returns where index i was; what there is no i of (-1) was not there either, and
// what is new was nowhere.
func at(origin []int, i int) int {
	if i < 0 {
		return i
	}
	if origin[i] < 0 {
		return missing
	}
	return origin[i]
}

// sameSet reports whether indices, where they were, are just those of was.
func sameSet(indices, origin, was []int) bool {
	if len(indices) != len(was) {
		return false
	}
	for _, i := range indices {
		if !slices.Contains(was, at(origin, i)) {
			return false
		}
	}
	return true
}
