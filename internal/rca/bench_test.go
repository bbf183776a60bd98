package rca

import (
	"math/rand/v2"
	"testing"
)

func BenchmarkDiagnose_robust30Services(b *testing.B) {
	in, rec := incident(randomWorld(rand.New(rand.NewPCG(5, 5)), 30), func(w *world) { w.own[op("s03")] += 0.5 })
	b.ReportAllocs()
	for b.Loop() {
		if v := diagnose(in, Config{}.withDefaults(), rec, nil); v.Abstained {
			b.Fatal(v.Reason)
		}
	}
}
