package sampling

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/window"
)

// again is a detector after a restart.
func again(t testing.TB, d *Detector) *Detector {
	t.Helper()
	b, err := d.MarshalBinary()
	require.NoError(t, err)
	next := new(Detector)
	require.NoError(t, next.UnmarshalBinary(b))
	return next
}

// kept are operations of which a sampler keeps what takes more than half a second.
var kept = []drawn{keptBy(logNormal(300, 0.5), 500, 0), keptBy(logNormal(120, 0.8), 500, 0), keptBy(shifted(80, 200), 500, 0)}

// Law: while it is undecided, a restart before any window changes nothing.
func TestDetector_restartsBeforeDeciding(t *testing.T) {
	for name, ops := range map[string][]drawn{"all": {usual, usual, usual}, "kept": kept} {
		var want Detector
		got := new(Detector)
		for i := range decideAfter {
			got = again(t, got)
			assert.Equal(t, states(&want, i, 1, 30, ops...), states(got, i, 1, 30, ops...), "%s, window %d", name, i)
		}
		assert.True(t, got.decided, name)
		assert.Equal(t, want.biased, got.biased, name)
	}
}

// A fault that is there from the first window after a restart looks as if it had always
// been: what was decided counts.
func TestDetector_restartsIntoAFault(t *testing.T) {
	slow := delayed(usual, 0.5)
	fault := []drawn{slow, slow, slow, slow}
	assert.Contains(t, states(new(Detector), 0, 5, 40, fault...), "t")

	var d Detector
	states(&d, 0, decideAfter, 40, usual, usual, usual, usual)
	next := again(t, &d)
	assert.True(t, next.decided)
	assert.Equal(t, strings.Repeat("n", 10), states(next, decideAfter, 10, 40, fault...))
}

// That spans are biased counts after a restart too, until as many windows say that they
// are not any more: who is told moves the analysis before the sampler, and restarts it.
func TestDetector_isMended(t *testing.T) {
	var d Detector
	states(&d, 0, decideAfter, 200, kept...)
	require.True(t, d.biased)
	next := again(t, &d)
	assert.Equal(t, strings.Repeat("t", 12), states(next, 20, 12, 200, usual, usual, usual))
	next = again(t, next) // goes on
	assert.Equal(t, strings.Repeat("t", 7)+"nnnnn", states(next, 32, 12, 200, usual, usual, usual))
	assert.Equal(t, "nn", states(again(t, next), 44, 2, 200, usual, usual, usual))

	next = again(t, &d)
	assert.Equal(t, strings.Repeat("t", 30), states(next, 20, 30, 200, kept...), "it is not")

	var marked Detector
	marked.Observe(&window.Snapshot{Sampled: window.Sampled{Kept: true}})
	next = again(t, &marked)
	assert.Equal(t, strings.Repeat("t", decideAfter-1)+"nnn", states(next, 1, decideAfter+2, 40, usual, usual, usual))
}

func TestDetector_refusesWhatCannotBe(t *testing.T) {
	var source Detector
	states(&source, 0, 2, 40, usual)
	good, err := source.MarshalBinary()
	require.NoError(t, err)
	var s stored
	require.NoError(t, json.Unmarshal(good, &s))
	s.Entries = append(s.Entries, s.Entries[0])
	twice, err := json.Marshal(s)
	require.NoError(t, err)
	s.Entries = make([]storedEntry, maxOperations+1)
	many, err := json.Marshal(s)
	require.NoError(t, err)
	for _, b := range []string{
		``, `{}`, `[]`, `{"Version":2}`, `{"Version":1,"Windows":-1}`, `{"Version":1,"Windows":20}`, `{"Version":1,"Decided":true}`,
		`{"Version":1,"Windows":1,"Entries":[{"All":"AA==","First":"AA=="}]}`, strings.Replace(string(good), `"Windows":2`, `"Windows":20,"Decided":true`, 1),
		string(good[:len(good)-2]), string(twice), string(many),
	} {
		d := Detector{Told: HeadCorrected}
		states(&d, 0, 3, 40, usual)
		require.Error(t, d.UnmarshalBinary([]byte(b)), b)
		assert.Equal(t, 3, d.windows, "%s: the state stays", b)
		assert.Len(t, d.entries, 1)
	}
	d := Detector{Told: HeadCorrected}
	require.NoError(t, d.UnmarshalBinary(good))
	assert.Equal(t, HeadCorrected, d.Observe(&window.Snapshot{Sampled: window.Sampled{Kept: true}}), "what the user says stays")
}

func FuzzUnmarshalBinary(f *testing.F) {
	var d Detector
	for i, n := range []int{2, decideAfter} {
		states(&d, i*2, n, 40, usual, usual, usual)
		good, err := d.MarshalBinary()
		require.NoError(f, err)
		f.Add(good)
	}
	f.Add([]byte(`{"Version":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d, e Detector
		if d.UnmarshalBinary(b) != nil {
			return
		}
		first, err := d.MarshalBinary()
		require.NoError(t, err)
		require.NoError(t, e.UnmarshalBinary(first))
		second, err := e.MarshalBinary()
		require.NoError(t, err)
		if !bytes.Equal(first, second) {
			t.Errorf("%s is restored as %s", first, second)
		}
		states(&d, 0, 2, 10, usual, usual, usual) // whatever was accepted can be used
	})
}
