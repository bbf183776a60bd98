package rca

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/window"
)

// large is an incident of 30 services, about 100 latency nodes.
func large() Input {
	w := randomWorld(rand.New(rand.NewPCG(5, 5)), 30)
	return simulated(w, func(w *world) { w.own[op("s03")] += 0.5 }, 1)
}

// day is such an incident after 2,880 windows, a day of half minutes: those of an hour
// over and over again.
func day() Input {
	const rows = 2880
	w := randomWorld(rand.New(rand.NewPCG(5, 5)), 30)
	h := feature.NewHistory(simulatedWindow, rows+1, 5000)
	b := cbn.NewBuilder(50)
	rng := rand.New(rand.NewPCG(1, 99))
	var in Input
	var healthy []*window.Snapshot
	for i := range healthyWindows {
		healthy = append(healthy, simulate(w.jitter(rng), i, 1))
	}
	for i := range rows {
		s := *healthy[i%healthyWindows]
		s.Start, s.End = int64(i)*int64(simulatedWindow), int64(i+1)*int64(simulatedWindow)
		in.Graph = b.Update(feature.Structure(&s))
		h.Append(&s)
		h.SetHealth(i, feature.Healthy)
	}
	w.own[op("s03")] += 0.5
	in.Snapshot = simulate(w.jitter(rng), rows, 1)
	in.Graph = b.Update(feature.Structure(in.Snapshot))
	h.Append(in.Snapshot)
	h.SetHealth(rows, feature.Violated)
	in.History, in.Entry, in.Quantile, in.Onset = h, w.entry(), 0.99, in.Snapshot.Start
	in.Threshold = 1.5 * math.Exp(h.Baseline(entryKey(w.entry(), 2), in.Onset).Median)
	return in
}

func BenchmarkDiagnose_robust30Services(b *testing.B) {
	in := large()
	b.ReportAllocs()
	for b.Loop() {
		if v := Diagnose(in, Config{}); v.Abstained {
			b.Fatal(v.Reason)
		}
	}
}

func BenchmarkDiagnose_trained30Services(b *testing.B) {
	in := large()
	trained(b, &in, quick())
	b.ReportAllocs()
	for b.Loop() {
		if v := Diagnose(in, Config{}); v.Method != MethodGVAE {
			b.Fatal(v.Method, v.Reason)
		}
	}
}

func BenchmarkDiagnose_trained30ServicesDay(b *testing.B) {
	in := day()
	cfg := quick()
	cfg.Epochs /= 10 // of more steps each
	trained(b, &in, cfg)
	b.ReportAllocs()
	for b.Loop() {
		if v := Diagnose(in, Config{}); v.Method != MethodGVAE {
			b.Fatal(v.Method, v.Reason)
		}
	}
}
