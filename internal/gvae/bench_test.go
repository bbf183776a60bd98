package gvae

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/nn"
)

// treeSpec is an application of so many services, each of which calls two others:
// per service a latent with three columns and a server node, per call a latent with
// one column, a network and a client node.
func treeSpec(services int) Spec {
	s := Spec{NX: 4*services - 1, D: 3, Latents: make([]Latent, 2*services-1)}
	x := func(i int) []int { return []int{3 * i, 3*i + 1, 3*i + 2} }
	calls := func(i int) int { return 3*services + i - 1 } // of the call of service i
	client := make([]int, services)
	for i := services - 1; i >= 0; i-- { // leaves first, service 0 is the entry
		node := Node{X: x(i), Latents: []int{i}, Overlap: -1}
		s.Latents[i].X = x(i)
		for _, c := range []int{2*i + 1, 2*i + 2} {
			if c >= services {
				continue
			}
			node.Parents = append(node.Parents, client[c])
			node.Terms = append(node.Terms, Term{Parent: client[c], Calls: calls(c), Overlap: -1})
			node.X = append(node.X, calls(c))
			s.Latents[i].Y = append(s.Latents[i].Y, client[c])
		}
		s.Nodes = append(s.Nodes, node)
		server := len(s.Nodes) - 1
		s.Latents[i].Y = append(s.Latents[i].Y, server)
		if i == 0 {
			break
		}
		network := services + i - 1
		s.Latents[network] = Latent{X: []int{calls(i)}, Y: []int{server + 1}}
		s.Nodes = append(s.Nodes, Node{X: []int{calls(i)}, Latents: []int{network}, Overlap: -1})
		client[i] = server + 2
		caller := (i - 1) / 2
		s.Nodes = append(s.Nodes, Node{
			Parents: []int{server, server + 1}, X: x(caller), Latents: []int{caller}, Overlap: -1,
			Terms: []Term{{server, -1, -1}, {server + 1, -1, -1}},
		})
	}
	return s
}

// One step of training, in the reader's unit: 30 services are 59 latents and 88
// nodes.
func BenchmarkStep(b *testing.B) {
	for _, structured := range []bool{false, true} {
		for _, batch := range []int{64, 256} {
			b.Run(fmt.Sprintf("structured=%v/batch=%d", structured, batch), func(b *testing.B) {
				step[float32](b, 30, 300, Config{Structured: structured, Batch: batch})
			})
		}
	}
	b.Run("float64/batch=256", func(b *testing.B) { step[float64](b, 30, 300, Config{Structured: true, Batch: 256}) })
}

// How a step grows with the application, of some windows and of a day.
func BenchmarkStep_scale(b *testing.B) {
	for _, windows := range []int{300, 2880} {
		for _, services := range []int{16, 64, 256, 1024} {
			b.Run(fmt.Sprintf("windows=%d/services=%d", windows, services), func(b *testing.B) {
				step[float32](b, services, windows, DefaultConfig())
			})
		}
	}
}

func step[F nn.Float](b *testing.B, services, windows int, cfg Config) {
	spec := treeSpec(services)
	data := randomData(&spec, windows, 0.01, rand.New(rand.NewPCG(1, 1)))
	tr, _, err := newTrainer[F](spec, &data, cfg.withDefaults(), nil)
	require.NoError(b, err)
	order := rand.New(rand.NewPCG(1, 2)).Perm(windows)[:tr.batch]
	var busy time.Duration
	b.ReportAllocs()
	for b.Loop() {
		_, spent, _ := tr.step(order)
		busy += spent
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e3/float64(b.N), "ms/step")
	b.ReportMetric(busy.Seconds()*1e3/float64(b.N), "busy-ms/step")
}

// A whole training of 30 services from 300 windows with the defaults.
func BenchmarkTrain(b *testing.B) {
	spec := treeSpec(30)
	data := randomData(&spec, 300, 0.01, rand.New(rand.NewPCG(1, 1)))
	var report Report
	for b.Loop() {
		var err error
		_, report, err = Train(context.Background(), spec, data, DefaultConfig(), nil)
		require.NoError(b, err)
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/training")
	b.ReportMetric(float64(report.Epochs), "epochs")
}

// One question of a verdict: a service of the middle restored, 64 samples. What it costs
// goes with what descends from the service, not with the application.
func BenchmarkCounterfactual(b *testing.B) {
	for _, services := range []int{30, 1024} {
		b.Run(fmt.Sprint(services), func(b *testing.B) {
			m, x, y := untrained(b, treeSpec(services))
			e := m.Abduct(x, y)
			do := Intervention{X: map[int]float64{9: 0, 10: 0, 11: 0}, Latents: []int{3}, Nodes: []int{len(m.spec.Nodes) - 4}}
			b.ReportAllocs()
			for b.Loop() {
				e.Counterfactual(do, len(m.spec.Nodes)-1, 64, rand.NewPCG(1, 1))
			}
		})
	}
}

func BenchmarkAbduct(b *testing.B) {
	for _, services := range []int{30, 1024} {
		b.Run(fmt.Sprint(services), func(b *testing.B) {
			m, x, y := untrained(b, treeSpec(services))
			b.ReportAllocs()
			for b.Loop() {
				m.Abduct(x, y)
			}
		})
	}
}

// untrained returns a model at its initial parameters and a window.
func untrained(tb testing.TB, spec Spec) (m *Model, x, y []float64) {
	tb.Helper()
	data := randomData(&spec, 100, 0.01, rand.New(rand.NewPCG(1, 1)))
	tr, _, err := newTrainer[float32](spec, &data, DefaultConfig(), nil)
	require.NoError(tb, err)
	require.NoError(tb, tr.measure())
	return tr.model, windowOf(data.X, data.N, 3), windowOf(data.Y, data.N, 3)
}

// windowOf returns column w of a matrix with n columns.
func windowOf(m []float64, n, w int) (out []float64) {
	for i := w; i < len(m); i += n {
		out = append(out, m[i])
	}
	return out
}
