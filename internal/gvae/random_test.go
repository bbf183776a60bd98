package gvae

import (
	"math"
	"math/rand/v2"
)

// randomSpec returns a small network of every shape that a real one may have: nodes
// with and without parents, terms, overlap, X and latents, latents without X.
func randomSpec(rng *rand.Rand) Spec {
	s := Spec{NX: 3 + rng.IntN(3), D: 1 + rng.IntN(3)}
	some := func(n int, p float64) (out []int) {
		for i := range n {
			if rng.Float64() < p {
				out = append(out, i)
			}
		}
		return out
	}
	latents, nodes := 1+rng.IntN(3), 3+rng.IntN(3)
	for range latents {
		s.Latents = append(s.Latents, Latent{X: some(s.NX, 0.4)})
	}
	for i := range nodes {
		n := Node{Parents: some(i, 0.6), X: some(s.NX, 0.4), Latents: some(latents, 0.6), Overlap: rng.IntN(s.NX+1) - 1}
		for _, p := range n.Parents {
			if rng.Float64() < 0.8 {
				n.Terms = append(n.Terms, Term{Parent: p, Calls: rng.IntN(s.NX+1) - 1, Overlap: (i+p)%(s.NX+1) - 1})
			}
		}
		s.Nodes = append(s.Nodes, n)
		for _, l := range n.Latents {
			s.Latents[l].Y = append(s.Latents[l].Y, i)
		}
	}
	return s
}

// randomData returns windows whose latencies move with their parents a little; a
// share of all values is missing.
func randomData(s *Spec, n int, missing float64, rng *rand.Rand) Data {
	d := Data{N: n, X: make([]float64, s.NX*n), Y: make([]float64, len(s.Nodes)*s.D*n)}
	for i := range d.X {
		d.X[i] = 0.3 * rng.NormFloat64()
	}
	for i := range s.Nodes {
		for q := range s.D {
			for w := range n {
				sum := math.Exp(-4 + 0.1*float64(q) + 0.2*rng.NormFloat64())
				for _, p := range s.Nodes[i].Parents {
					sum += math.Exp(d.Y[(p*s.D+q)*n+w])
				}
				d.Y[(i*s.D+q)*n+w] = math.Log(sum)
			}
		}
	}
	for _, v := range [][]float64{d.X, d.Y} {
		for i := range v {
			if rng.Float64() < missing {
				v[i] = math.NaN()
			}
		}
	}
	return d
}
