package identity

import "sync"

// Numbers stand for keys: where millions of spans wait, a number takes a tenth
// of the room of a key, compares in one instruction, and is nothing that a garbage
// collector follows. Zero stands for the zero key.

// ServiceNo is the number of a Service in a Names.
type ServiceNo int32

// RPCNo is the number of an RPC in a Names.
type RPCNo int32

// ReplicaNo is the number of a Replica in a Names.
type ReplicaNo int32

// Replica is a replica of a service at a version, on a host; "" where nobody says.
type Replica struct {
	Instance Instance
	Version  string
	Host     string
}

// Names gives numbers to keys. Equal keys have equal numbers, until a Sweep in
// which a number is not in use. It is safe for concurrent use.
type Names struct {
	services numbering[Service]
	rpcs     numbering[RPC]
	replicas numbering[Replica]
}

// NewNames returns a Names that knows the zero keys only.
func NewNames() *Names {
	n := &Names{}
	n.services.init()
	n.rpcs.init()
	n.replicas.init()
	return n
}

// ServiceNo returns the number of s, whose strings it keeps.
func (n *Names) ServiceNo(s Service) ServiceNo { return ServiceNo(n.services.number(s)) }

// RPCNo returns the number of r, whose strings it keeps.
func (n *Names) RPCNo(r RPC) RPCNo { return RPCNo(n.rpcs.number(r)) }

// ReplicaNo returns the number of r, whose strings it keeps.
func (n *Names) ReplicaNo(r Replica) ReplicaNo { return ReplicaNo(n.replicas.number(r)) }

// Service returns what has the number no.
func (n *Names) Service(no ServiceNo) Service { return n.services.key(int32(no)) }

// RPC returns what has the number no.
func (n *Names) RPC(no RPCNo) RPC { return n.rpcs.key(int32(no)) }

// Replica returns what has the number no.
func (n *Names) Replica(no ReplicaNo) Replica { return n.replicas.key(int32(no)) }

// Len returns how many keys have a number, the zero keys included.
func (n *Names) Len() int { return n.services.len() + n.rpcs.len() + n.replicas.len() }

// Sweep takes back the numbers that mark does not name as in use, to give them
// to other keys. Nobody may ask for a number, or hold one that is not marked,
// meanwhile.
func (n *Names) Sweep(mark func(*Marks)) {
	m := Marks{
		services: n.services.marks(),
		rpcs:     n.rpcs.marks(),
		replicas: n.replicas.marks(),
	}
	mark(&m)
	n.services.sweep(m.services)
	n.rpcs.sweep(m.rpcs)
	n.replicas.sweep(m.replicas)
}

// Marks are the numbers in use.
type Marks struct{ services, rpcs, replicas []bool }

// Service notes that no is in use.
func (m *Marks) Service(no ServiceNo) { m.services[no] = true }

// RPC notes that no is in use.
func (m *Marks) RPC(no RPCNo) { m.rpcs[no] = true }

// Replica notes that no is in use.
func (m *Marks) Replica(no ReplicaNo) { m.replicas[no] = true }

// numbering gives numbers to keys of one type.
type numbering[K comparable] struct {
	mu      sync.RWMutex // guards everything below
	numbers map[K]int32
	keys    []K // by number
	free    []int32
}

func (n *numbering[K]) init() {
	var zero K
	n.numbers = map[K]int32{zero: 0}
	n.keys = append(n.keys, zero)
}

func (n *numbering[K]) number(k K) int32 {
	n.mu.RLock()
	no, ok := n.numbers[k]
	n.mu.RUnlock()
	if ok {
		return no
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if no, ok := n.numbers[k]; ok {
		return no
	}
	if last := len(n.free) - 1; last >= 0 {
		no, n.free = n.free[last], n.free[:last]
		n.keys[no] = k
	} else {
		no = int32(len(n.keys))
		n.keys = append(n.keys, k)
	}
	n.numbers[k] = no
	return no
}

func (n *numbering[K]) key(no int32) K {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.keys[no]
}

func (n *numbering[K]) len() int {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return len(n.numbers)
}

func (n *numbering[K]) marks() []bool { return make([]bool, len(n.keys)) }

// sweep takes back numbers in descending order of what number gives away next:
// the least first, so that the same calls give the same numbers.
func (n *numbering[K]) sweep(used []bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var zero K
	n.free = n.free[:0]
	for no := len(n.keys) - 1; no > 0; no-- {
		if used[no] {
			continue
		}
		if k := n.keys[no]; n.numbers[k] == int32(no) {
			delete(n.numbers, k)
		}
		n.keys[no] = zero
		n.free = append(n.free, int32(no))
	}
}
