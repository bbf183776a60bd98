package main

import (
	"math"
	"math/rand/v2"

	"github.com/sage-rca/sage/internal/gvae"
)

// tree is the model of an application of so many services, each of which calls two
// others: per service a latent with three columns and a server node, per call a
// latent with one column, a network and a client node. 30 services are 59 latents and
// 88 nodes of three quantiles.
func tree(services int) gvae.Spec {
	s := gvae.Spec{NX: 4*services - 1, D: 3, Latents: make([]gvae.Latent, 2*services-1)}
	columns := func(i int) []int { return []int{3 * i, 3*i + 1, 3*i + 2} }
	calls := func(i int) int { return 3*services + i - 1 } // of the call of service i
	client := make([]int, services)                        // node of the call of service i
	for i := services - 1; i >= 0; i-- {                   // leaves first, service 0 is the entry
		server := gvae.Node{X: columns(i), Latents: []int{i}, Overlap: -1}
		s.Latents[i].X = columns(i)
		for _, c := range []int{2*i + 1, 2*i + 2} {
			if c >= services {
				continue
			}
			server.Parents = append(server.Parents, client[c])
			server.Terms = append(server.Terms, gvae.Term{Parent: client[c], Calls: calls(c), Overlap: -1})
			server.X = append(server.X, calls(c))
			s.Latents[i].Y = append(s.Latents[i].Y, client[c])
		}
		at := len(s.Nodes)
		s.Latents[i].Y = append(s.Latents[i].Y, at)
		s.Nodes = append(s.Nodes, server)
		if i == 0 {
			break
		}
		network, caller := services+i-1, (i-1)/2
		s.Latents[network] = gvae.Latent{X: []int{calls(i)}, Y: []int{at + 1}}
		s.Nodes = append(s.Nodes,
			gvae.Node{X: []int{calls(i)}, Latents: []int{network}, Overlap: -1},
			gvae.Node{
				Parents: []int{at, at + 1}, X: columns(caller), Latents: []int{caller}, Overlap: -1,
				Terms: []gvae.Term{{Parent: at, Calls: -1, Overlap: -1}, {Parent: at + 1, Calls: -1, Overlap: -1}},
			})
		client[i] = at + 2
	}
	return s
}

// treeData returns windows in which latencies add up along the tree, X moves a
// little, and one value in a hundred is missing.
func treeData(s *gvae.Spec, n int) gvae.Data {
	r := rand.New(rand.NewPCG(1, 1))
	d := gvae.Data{N: n, X: make([]float64, s.NX*n), Y: make([]float64, len(s.Nodes)*s.D*n)}
	for i := range d.X {
		d.X[i] = 0.3 * r.NormFloat64()
	}
	for i, node := range s.Nodes {
		for q := range s.D {
			for w := range n {
				load := d.X[node.X[0]*n+w]
				sum := math.Exp(-4 + 0.1*float64(q) + 0.5*load + 0.1*r.NormFloat64())
				for _, t := range node.Terms {
					times := 0.0
					if t.Calls >= 0 {
						times = d.X[t.Calls*n+w]
					}
					sum += math.Exp(times + d.Y[(t.Parent*s.D+q)*n+w])
				}
				d.Y[(i*s.D+q)*n+w] = math.Log(sum)
			}
		}
	}
	for _, v := range [][]float64{d.X, d.Y} {
		for i := range v {
			if r.Float64() < 0.01 {
				v[i] = math.NaN()
			}
		}
	}
	return d
}
