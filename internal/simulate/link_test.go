package simulate

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pair is a service that calls another one, each with 1 ms of work.
func pair(link Link, rate float64, sameHost bool) *App {
	t := tree{}
	t.app.Link = link
	h := t.host(8)
	front := t.service(Service{Hosts: []int{h}})
	if !sameHost {
		h = t.host(8)
	}
	back := t.service(Service{Hosts: []int{h}})
	leaf := t.rpc(RPC{Service: back, CPU: ms(1), RequestKiB: 512, ReplyKiB: 1024})
	t.entry(t.rpc(RPC{Service: front, CPU: ms(1), Steps: []Step{{Calls: []Call{to(leaf)}}}}), rate)
	return &t.app
}

// gaps are by how much calls took longer than they were served, of a single callee.
func gaps(t *testing.T, r *record) []time.Duration {
	served := map[[8]byte]time.Duration{}
	for _, s := range r.of(Server, 1) {
		served[s.Parent] = s.took()
	}
	var out []time.Duration
	for _, s := range r.of(Client, 0) {
		took, ok := served[s.ID]
		require.True(t, ok)
		out = append(out, s.took()-took)
	}
	require.NotEmpty(t, out)
	return out
}

func TestDelayAddsExactly(t *testing.T) {
	const d = 700 * time.Microsecond
	link := Link{Delay: Dist{Mean: d.Seconds()}}
	slow := link
	slow.PerMiB = 0.008
	always := func(k FaultKind, service int) []Fault {
		return []Fault{{Kind: k, Service: service, Replica: -1, Size: 0.030, End: time.Hour}}
	}
	tests := map[string]struct {
		app    *App
		faults []Fault
		want   time.Duration
	}{
		"there and back":       {pair(link, 5, false), nil, 2 * d},
		"on one host":          {pair(link, 5, true), nil, 2 * d / 10},
		"payload":              {pair(slow, 5, false), nil, 2*d + 4*time.Millisecond + 8*time.Millisecond},
		"requests are delayed": {pair(link, 5, false), always(NetworkDelay, 0), 2*d + 30*time.Millisecond},
		"replies are delayed":  {pair(link, 5, false), always(NetworkDelay, 1), 2*d + 30*time.Millisecond},
		"a blip is a delay":    {pair(link, 5, false), always(Blip, 1), 2*d + 30*time.Millisecond},
		"both are delayed":     {pair(link, 5, true), append(always(NetworkDelay, 0), always(NetworkDelay, 1)...), 2*d/10 + 60*time.Millisecond},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			r := play(t, tt.app, Config{Seed: 1, Duration: time.Minute, Faults: tt.faults})
			for _, gap := range gaps(t, r) {
				assert.Equal(t, tt.want, gap)
			}
			// What the link adds the user waits for, and nothing else: 1 ms of work in two
			// parts there, 1 ms here.
			for _, l := range r.latencies(0, 0, never) {
				assert.InDelta(t, (tt.want + 2*time.Millisecond).Seconds(), l, 1e-8)
			}
		})
	}
}

// Jitter is drawn per message, so that of a call is the sum of two.
func TestJitter(t *testing.T) {
	r := play(t, pair(Link{Delay: Dist{Mean: 0.001, CV: 0.5}}, 200, false), Config{Seed: 1, Duration: 100 * time.Second})
	g := gaps(t, r)
	var sum, squares float64
	for _, gap := range g {
		sum += gap.Seconds()
		squares += (gap.Seconds() - 0.002) * (gap.Seconds() - 0.002)
	}
	n := float64(len(g))
	sd := math.Sqrt2 * 0.0005
	// Five standard errors of the mean; of the variance the fourth moment of the sum is
	// 3 + (8.04−3)/2 = 5.5 σ⁴.
	assert.InDelta(t, 0.002, sum/n, 5*sd/math.Sqrt(n))
	assert.InDelta(t, sd*sd, squares/n, 5*sd*sd*math.Sqrt(4.5/n))
}

// A lost message comes a retransmission timeout later, one lost twice three. With
// loss p of requests only, the shares are 1−p, p(1−p), p²(1−p); a share s of n has
// the standard deviation √(s(1−s)/n).
func TestLoss(t *testing.T) {
	const (
		p   = 0.1
		rto = 200 * time.Millisecond
	)
	app := pair(Link{RTO: rto}, 200, false)
	fault := Fault{Kind: PacketLoss, Service: 0, Replica: -1, Size: p, End: time.Hour}
	r := play(t, app, Config{Seed: 1, Duration: 100 * time.Second, SampleEvery: time.Second, Faults: []Fault{fault}})
	counts := map[time.Duration]float64{}
	lost := 0.0
	for _, gap := range gaps(t, r) {
		counts[gap]++
		lost += math.Log2(float64(gap/rto) + 1)
	}
	n := float64(len(gaps(t, r)))
	for k, gap := range []time.Duration{0, rto, 3 * rto} {
		share := math.Pow(p, float64(k)) * (1 - p)
		assert.InDelta(t, share, counts[gap]/n, 5*math.Sqrt(share*(1-share)/n), gap)
	}
	last := r.states[len(r.states)-1]
	assert.InDelta(t, lost, last.replicas[0].Retransmits, 10, "but for those on their way at the end")
	assert.Equal(t, last.replicas[0].Retransmits, last.hosts[0].Retransmits)
	assert.Zero(t, last.replicas[1].Retransmits, "replies are not lost")

	// The link's own loss hits both ways: nothing is lost with probability (1−p)².
	app.Link.Loss = p
	r = play(t, app, Config{Seed: 1, Duration: 100 * time.Second})
	none := 0.0
	for _, gap := range gaps(t, r) {
		if gap == 0 {
			none++
		}
	}
	n = float64(len(gaps(t, r)))
	share := (1 - p) * (1 - p)
	assert.InDelta(t, share, none/n, 5*math.Sqrt(share*(1-share)/n))
}

// Bytes are counted at both ends.
func TestBytes(t *testing.T) {
	r := play(t, pair(Link{}, 20, false), Config{Seed: 1, Duration: 10 * time.Second, SampleEvery: 10 * time.Second})
	calls := float64(len(gaps(t, r)))
	front, back := r.states[0].replicas[0], r.states[0].replicas[1]
	assert.InDelta(t, calls*0.5, front.SentMiB, 0.5)
	assert.InDelta(t, calls, front.ReceivedMiB, 1)
	assert.Equal(t, front.SentMiB, back.ReceivedMiB)
	assert.Equal(t, front.ReceivedMiB, back.SentMiB)
	assert.Equal(t, back.SentMiB, r.states[0].hosts[1].SentMiB)
}
