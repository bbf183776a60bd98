package rca

import (
	"math/rand/v2"
	"testing"
)

// large is an incident of 30 services, about 100 latency nodes.
func large() Input {
	w := randomWorld(rand.New(rand.NewPCG(5, 5)), 30)
	return simulated(w, func(w *world) { w.own[op("s03")] += 0.5 }, 1)
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
