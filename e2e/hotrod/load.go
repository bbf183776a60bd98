package hotrod

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// customers are the only ones in HotROD's database.
var customers = [...]int{123, 392, 567, 731}

// Load sends requests to the frontend as a Poisson process of a steady rate,
// whatever their latency (open loop), as long as no more than Concurrency are
// under way. Arrivals that come in bunches are what makes queues: at regular
// intervals a server that is busy for four fifths of the time lets nobody wait.
type Load struct {
	Frontend    string  // host:port
	Rate        float64 // requests per second
	Concurrency int
	Seed        uint64

	// Counts, readable at any time. Skipped requests found Concurrency exhausted.
	Sent, Failed, Skipped atomic.Int64

	mu        sync.Mutex // guards everything below
	latencies []time.Duration
}

// Latencies returns how long each request took that ended since the last call,
// sorted.
func (l *Load) Latencies() []time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()

	out := l.latencies
	l.latencies = nil
	slices.Sort(out)
	return out
}

// Run sends requests until ctx ends, and returns when none is under way.
func (l *Load) Run(ctx context.Context) {
	rng := rand.New(rand.NewPCG(l.Seed, 0))
	client := &http.Client{
		Timeout:   30 * time.Second,
		Transport: &http.Transport{MaxIdleConnsPerHost: l.Concurrency},
	}
	defer client.CloseIdleConnections()
	free := make(chan struct{}, l.Concurrency)
	var wg sync.WaitGroup
	defer wg.Wait()
	next := time.Now()
	for n := 0; ; n++ {
		next = next.Add(time.Duration(rng.ExpFloat64() / l.Rate * float64(time.Second)))
		if pause(ctx, time.Until(next)) != nil {
			return
		}
		url := fmt.Sprintf("http://%s/dispatch?customer=%d&nonce=%d", l.Frontend, customers[rng.IntN(len(customers))], n)
		select {
		case free <- struct{}{}:
		default:
			l.Skipped.Add(1)
			continue
		}
		wg.Go(func() {
			defer func() { <-free }()
			l.Sent.Add(1)
			begin := time.Now()
			if err := get(context.WithoutCancel(ctx), client, url); err != nil {
				l.Failed.Add(1)
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.latencies = append(l.latencies, time.Since(begin))
		})
	}
}

func get(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", resp.Status)
	}
	return nil
}

// pause waits for d or the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
