package incident

import (
	"fmt"
	"slices"

	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
)

// Rules of what must stand.
const (
	confirm = 2  // verdicts in a row
	maxLeft = 16 // culprit sets remembered that were given up
)

// changed takes in a window of an open incident, with a verdict where one was
// given, and returns why it is worth an update, "" where it is not. Readers are
// paged by updates, so what flaps says nothing:
//
//   - A new set of culprits, and a new band of confidence, must stand in two
//     verdicts in a row, a part of the set that was said in four, a set that was given up
//     before in twice as many each time;
//     after an abstention the first that names a cause is taken at once. An abstention
//     takes back nothing, nor does a part of the set that would not meet the SLO by itself.
//   - The share of bad requests counts where it rises into a band in which it was
//     not before.
func (in *incident) changed(s slo.State, v *rca.Verdict, changes []Linked) Reason {
	var reason Reason
	if v != nil {
		reason = in.judge(*v, changes)
	}
	if now := impact(s); s.Violated && now > in.Impact {
		in.Impact = now
		if reason == "" {
			reason = ImpactChanged
		}
	}
	return reason
}

// judge takes in a verdict.
func (in *incident) judge(v rca.Verdict, changes []Linked) Reason {
	before := in.Last.Verdict
	stood, stand, leaning := in.Root, in.Stand, in.Leaning
	in.Root, in.Stand, in.Leaning = "", 0, -1
	switch next, band := roots(v), confidence(v); {
	case v.Abstained:
		return ""
	case partOf(v, before) && before.RestoresSLO && !v.RestoresSLO:
		return ""
	case next != roots(before) || before.Abstained:
		if next != stood {
			stand = 0
		}
		if stand++; !before.Abstained && stand < in.needs(next, partOf(v, before)) {
			in.Root, in.Stand = next, stand
			return ""
		}
		if !before.Abstained {
			in.leave(roots(before))
		}
		in.Last.Verdict, in.Last.Changes, in.Confidence = v, changes, band
		return RootChanged
	case band != in.Confidence:
		in.Last.Verdict, in.Last.Changes = v, changes
		if band != leaning {
			in.Leaning = band
			return ""
		}
		in.Confidence = band
		return ConfidenceChanged
	default:
		in.Last.Verdict, in.Last.Changes = v, changes
		return ""
	}
}

// partOf reports whether a verdict names some of the culprits that were said, and no others.
// What is rare, as lost messages are, does not show in every window, and is not over for that.
func partOf(v, before rca.Verdict) bool {
	if len(v.Culprits) == 0 || len(v.Culprits) >= len(before.Culprits) {
		return false
	}
	said := make(map[string]bool, len(before.Culprits))
	for _, c := range before.Culprits {
		said[root(c)] = true
	}
	return !slices.ContainsFunc(v.Culprits, func(c rca.Cause) bool { return !said[root(c)] })
}

// needs is in how many windows in a row a culprit set must stand to be said: in two, or in four
// if it is part of the one that was said, and in twice as many each time that it was given up
// before, as what comes and goes would otherwise be said each time.
func (in *incident) needs(set string, part bool) int {
	n := confirm
	if part {
		n *= 2
	}
	for _, l := range in.Left {
		if l == set {
			n *= 2
		}
	}
	return n
}

// leave notes that a culprit set was given up. The latest ones are kept.
func (in *incident) leave(set string) {
	in.Left = append(in.Left, set)
	if len(in.Left) > maxLeft {
		in.Left = slices.Delete(in.Left, 0, len(in.Left)-maxLeft)
	}
}

// roots names the culprit set, whatever its order.
func roots(v rca.Verdict) string {
	names := make([]string, 0, len(v.Culprits))
	for _, c := range v.Culprits {
		names = append(names, root(c))
	}
	slices.Sort(names)
	return fmt.Sprint(names)
}

func root(c rca.Cause) string {
	return fmt.Sprintf("%q %q %q %q %q %q", c.Kind, c.Mechanism, c.Service, c.Instance, c.Host, c.Edge)
}

// confidence is the band of the first culprit's probability: low, medium, high.
func confidence(v rca.Verdict) int {
	if len(v.Culprits) == 0 {
		return 0
	}
	return band(v.Culprits[0].Probability, 0.5, 0.8)
}

// impact is the band of the share of bad requests.
func impact(s slo.State) int { return band(s.BadRatio, 0.10, 0.25, 0.50) }

// band counts the bounds that v reaches.
func band(v float64, bounds ...float64) int {
	n := 0
	for _, b := range bounds {
		if v >= b {
			n++
		}
	}
	return n
}
