package engine

import (
	"errors"
	"math"
	"slices"

	"github.com/sage-rca/sage/internal/longpoll"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sampling"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// SiftObserver is what an Observer also is that wants to know what is not as it looks:
// once each.
type SiftObserver interface {
	Waits(longpoll.Found)   // an operation waits rather than works
	Sampled(sampling.State) // how spans were chosen, where that is news
}

// sifting finds out what of the windows is not as it looks. It is persisted, so that a
// restart just before a fault does not take that for the beginning. Nothing opens from
// what is in doubt.
type sifting struct {
	polls    *longpoll.Filter
	chosen   sampling.Detector
	sampling sampling.State
}

func newSifting(cfg Config) sifting {
	return sifting{polls: longpoll.New(cfg.LongPolls), chosen: sampling.Detector{Told: cfg.Sampling}, sampling: sampling.None}
}

// load restores what was persisted. What an older version did not write is found out anew.
func (s *sifting) load(waits, chosen []byte) error {
	var errs []error
	if len(waits) > 0 {
		errs = append(errs, s.polls.UnmarshalBinary(waits))
	}
	if len(chosen) > 0 {
		errs = append(errs, s.chosen.UnmarshalBinary(chosen))
	}
	return errors.Join(errs...)
}

// sift returns a window as it is to be judged.
func (r *run) sift(s *window.Snapshot) *window.Snapshot {
	was := r.sifting.sampling
	r.sifting.sampling = r.sifting.chosen.Observe(s)
	s, found := r.sifting.polls.Take(s)
	r.unsaved = r.unsaved || r.sifting.sampling != was
	if o, ok := r.obs.(SiftObserver); ok {
		for _, f := range found {
			o.Waits(f)
		}
		if r.sifting.sampling != was {
			o.Sampled(r.sifting.sampling)
		}
	}
	return s
}

// biased reports whether spans are rather those of slow and failed requests.
func (r *run) biased() bool { return r.sifting.sampling == sampling.TailBiased }

// qualified marks the observations of biased spans.
func (r *run) qualified(obs []slo.Observation) []slo.Observation {
	for i := range obs {
		obs[i].Biased = r.biased()
	}
	return obs
}

// withheld returns v without what would have been, where spans are biased: a tail of
// what was kept says nothing about that of all requests.
func (r *run) withheld(v *rca.Verdict) *rca.Verdict {
	if !r.biased() {
		return v
	}
	nan := math.NaN()
	v.Quantile, v.Lower, v.Upper, v.RestoresSLO = nan, nan, nan, false
	v.Culprits, v.Candidates = slices.Clone(v.Culprits), slices.Clone(v.Candidates)
	for _, causes := range [...][]rca.Cause{v.Culprits, v.Candidates} {
		for i := range causes {
			causes[i].Quantile, causes[i].Lower, causes[i].Upper = nan, nan, nan
		}
	}
	return v
}

// admit adds to the state of the model what else makes for silence.
func (r *run) admit(s *ModelStatus) {
	s.Sampling = r.sifting.sampling
	s.warn(r.leftOut.tooMany(), r.leftOut.tooLate(), r.leftOut.severed.said(), noRoom(r.history.UnkeptServices()), r.crowding.warning(), r.unread.warning(),
		idleObjectives(r.watcher.Idle(), r.cfg.SLO.MinRequests, r.history.Window()))
	if !r.biased() {
		return
	}
	const why = "spans are tail-sampled: configured objectives are not judged, learned ones are by what is kept"
	if s.Reason != "" {
		s.Reason += "; "
	}
	s.Reason += why
}
