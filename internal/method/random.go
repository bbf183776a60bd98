package method

import (
	"hash/fnv"
	"math/rand/v2"

	"github.com/sage-rca/sage/internal/rca"
)

// Random ranks all services with a path to the entry in a random order, uniform
// over orders, and blames the first: what a table must show to be worth reading.
type Random struct {
	// Seed, the entry and the start of the window determine the order.
	Seed uint64
}

// Name implements Method.
func (Random) Name() string { return "random" }

// Diagnose implements Method.
func (r Random) Diagnose(in rca.Input) Answer {
	s, _, reason := open(in)
	if s == nil {
		return abstain(reason)
	}
	h := fnv.New64a()
	h.Write([]byte(in.Entry.Service.Namespace))
	h.Write([]byte(in.Entry.Service.Name))
	h.Write([]byte(in.Entry.Operation))
	rng := rand.New(rand.NewPCG(r.Seed^h.Sum64(), uint64(in.Snapshot.Start)))
	n := len(s.services)
	out := make([]Candidate, 0, n)
	for rank, i := range rng.Perm(n) {
		out = append(out, Candidate{Service: s.services[i], Score: float64(n-rank) / float64(n)})
	}
	return first(out)
}
