package window

import "github.com/sage-rca/sage/internal/identity"

// Piece is the part of a Share that arrives in one: what one source says of the whole
// window, of one RPC, one edge or one replica. Exactly one of these is set.
type Piece struct {
	Source     string // a process and its run: it never says the same piece twice
	Start, End int64  // of the window, ns since 1970
	// ID tells pieces of one source and window apart.
	ID      uint64
	Sampled *Sampled
	RPC     *RPCShare
	Edge    *EdgeShare
	Replica *ReplicaShare
}

// ReplicaShare is what a source has learned about a replica from the resource of its
// spans: by what metrics find it.
type ReplicaShare struct {
	Instance   identity.Instance
	Attributes []Attribute // sorted by key
}

// Attribute is one attribute of a resource, a number in decimal.
type Attribute struct{ Key, Value string }
