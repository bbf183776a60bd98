package evaluate

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/rca"
)

// asked is an incident with the answers of method "m".
func asked(t Truth, answers ...method.Answer) *Incident {
	in := newIncident(t, 0, nil)
	r := &replies{answers: answers}
	for i := range answers {
		r.window = append(r.window, i+2)
		r.took = append(r.took, time.Duration(i+1)*time.Millisecond)
		in.starts = append(in.starts, int64(i))
	}
	in.replies["m"] = r
	return in
}

func TestTally(t *testing.T) {
	r := tally("m", []*Incident{
		asked(truth(rca.CPU, "a"), answer(1, "b", "a"), answer(1, "a", "b"), answer(1, "a", "b")), // exact, at the third window
		asked(truth(rca.Disk, "b"), answer(1, "b")),                                               // exact, another resource
		asked(truth(rca.CPU, "c"), answer(2, "d", "c")),                                           // one too many
		asked(truth(rca.CPU, "e", "f")),                                                           // nobody was asked
	})
	assert.Equal(t, 4, r.Incidents)
	assert.Equal(t, 2./4, r.Exact)
	assert.Equal(t, 1./4, r.Missed)
	assert.Equal(t, 1./4, r.Wrong)
	assert.Equal(t, 1./4, r.Abstained)
	assert.Equal(t, 2./4, r.Top1)
	assert.Equal(t, 3./4, r.Top3)
	assert.InDelta(t, (2+3*4)/4./5, r.Avg5, 1e-12)
	assert.InDelta(t, (1+1+2./3+0)/4, r.F1, 1e-12)
	require.NotNil(t, r.Resource)
	assert.Equal(t, 2./5, *r.Resource, "of a, b, c, e and f")
	require.NotNil(t, r.WindowsToVerdict)
	assert.Equal(t, 2.5, *r.WindowsToVerdict, "of 3 and 2")
	assert.Equal(t, 1., r.VerdictMS, "of 1, 2, 3, 1 and 1")
}

func TestTally_nothing(t *testing.T) {
	r := tally("m", nil)
	assert.Zero(t, r.Exact)
	assert.Equal(t, Interval{0, 1}, r.ExactCI)
	assert.Nil(t, r.Resource)
	assert.Nil(t, r.WindowsToVerdict)
}

// The example of Brown, Cai and DasGupta, Statistical Science 16 (2001): no
// interval is empty, and none leaves [0, 1]. The first row is by hand: p = 1/2,
// n = 10, z² = 3.8415: center 1/2, half width sqrt(1/40 + 0.0096037)*1.96/1.38415.
func TestWilson(t *testing.T) {
	for _, c := range []struct{ k, n, low, high float64 }{
		{5, 10, 0.2366, 0.7634},
		{0, 10, 0, 0.2775},
		{10, 10, 0.7225, 1},
		{0, 0, 0, 1},
	} {
		got := wilson(c.k, c.n)
		assert.InDelta(t, c.low, got[0], 5e-5)
		assert.InDelta(t, c.high, got[1], 5e-5)
	}
}

func TestWhatIf(t *testing.T) {
	with := func(q, low, high float64) method.Answer {
		a := answer(1, "a")
		a.Quantile, a.Lower, a.Upper = q, low, high
		return a
	}
	in := func(a method.Answer) *Incident {
		i := asked(truth("", "a"), a)
		i.without = map[int64]float64{0: 0.100}
		return i
	}
	wrong := with(0.5, 0, 1)
	wrong.Culprits = answer(1, "b").Culprits
	unknown := in(with(0.1, 0, 1))
	unknown.without = nil
	w := whatIf(guesses("m", []*Incident{
		in(with(0.110, 0.09, 0.12)), // 10 % off, covered
		in(with(0.080, 0.07, 0.09)), // 20 % off, not covered
		in(with(0.100, 0.1, 0.1)),   // right
		in(with(math.NaN(), 0, 0)),  // says nothing
		in(wrong), unknown,
	}))
	assert.Equal(t, 3, w.Incidents)
	assert.InDelta(t, 0.1, w.MedianAbsRelError, 1e-9)
	assert.InDelta(t, 2./3, w.Coverage90, 1e-9)
}

func TestCalibration(t *testing.T) {
	bins := calibration([]said{{0.2, false}, {0.6, true}, {0.6, false}, {0.95, true}, {1, true}})
	total := 0
	for _, b := range bins {
		total += b.N
		switch b.From {
		case 0:
			assert.Equal(t, 1, b.N)
			assert.Zero(t, b.Right)
		case 0.5:
			assert.Equal(t, 2, b.N)
			assert.Equal(t, 0.5, b.Right)
			assert.InDelta(t, 0.6, b.Mean, 1e-12)
		case 0.95:
			assert.Equal(t, 2, b.N, "1 is in the last bin")
		}
	}
	assert.Equal(t, 5, total)
}

func TestDigest(t *testing.T) {
	r := &Results{Suites: []Suite{{Name: "a", Methods: []MethodResult{{Name: "m", Exact: 0.5, VerdictMS: 3, TrainS: 1}}}}}
	was := digest(r)
	r.Suites[0].Methods[0].VerdictMS, r.Suites[0].Methods[0].TrainS, r.Digest = 7, 9, was
	assert.Equal(t, was, digest(r), "times are no figures of it")
	r.Suites[0].Methods[0].Exact = 0.6
	assert.NotEqual(t, was, digest(r))
}
