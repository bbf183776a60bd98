package simulate

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func refusal(app *App, cfg Config) string {
	if cfg.Duration == 0 {
		cfg.Duration = time.Second
	}
	_, err := Run(context.Background(), app, cfg, null{})
	if err == nil {
		return ""
	}
	return err.Error()
}

// Each mistake is told, in words that name it.
func TestMistakesInApps(t *testing.T) {
	call := func(a *App) *Call { return &a.RPCs[3].Steps[0].Calls[0] } // of cart, a lookup
	tests := map[string]struct {
		edit func(a *App)
		want string
	}{
		"host without cores":  {func(a *App) { a.Hosts[0].Cores = 0 }, "host 0 must have cores (got 0)"},
		"disk that is none":   {func(a *App) { a.Hosts[4].DiskRate = 0 }, "RPC 1 () reads from host 4, whose disk does nothing"},
		"service without":     {func(a *App) { a.Services[1].Hosts = nil }, "service 1 (cart) runs nowhere"},
		"host that is none":   {func(a *App) { a.Services[1].Hosts = []int{99} }, "service 1 (cart): host 99 is not one of 8"},
		"workers":             {func(a *App) { a.Services[1].Workers = -1 }, "workers must not be negative (got -1)"},
		"limit":               {func(a *App) { a.Services[1].CPULimit = math.NaN() }, "CPU limit of service 1 (cart) must be from 0"},
		"memory":              {func(a *App) { a.Services[1].MemoryMiB = -5 }, "memory of service 1 (cart) must be from 0"},
		"heap":                {func(a *App) { a.Services[1].GC.HeapMiB = -5 }, "heap of service 1 (cart) must be from 0"},
		"pause":               {func(a *App) { a.Services[1].GC.Pause.Mean = -5 }, "mean of pause of service 1 (cart) must be from 0"},
		"pool without":        {func(a *App) { a.Services[1].Pools[0].Size = 0 }, "service 1 (cart): pool 0 must let a call through (got size 0)"},
		"service of an RPC":   {func(a *App) { a.RPCs[0].Service = 77 }, "RPC 0 (): service 77 is not one of 6"},
		"work":                {func(a *App) { a.RPCs[0].CPU.CV = -2 }, "coefficient of variation of computing of RPC 0 () must not be negative (got -2)"},
		"error rate":          {func(a *App) { a.RPCs[0].ErrorRate = 1.5 }, "error rate of RPC 0 () must be from 0 to 1 (got 1.5)"},
		"call of nothing":     {func(a *App) { call(a).RPC = 50 }, "RPC 3 (), step 0, call 0: RPC 50 is not one of 6"},
		"probability":         {func(a *App) { call(a).Probability = 2 }, "step 0, call 0: probability must be from 0 to 1 (got 2)"},
		"times":               {func(a *App) { call(a).Times = 0 }, "step 0, call 0: must be made at least once (got 0 times)"},
		"pool":                {func(a *App) { call(a).Pool = 1 }, "step 0, call 0: pool 1 is not one of 1"},
		"timeout":             {func(a *App) { call(a).Timeout = -1 }, "timeout must not be negative"},
		"retries":             {func(a *App) { call(a).Retries = -1 }, "retries must not be negative"},
		"backoff":             {func(a *App) { call(a).Backoff = -1 }, "backoff must not be negative"},
		"hits":                {func(a *App) { call(a).Cache.Hit = -1 }, "step 0, call 0: hits must be from 0 to 1 (got -1)"},
		"miss":                {func(a *App) { call(a).Cache.Miss.RPC = -3 }, "step 0, call 0 after a miss: RPC -3 is not one of 6"},
		"miss that is async":  {func(a *App) { call(a).Cache.Miss.Async = true }, "what follows a miss is waited for"},
		"message with a pool": {func(a *App) { call(a).Async = true }, "a message has no cache, pool or timeout"},
		"entry":               {func(a *App) { a.Entries[0].RPC = 9 }, "entry 0: RPC 9 is not one of 6"},
		"rate":                {func(a *App) { a.Entries[0].Rate = -1 }, "rate of entry 0 must be from 0"},
		"swing":               {func(a *App) { a.Entries[0].Swing = 3 }, "swing of entry 0 must be from -1 to 1 (got 3)"},
		"wander":              {func(a *App) { a.Entries[0].Wander = 3 }, "wander of entry 0 must be from 0 to 1 (got 3)"},
		"period":              {func(a *App) { a.Entries[0].Period = -3 }, "period of entry 0 must not be negative"},
		"delay":               {func(a *App) { a.Link.Delay.Mean = math.Inf(1) }, "mean of the link's delay must be from 0"},
		"loss":                {func(a *App) { a.Link.Loss = 1 }, "loss of the link must be from 0 to 0.999 (got 1)"},
		"payload":             {func(a *App) { a.Link.PerMiB = -1 }, "the link's time per MiB must be from 0"},
		"RTO":                 {func(a *App) { a.Link.RTO = -1 }, "retransmission timeout must not be negative"},
		"cycle":               {func(a *App) { a.RPCs[1].Steps = []Step{{Calls: []Call{to(3)}}} }, "RPC 3 () calls RPC 1 (), which leads back to it"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			app := newShop()
			require.Empty(t, refusal(app.App, Config{}))
			tt.edit(app.App)
			assert.Contains(t, refusal(app.App, Config{}), tt.want)
		})
	}
	assert.Contains(t, refusal(&App{}, Config{}), "an application has services")
}

func TestMistakesInConfig(t *testing.T) {
	app := newShop()
	assert.Contains(t, refusal(app.App, Config{Duration: -1}), "duration must be positive")
	assert.Contains(t, refusal(app.App, Config{SampleEvery: -1}), "samples must not be a negative time apart")
	assert.Contains(t, refusal(app.App, Config{MaxInFlight: -1}), "requests in flight must not be negative")
	good := func(k FaultKind) Fault {
		f := Fault{Kind: k, Service: app.cart, Replica: -1, Host: -1, Entry: -1, Pool: -1, Size: 0.5, End: 1}
		switch k {
		case HostContention:
			f.Service, f.Host = -1, 0
		case TrafficSurge:
			f.Service, f.Entry, f.Size = -1, 0, 2
		case PoolExhaustion:
			f.Pool, f.Size = 0, 1
		case BadReplica:
			f.Replica = 0
		default: // a service is enough
		}
		return f
	}
	with := func(k FaultKind, edit func(f *Fault)) string {
		f := good(k)
		require.Empty(t, refusal(app.App, Config{Faults: []Fault{f}}))
		edit(&f)
		return refusal(app.App, Config{Faults: []Fault{f}})
	}
	for _, k := range []FaultKind{
		CPUContention, Throttling, MemoryPressure, DiskContention, NetworkDelay, PacketLoss,
		SlowDependency, PoolExhaustion, Regression, BadReplica, RetryStorm, CacheCollapse, Deploy, OffPath, Blip, MetricGap, Restart,
	} {
		assert.Contains(t, with(k, func(f *Fault) { f.Service = -1 }), "service -1 is not one of 6")
		assert.Contains(t, with(k, func(f *Fault) { f.Replica = 2 }), "replica 2 is not one of 2")
		assert.Contains(t, with(k, func(f *Fault) { f.End = f.Start }), "must end after it starts")
		assert.Contains(t, with(k, func(f *Fault) { f.Size = math.NaN() }), "size of fault 0")
		assert.Contains(t, with(k, func(f *Fault) { f.Size = -1 }), "size of fault 0")
	}
	for _, k := range []FaultKind{MemoryPressure, DiskContention, PacketLoss} {
		assert.Contains(t, with(k, func(f *Fault) { f.Size = 1 }), "must be from 0 to 0.999 (got 1)")
	}
	assert.Contains(t, with(HostContention, func(f *Fault) { f.Host = 8 }), "host 8 is not one of 8")
	assert.Contains(t, with(TrafficSurge, func(f *Fault) { f.Entry = 2 }), "entry 2 is not one of 2")
	assert.Contains(t, with(TrafficSurge, func(f *Fault) { f.Size = 0.5 }), "must be from 1")
	assert.Contains(t, with(PoolExhaustion, func(f *Fault) { f.Pool = 1 }), "pool 1 is not one of 1")
	assert.Contains(t, with(BadReplica, func(f *Fault) { f.Replica = -1 }), "replica -1 is not one of 2")
	assert.Contains(t, with(Deploy, func(f *Fault) { f.Kind = "earthquake" }), "fault 0 (earthquake): there is no such kind")
}

// Everything that is wrong is told at once.
func TestAllMistakesAtOnce(t *testing.T) {
	app := newShop()
	app.Hosts[0].Cores = -1
	app.RPCs[3].Steps[0].Calls[0].Times = 0
	said := refusal(app.App, Config{Duration: -1, Faults: []Fault{{Kind: "x"}}})
	for _, want := range []string{"simulate: ", "host 0", "got 0 times", "duration", "no such kind"} {
		assert.Contains(t, said, want)
	}
}
