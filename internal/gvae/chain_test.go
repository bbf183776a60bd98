package gvae

import (
	"math"
	"math/rand/v2"
	"slices"
)

// chain is front > mid > back, simulated request by request: a request takes its
// own time, log-normal, and waits for one call. CPU utilisation makes a service
// slower, and something that no column shows does so too.
//
//	latents   front 0, mid 1, back 2, network front-mid 3, network mid-back 4
//	columns   per service load and CPU utilisation, per call the calls per request
type chain struct {
	own     [3]float64 // seconds, median; front, mid, back
	network [2]float64 // front-mid, mid-back
}

// Nodes of the chain, in topological order.
const (
	backServer = iota
	backNetwork
	backClient
	midServer
	midNetwork
	midClient
	frontServer
)

const (
	chainColumns  = 8
	chainRequests = 600 // per window
)

var chainQuantiles = [3]float64{0.5, 0.95, 0.99}

func healthyChain() chain {
	return chain{own: [3]float64{0.005, 0.010, 0.020}, network: [2]float64{0.001, 0.001}}
}

func chainSpec() Spec {
	x := func(service int) []int { return []int{2 * service, 2*service + 1} }
	return Spec{
		NX: chainColumns, D: 3,
		Latents: []Latent{
			{X: x(0), Y: []int{midClient, frontServer, midServer, midNetwork}},
			{X: x(1), Y: []int{backClient, midServer, backServer, backNetwork}},
			{X: x(2), Y: []int{backServer}},
			{X: []int{6}, Y: []int{midNetwork}},
			{X: []int{7}, Y: []int{backNetwork}},
		},
		Nodes: []Node{
			{X: x(2), Latents: []int{2}, Overlap: -1},
			{X: []int{7}, Latents: []int{4}, Overlap: -1},
			{Parents: []int{backServer, backNetwork}, X: x(1), Latents: []int{1}, Terms: []Term{{backServer, -1, -1}, {backNetwork, -1, -1}}, Overlap: -1},
			{Parents: []int{backClient}, X: []int{2, 3, 7}, Latents: []int{1}, Terms: []Term{{backClient, 7, -1}}, Overlap: -1},
			{X: []int{6}, Latents: []int{3}, Overlap: -1},
			{Parents: []int{midServer, midNetwork}, X: x(0), Latents: []int{0}, Terms: []Term{{midServer, -1, -1}, {midNetwork, -1, -1}}, Overlap: -1},
			{Parents: []int{midClient}, X: []int{0, 1, 6}, Latents: []int{0}, Terms: []Term{{midClient, 6, -1}}, Overlap: -1},
		},
	}
}

// ownNodes are the nodes whose residual is the channel's own doing.
var ownNodes = [][]int{{midClient, frontServer}, {backClient, midServer}, {backServer}, {midNetwork}, {backNetwork}}

// window simulates one window. Equal states of rng use equal numbers, so that two
// chains can be compared request by request.
func (c chain) window(rng *rand.Rand) (x, y []float64) {
	x = make([]float64, chainColumns)
	var own [3]float64
	load := 0.2 * rng.NormFloat64()
	for s := range own {
		cpu := 0.35 + 0.05*rng.NormFloat64() + 0.1*load
		x[2*s], x[2*s+1] = math.Log(20)+load+0.02*rng.NormFloat64(), cpu
		own[s] = c.own[s] * math.Exp(1.5*(cpu-0.35)+0.06*rng.NormFloat64())
	}
	x[6], x[7] = 0.001*rng.NormFloat64(), 0.001*rng.NormFloat64()
	network := c.network
	for i := range network {
		network[i] *= math.Exp(0.1 * rng.NormFloat64())
	}
	var seen [frontServer + 1][]float64
	for range chainRequests {
		draw := func(median, sigma float64) float64 { return median * math.Exp(sigma*rng.NormFloat64()) }
		var v [frontServer + 1]float64
		v[backServer] = draw(own[2], 0.4)
		v[backNetwork] = draw(network[1], 0.3)
		v[backClient] = v[backServer] + v[backNetwork]
		v[midServer] = v[backClient] + draw(own[1], 0.3)
		v[midNetwork] = draw(network[0], 0.3)
		v[midClient] = v[midServer] + v[midNetwork]
		v[frontServer] = v[midClient] + draw(own[0], 0.3)
		for i := range v {
			seen[i] = append(seen[i], v[i])
		}
	}
	for i := range seen {
		slices.Sort(seen[i])
		for _, q := range chainQuantiles {
			y = append(y, math.Log(quantile(seen[i], q)))
		}
	}
	return x, y
}

// windows simulates n windows of one chain each.
func windows(n int, rng *rand.Rand, c func(i int) chain) Data {
	s := chainSpec()
	d := Data{N: n, X: make([]float64, s.NX*n), Y: make([]float64, len(s.Nodes)*s.D*n)}
	for w := range n {
		x, y := c(w).window(rng)
		for i, v := range x {
			d.X[i*n+w] = v
		}
		for i, v := range y {
			d.Y[i*n+w] = v
		}
	}
	return d
}

// usualX is the median of each column.
func usualX(d *Data) []float64 {
	var out []float64
	for c := 0; c < len(d.X); c += d.N {
		v := slices.Sorted(slices.Values(d.X[c : c+d.N]))
		out = append(out, quantile(v, 0.5))
	}
	return out
}

// restore is the intervention that makes a channel normal.
func restore(usual []float64, channel int) Intervention {
	do := Intervention{X: map[int]float64{}, Latents: []int{channel}, Nodes: ownNodes[channel]}
	for _, c := range chainSpec().Latents[channel].X {
		do.X[c] = usual[c]
	}
	return do
}
