package sampling

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/sketch"
	"github.com/sage-rca/sage/internal/window"
)

// drawn draws durations in ms.
type drawn func(r *rand.Rand) float64

func logNormal(median, s float64) drawn {
	return func(r *rand.Rand) float64 { return median * math.Exp(s*r.NormFloat64()) }
}

// shifted takes a while always, and then an exponential time.
func shifted(least, mean float64) drawn {
	return func(r *rand.Rand) float64 { return least + mean*r.ExpFloat64() }
}

// keptBy is what a sampler lets through that keeps what takes longer than threshold ms,
// and a share of the rest.
func keptBy(of drawn, threshold, share float64) drawn {
	return func(r *rand.Rand) float64 {
		for {
			if v := of(r); v > threshold || r.Float64() < share {
				return v
			}
		}
	}
}

// windowOf is a window of n requests of each operation.
func windowOf(i, n int, ops ...drawn) *window.Snapshot {
	s := &window.Snapshot{Start: int64(i), End: int64(i + 1)}
	for k, of := range ops {
		rng := rand.New(rand.NewPCG(uint64(k), uint64(i)))
		l := new(sketch.Sketch)
		for range n {
			l.Add(int64(of(rng)*float64(time.Millisecond)), 1)
		}
		s.RPCs = append(s.RPCs, window.RPC{
			Key:   identity.RPC{Service: identity.Service{Name: "web"}, Operation: fmt.Sprint(k)},
			Count: float64(n), Entries: float64(n), Latency: l,
		})
	}
	return s
}

// states returns the letters of the states of n windows.
func states(d *Detector, first, n, requests int, ops ...drawn) (out string) {
	for i := range n {
		out += string(d.Observe(windowOf(first+i, requests, ops...)))[:1]
	}
	return out
}

func TestDetector_edges(t *testing.T) {
	mixed := []drawn{logNormal(300, 0.5), logNormal(120, 0.8), shifted(80, 200)}
	through := func(threshold, share float64) (out []drawn) {
		for _, of := range mixed {
			out = append(out, keptBy(of, threshold, share))
		}
		return out
	}
	for name, c := range map[string]struct {
		ops  []drawn
		want string
	}{
		"all requests":               {mixed, "nnnnnnnnnn"},
		"narrow ones":                {[]drawn{logNormal(100, 0.25), logNormal(101, 0.25)}, "nnnnnnnnnn"},
		"only what is slow":          {through(500, 0), "tttttttttt"},
		"and a hundredth":            {through(500, 0.01), "tttttttttt"},
		"and a fiftieth":             {through(500, 0.02), "tttttttttt"},
		"a cost in common":           {[]drawn{shifted(100, 50), shifted(100.5, 80)}, "nnnnnnnnnn"},
		"one alone may be like it":   {[]drawn{keptBy(logNormal(300, 0.5), 500, 0)}, "nnnnnnnnnn"},
		"constants lie side by side": {[]drawn{shifted(100, 2), shifted(100.5, 3)}, "nnnnnnnnnn"},
		"different least times":      {[]drawn{shifted(100, 50), shifted(120, 80), shifted(20, 30)}, "nnnnnnnnnn"},
	} {
		assert.Equal(t, c.want, states(new(Detector), 0, 10, 200, c.ops...), name)
	}
}

// What begins later is what is to be found: every request of every operation is delayed
// by the same half of a second.
func TestDetector_decidesEarly(t *testing.T) {
	var d Detector
	assert.Equal(t, "nnnnnnnnnnnnnnnnnnnn", states(&d, 0, 20, 100, logNormal(50, 0.5), logNormal(20, 0.5), logNormal(30, 0.5)))
	assert.Equal(t, "nnnnnnnnnn", states(&d, 20, 10, 100, shifted(500, 200), shifted(500, 300), shifted(500, 400)))
	assert.Nil(t, d.entries)

	d = Detector{}
	slow := []drawn{keptBy(logNormal(300, 0.5), 500, 0), keptBy(logNormal(120, 0.8), 500, 0), keptBy(shifted(80, 200), 500, 0)}
	assert.Equal(t, "tttttttttttttttttttt", states(&d, 0, 20, 100, slow...))
	assert.Equal(t, "ttttt", states(&d, 20, 5, 100, logNormal(50, 0.5), logNormal(20, 0.5)))
}

func TestDetector_marks(t *testing.T) {
	var d Detector
	w := func(of window.Sampled) State { return d.Observe(&window.Snapshot{Sampled: of}) }
	assert.Equal(t, None, w(window.Sampled{}))
	assert.Equal(t, HeadCorrected, w(window.Sampled{Weighted: true}))
	assert.Equal(t, HeadCorrected, w(window.Sampled{}))
	assert.Equal(t, TailBiased, w(window.Sampled{Weighted: true, Kept: true}))
	assert.Equal(t, TailBiased, w(window.Sampled{}))
	d.Told = None
	assert.Equal(t, None, w(window.Sampled{Kept: true}))
}

func TestDetector_bounds(t *testing.T) {
	var ops []drawn
	for range maxOperations + 10 {
		ops = append(ops, shifted(1, 1))
	}
	var d Detector
	states(&d, 0, 2, 10, ops...)
	assert.Len(t, d.entries, maxOperations)
}

// delayed are requests of which a part takes 100 ms longer.
func delayed(of drawn, part float64) drawn {
	return func(r *rand.Rand) float64 {
		v := of(r)
		if r.Float64() < part {
			v += 100
		}
		return v
	}
}

// usual are requests that take 20 to 24 ms, and 1 in 100 twice as long.
func usual(r *rand.Rand) float64 {
	v := 20 + 4*r.Float64()
	if r.Float64() < 0.01 {
		v *= 2
	}
	return v
}

// Operations of like latency, of which requests become slow one window after the first,
// look like tail sampling from then on, and are none.
func TestDetector_faultAtFirst(t *testing.T) {
	for _, part := range []float64{0.1, 0.5, 0.9, 1} {
		for healthy := 1; healthy < 6; healthy++ {
			var d Detector
			first := states(&d, 0, healthy, 40, usual, usual, usual, usual)
			slow := delayed(usual, part)
			got := first + states(&d, healthy, 25-healthy, 40, slow, slow, slow, slow)
			assert.Equal(t, strings.Repeat("n", 25), got, "%v of all requests from window %d on", part, healthy)
		}
	}
}

// And where the fault ends, of which there were only windows before.
func TestDetector_faultEnds(t *testing.T) {
	var d Detector
	slow := delayed(usual, 1)
	got := states(&d, 0, 3, 40, slow, slow, slow, slow) + states(&d, 3, 20, 40, usual, usual, usual, usual)
	assert.Equal(t, strings.Repeat("n", 23), got)
}

// What a sampler keeps is recognised once there are 50 requests of each operation, and a
// fault in it does not change that.
func TestDetector_faultOfWhatIsKept(t *testing.T) {
	kept := func(factor float64) (out []drawn) {
		for _, of := range []drawn{logNormal(300, 0.5), logNormal(120, 0.8), shifted(80, 200)} {
			out = append(out, keptBy(func(r *rand.Rand) float64 { return factor * of(r) }, 500, 0))
		}
		return out
	}
	var d Detector
	got := states(&d, 0, 8, 40, kept(1)...) + states(&d, 8, 22, 40, kept(1.5)...)
	assert.Equal(t, "n"+strings.Repeat("t", 29), got)
}
