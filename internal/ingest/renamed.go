package ingest

import "math/bits"

// madeSlots are attributes of which names are made that may hold identifiers, against
// the conventions: queues for one reply, tables for one query. Routes and templates are
// what they are by convention.
var madeSlots = slotsOf(rpcMethod, dbOperation, dbOperationOld, dbCollection, dbCollectionOld, dbSummary, msgDestination, msgDestinationOld)

// templates replaces the identifiers in the attributes of which names are made, and in
// a span's name, and reports whether there were any. Names that are all different so need
// one place in whatever is kept by name, not one each.
func (in *interner) templates(a *attributes, naming slots, name *string) (changed bool) {
	for left := naming & madeSlots; left != 0; left &= left - 1 {
		if in.template(&a.values[bits.TrailingZeros64(uint64(left))]) {
			changed = true
		}
	}
	return in.template(name) || changed
}

// template replaces the identifiers in a name and reports whether there were any. It
// allocates only where the template is new.
func (in *interner) template(name *string) (changed bool) {
	if !mayIdentify(*name) {
		return false
	}
	if _, ok := in.known[*name]; ok {
		return false
	}
	in.buffer = appendTemplate(in.buffer[:0], *name)
	if string(in.buffer) == *name {
		return false
	}
	t, ok := in.known[string(in.buffer)]
	if !ok {
		if in.known == nil || len(in.known) >= maxInterned {
			in.known = make(map[string]string)
		}
		t = string(in.buffer)
		in.known[t] = t
	}
	*name = t
	return true
}
