package engine

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/slo"
)

// idleObjectives says which configured objectives are not judged, why, and what to do, or "".
// A window is so long, and must have least requests.
func idleObjectives(of []slo.Idle, least float64, long time.Duration) string {
	var out []string
	for _, x := range of[:min(len(of), maxCrowds)] {
		name := "SLO " + x.Objective.Name
		switch {
		case x.Matched:
			out = append(out, fmt.Sprintf("%s is hardly ever judged: %.3g requests seen in a window, ten windows are judged together at most, and rule.min_requests is %.4g: set window to %v, or rule.min_requests lower",
				name, x.Seen, least, long*enoughWindows(x, least)))
		case len(x.Served) > 0:
			out = append(out, fmt.Sprintf("%s is not judged: no operation of %s matches %q, it serves such as %s", name, x.Objective.Service, x.Objective.Operation, quoted(x.Served)))
		default:
			out = append(out, fmt.Sprintf("%s is not judged: %s serves nothing, is it the service.name of spans?", name, x.Objective.Service))
		}
	}
	if more := len(of) - maxCrowds; more > 0 {
		out = append(out, fmt.Sprintf("%d more SLOs are not judged", more))
	}
	return strings.Join(out, "; ")
}

// enoughWindows is how many windows have as many requests as are asked for of one, and two
// that were seen, as one may stand for all of them.
func enoughWindows(x slo.Idle, least float64) time.Duration {
	const atLeast = 0.1 // requests in a window
	return time.Duration(math.Ceil(max(least/max(x.Requests, atLeast), min(2, least)/max(x.Seen, atLeast))))
}

// joined joins what there is of two texts.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
