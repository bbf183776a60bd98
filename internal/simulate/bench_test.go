package simulate

import (
	"context"
	"testing"
	"time"
)

// null takes everything and keeps nothing.
type null struct{}

func (null) Span(*Span)                                        {}
func (null) Sample(time.Duration, []ReplicaState, []HostState) {}
func (null) Entry(int, time.Duration, time.Duration, bool)     {}

// crowd is 16 services on one host whose cores are all in use half of the time, the
// most that dividing them can cost.
func crowd() *App {
	t := tree{}
	t.app.Link.Delay = Dist{Mean: 0.0005, CV: 0.3}
	h := t.host(2)
	var calls []Call
	for range 15 {
		svc := t.service(Service{Hosts: []int{h}, CPULimit: 1})
		calls = append(calls, to(t.rpc(RPC{Service: svc, CPU: Dist{Mean: 0.001, CV: 0.5}})))
	}
	front := t.service(Service{Hosts: []int{h}})
	t.entry(t.rpc(RPC{Service: front, CPU: Dist{Mean: 0.001, CV: 0.5}, Steps: []Step{{Calls: calls}}}), 60)
	return &t.app
}

func BenchmarkRun(b *testing.B) {
	for name, app := range map[string]*App{
		"chain": chain(10, 200),
		"shop":  newShop().App,
		"crowd": crowd(),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			spans := 0
			for b.Loop() {
				stats, err := Run(context.Background(), app, Config{Seed: 1, Duration: time.Minute, SampleEvery: 10 * time.Second}, null{})
				if err != nil {
					b.Fatal(err)
				}
				spans += stats.Spans
			}
			b.ReportMetric(float64(spans)/b.Elapsed().Seconds(), "spans/s")
		})
	}
}
