package nn

import (
	"fmt"
	"testing"
)

// One layer forward and back: the shapes of networks of width 10 on the columns of
// one chunk, and a larger one.
func BenchmarkDense(b *testing.B) {
	for _, s := range []struct{ o, i, n int }{{10, 10, 64}, {10, 10, 128}, {3, 10, 128}, {10, 7, 128}, {10, 10, 1024}, {32, 32, 1024}} {
		name := fmt.Sprintf("%dx%dx%d", s.o, s.i, s.n)
		b.Run(name+"/forward", func(b *testing.B) { forward[float32](b, s.o, s.i, s.n) })
		b.Run(name+"/backward", func(b *testing.B) { backward[float32](b, s.o, s.i, s.n) })
		b.Run(name+"/backward/float64", func(b *testing.B) { backward[float64](b, s.o, s.i, s.n) })
	}
}

func forward[F Float](b *testing.B, o, i, n int) {
	x, w, bias, out := make([]F, i*n), make([]F, o*i), make([]F, o), make([]F, o*n)
	b.ReportAllocs()
	for b.Loop() {
		DenseReLU(out, x, w, bias)
	}
	gflops(b, 2*o*i*n)
}

func backward[F Float](b *testing.B, o, i, n int) {
	x, w, dout := make([]F, i*n), make([]F, o*i), make([]F, o*n)
	dx, dw, db := make([]F, i*n), make([]F, o*i), make([]F, o)
	b.ReportAllocs()
	for b.Loop() {
		DenseReLUBackward(dx, dw, db, dout, x, w)
	}
	gflops(b, 4*o*i*n)
}

func gflops(b *testing.B, operations int) {
	b.ReportMetric(float64(operations)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

// What an element of a row costs, in rows of one chunk.
func BenchmarkElementwise(b *testing.B) {
	const n = 128
	o := draws(n, 1, any0, positive, any0, positive)
	v := o.single
	noise := NewNoise(1, 1)
	adam := NewAdam[float32](n, 0.01)
	for _, k := range []struct {
		name string
		run  func()
	}{
		{"add", func() { Add(v[0], v[2]) }},
		{"exp", func() { ExpTerm(v[0], v[3], v[2], v[1], 1, 0, 1, 60) }},
		{"log", func() { AddLog(v[0], v[1], 1) }},
		{"softplus", func() { SoftplusForward(v[0], v[2], 0) }},
		{"sigmoid", func() { SoftplusBackward(v[0], v[2], v[2]) }},
		{"huber", func() { Huber(v[0], v[2], v[2], 4, 1) }},
		{"kl", func() { KL(v[2], v[1], v[2], v[1]) }},
		{"adam", func() { adam.Step(v[0], v[2]) }},
		{"normals", func() { Normals(v[0], &noise) }},
	} {
		b.Run(k.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				k.run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/element")
		})
	}
}
