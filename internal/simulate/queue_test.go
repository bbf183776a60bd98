package simulate

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// station is one service on one host of its own, at which requests of mean work
// 1/mu seconds arrive at a rate of lambda.
type station struct {
	cores, limit float64
	workers      int
	cpu, disk    Dist
	lambda       float64
}

func (s station) app() *App {
	t := tree{}
	h := t.host(s.cores)
	svc := t.service(Service{Hosts: []int{h}, Workers: s.workers, CPULimit: s.limit})
	t.entry(t.rpc(RPC{Service: svc, CPU: s.cpu, Disk: s.disk}), s.lambda)
	return &t.app
}

const (
	mu     = 100.0 // requests per second that one core serves
	lambda = 50.0  // arrivals per second
)

var expo = Dist{Mean: 1 / mu, CV: Exponential}

// erlangC is the probability that all of c servers are busy at an offered load of
// a: B(c,a) by its recursion, and C = B/(1 − ρ(1−B)).
func erlangC(c int, a float64) float64 {
	b := 1.0
	for k := 1; k <= c; k++ {
		b = a * b / (float64(k) + a*b)
	}
	return b / (1 - a/float64(c)*(1-b))
}

// Response times against what queueing theory says of the mean. The runs have
// 400,000 requests or more, so that a batch has 16,000. What a queue remembers fades
// within 1/(μ(1−√ρ)²) or less, which is 12 service times at ρ = 0.5 and 90 at
// ρ = 0.8, so batches are independent. A mean lies within four standard errors of
// the truth but for one run in 2,000 (Student's t of 24 degrees of freedom), and the
// seed is fixed. That the standard error is below 1.5 % gives the test its teeth.
func TestMeanResponse(t *testing.T) {
	const rho = lambda / mu
	tests := map[string]struct {
		station station
		faults  []Fault
		seconds float64
		want    float64
	}{
		"M/M/1 by one worker on one core": {
			station: station{cores: 1, workers: 1, cpu: expo, lambda: lambda},
			want:    1 / (mu - lambda),
		},
		"M/M/1 of a disk": {
			station: station{cores: 1, disk: expo, lambda: lambda},
			want:    1 / (mu - lambda),
		},
		"M/M/1 that shares the processor has the same mean": {
			station: station{cores: 1, cpu: expo, lambda: lambda},
			want:    1 / (mu - lambda),
		},
		"M/M/1 under load": {
			station: station{cores: 1, cpu: expo, lambda: 80},
			seconds: 12_000,
			want:    1.0 / 20,
		},
		// Pollaczek and Khinchine: constant work waits half as long.
		"M/D/1": {
			station: station{cores: 1, workers: 1, cpu: Dist{Mean: 1 / mu}, lambda: lambda},
			want:    (1 + rho/(2*(1-rho))) / mu,
		},
		// W = λE[S²]/(2(1−ρ)), E[S²] = (1+c²)/μ².
		"M/G/1 of one worker, log-normal work": {
			station: station{cores: 1, workers: 1, cpu: Dist{Mean: 1 / mu, CV: 1.5}, lambda: lambda},
			seconds: 12_000,
			want:    (1 + (1+1.5*1.5)*rho/(2*(1-rho))) / mu,
		},
		// Processor sharing is insensitive to the distribution of work.
		"M/G/1 that shares the processor": {
			station: station{cores: 1, cpu: Dist{Mean: 1 / mu, CV: 1.5}, lambda: lambda},
			want:    1 / (mu - lambda),
		},
		"M/M/3 by Erlang C": {
			station: station{cores: 3, workers: 3, cpu: expo, lambda: 240},
			want:    1/mu + erlangC(3, 2.4)/(3*mu-240),
		},
		"M/M/3 that shares processors has the same mean": {
			station: station{cores: 3, cpu: expo, lambda: 240},
			want:    1/mu + erlangC(3, 2.4)/(3*mu-240),
		},
		"a CPU limit makes cores": {
			station: station{cores: 8, limit: 3, cpu: expo, lambda: 240},
			want:    1/mu + erlangC(3, 2.4)/(3*mu-240),
		},
		"half a core is half as fast": {
			station: station{cores: 8, limit: 0.5, cpu: Dist{Mean: 0.5 / mu, CV: Exponential}, lambda: lambda},
			want:    1 / (mu - lambda),
		},
		// With k customers that never leave, sharing takes (k+1) times as long: the number
		// of the others is negative binomial, of mean (k+1)ρ/(1−ρ).
		"hogs in the container": {
			station: station{cores: 8, limit: 1, cpu: expo, lambda: lambda},
			faults:  []Fault{{Kind: CPUContention, Replica: -1, Size: 3, End: time.Hour * 1000}},
			want:    4 / (mu - lambda),
		},
		"hogs on the host": {
			station: station{cores: 1, cpu: expo, lambda: lambda},
			faults:  []Fault{{Kind: HostContention, Size: 3, End: time.Hour * 1000}},
			want:    4 / (mu - lambda),
		},
		"a disk that is shared with another writer": {
			station: station{cores: 1, disk: Dist{Mean: 0.5 / mu, CV: Exponential}, lambda: lambda},
			faults:  []Fault{{Kind: DiskContention, Replica: -1, Size: 0.5, End: time.Hour * 1000}},
			want:    1 / (mu - lambda),
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			seconds := max(tt.seconds, 400_000/tt.station.lambda)
			r := playLong(t, tt.station.app(), Config{
				Seed: 1, Duration: time.Duration(seconds * 1e9), Faults: tt.faults,
			})
			m, se := meanByBatches(r.latencies(0, 0, never))
			assert.Less(t, se/tt.want, 0.015)
			assert.InDelta(t, tt.want, m, 4*se)
		})
	}
}

// Two containers on one core share it by threads: each request takes 1/(1−ρ) times
// its work at the load of both, whichever container it is in.
func TestContainersShareCore(t *testing.T) {
	tr := tree{}
	h := tr.host(1)
	for _, rate := range []float64{20, 30} {
		svc := tr.service(Service{Hosts: []int{h}})
		tr.entry(tr.rpc(RPC{Service: svc, CPU: expo}), rate)
	}
	r := playLong(t, &tr.app, Config{Seed: 2, Duration: 16_000 * time.Second})
	for entry := range 2 {
		m, se := meanByBatches(r.latencies(entry, 0, never))
		assert.Less(t, se*mu, 0.03)
		assert.InDelta(t, 1/(mu-lambda), m, 4*se)
	}
}

// A pool of c connections to a service that never queues is M/M/c.
func TestPoolIsErlangC(t *testing.T) {
	tr := tree{}
	front := tr.service(Service{Hosts: []int{tr.host(1)}, Pools: []Pool{{Size: 3}}})
	back := tr.service(Service{Hosts: []int{tr.host(1000)}})
	leaf := tr.rpc(RPC{Service: back, CPU: expo})
	c := to(leaf)
	c.Pool = 0
	tr.entry(tr.rpc(RPC{Service: front, Steps: []Step{{Calls: []Call{c}}}}), 240)
	r := playLong(t, &tr.app, Config{Seed: 3, Duration: 2000 * time.Second, SampleEvery: 2000 * time.Second})
	m, se := meanByBatches(r.latencies(0, 0, never))
	want := 1/mu + erlangC(3, 2.4)/(3*mu-240)
	assert.Less(t, se/want, 0.015)
	assert.InDelta(t, want, m, 4*se)

	// What the counters say of the wait is what the latencies say, up to the calls of
	// the last moments.
	front0 := r.states[0].replicas[0]
	assert.InDelta(t, m-1/mu, front0.PoolWait[0]/front0.PoolAcquired[0], 4*se)
}

// Little's law, L = λW: the number in the system by samples of the state, against
// the time that answers took. The two differ as samples see the number at points
// only, by the standard error of their mean; batches as above.
func TestLittle(t *testing.T) {
	const seconds = 10_000
	app := station{cores: 2, workers: 3, cpu: expo, lambda: 140}.app()
	r := playLong(t, app, Config{Seed: 4, Duration: seconds * time.Second, SampleEvery: 100 * time.Millisecond})
	require.Len(t, r.states, seconds*10)
	var number []float64
	for _, s := range r.states {
		number = append(number, float64(s.replicas[0].Active+s.replicas[0].Waiting))
	}
	l, se := meanByBatches(number)
	w := r.latencies(0, 0, never)
	assert.Less(t, se/l, 0.02)
	assert.InDelta(t, float64(len(w))/seconds*mean(w), l, 4*se)

	// Utilisation: the CPU counter says λ/μ cores, within the noise of the work: the
	// sum of n exponential numbers has the relative standard deviation 1/√n.
	n := float64(len(w))
	used := r.states[len(r.states)-1].replicas[0].CPUSeconds
	assert.InEpsilon(t, n/mu, used, 4/math.Sqrt(n))
}
