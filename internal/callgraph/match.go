package callgraph

// match finds for each call who answered. Of several spans below one call the
// first by start is its answer (the least id among equals); the others are
// calls of their own that no client span is known of.
func (f *fragment) match() {
	for i := range int32(len(f.nodes)) {
		n := &f.nodes[i]
		if c := n.call; c != none && n.span.kind == Producer {
			f.nodes[c].async = true
		}
		c := f.above(i)
		if c == none {
			continue
		}
		switch call := &f.nodes[c]; {
		case n.span.kind == Consumer:
			call.async = true
			f.nodes[n.parent].feeds = true
		case n.serves:
			call.server = f.earlier(call.server, i)
		case n.leaf:
			call.named = f.earlier(call.named, i)
		}
	}
}

// earlier returns the node that starts first, a (which may be none) of equals.
func (f *fragment) earlier(a, b int32) int32 {
	if a == none || f.nodes[b].span.start < f.nodes[a].span.start {
		return b
	}
	return a
}

// answers reports whether node i is the answer that its call was matched with.
func (f *fragment) answers(i int32) bool {
	c := f.above(i)
	if c == none {
		return false
	}
	call := &f.nodes[c]
	return call.server == i || call.server == none && call.named == i
}
