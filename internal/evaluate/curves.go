package evaluate

import (
	"context"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/sage-rca/sage/internal/method"
	"github.com/sage-rca/sage/internal/simulate"
	"github.com/sage-rca/sage/internal/simulate/apps"
	"github.com/sage-rca/sage/internal/simulate/emit"
)

// compared are the methods of the curves.
func compared() []method.Method {
	return []method.Method{method.Sage{}, method.Robust{}, method.BARO{}, method.Exclusive{}}
}

// way is one way of telling what happened, as a point of a curve.
type way struct {
	curve, at string
	options   emit.Options
}

const fullTelling = "complete"

// ways returns the points that differ in telemetry alone: they are seen in one run.
// Muted is a service that sends no spans.
func ways(muted int) []way {
	return []way{
		{"", fullTelling, emit.Options{}},
		{"sampling", "10 %", emit.Options{SampleRatio: 0.1}},
		{"sampling", "10 %, SDK histograms", emit.Options{SampleRatio: 0.1, Durations: true}},
		{"sampling", "1 %", emit.Options{SampleRatio: 0.01}},
		{"sampling", "1 %, SDK histograms", emit.Options{SampleRatio: 0.01, Durations: true}},
		{"metric interval", "10 s", emit.Options{MetricEvery: 10 * time.Second}},
		{"metric interval", "30 s", emit.Options{MetricEvery: 30 * time.Second}},
		{"metric interval", "60 s", emit.Options{MetricEvery: 60 * time.Second}},
		{"blind spots", "one hop uninstrumented", emit.Options{Mute: map[int]bool{muted: true}}},
		{"blind spots", "20 % of spans lost", emit.Options{LoseSpans: 0.2}},
		{"blind spots", "clocks off by up to 3 s", emit.Options{ClockSkew: 3 * time.Second}},
	}
}

// first names the point of the complete telling in each curve.
var first = map[string]string{"sampling": "100 %", "metric interval": "5 s", "blind spots": "none"}

// curves are the robustness curves of one application.
func curves(ctx context.Context, name string, size Size, seed uint64, say func(string, ...any)) (map[string][]Point, error) {
	app, err := apps.New(name, seed)
	if err != nil {
		return nil, err
	}
	s, err := scenario(app, name, seed, AppSize{Name: name, Incidents: size.RobustPoints}, nil)
	if err != nil {
		return nil, err
	}
	out := make(map[string][]Point)
	add := func(curve, at string, asked *Asked, names ...string) {
		if names == nil {
			names = namesOf(compared())
		}
		key := name + ": " + curve
		out[key] = append(out[key], Point{At: at, Methods: rows(names, asked.Incidents, nil)})
		say("%s: %s %s", name, curve, at)
	}

	ws := ways(hop(app))
	tellings := make([]emit.Options, len(ws))
	for i := range ws {
		tellings[i] = ws[i].options
	}
	timelines, err := Simulate(ctx, s, tellings)
	if err != nil {
		return nil, err
	}
	for i, t := range timelines {
		asked, err := Stream(ctx, t, protocol(true, trainAfter), compared())
		if err != nil {
			return nil, err
		}
		if ws[i].curve != "" {
			add(ws[i].curve, ws[i].at, asked)
			continue
		}
		for _, c := range []string{"sampling", "metric interval", "blind spots"} {
			add(c, first[c], asked)
		}
	}
	if err := onsets(ctx, timelines[0], add); err != nil {
		return nil, err
	}
	hours := slices.Clone(size.Histories)
	if name == size.Day {
		hours = append(hours, dayHours)
	}
	return out, histories(ctx, s, timelines[0], hours, add)
}

// dayHours is the longest history of the curve over it.
const dayHours = 24

func namesOf(ms []method.Method) []string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Name())
	}
	return out
}

// onsets compares what methods make of an onset that is known, estimated or late.
func onsets(ctx context.Context, t *Timeline, add func(curve, at string, asked *Asked, names ...string)) error {
	points := []struct {
		at    string
		onset onset
	}{{"known", known}, {"estimated", estimated}, {"60 s late", late}}
	var methods []method.Method
	asking := append(compared(), method.NSigma{})
	for _, p := range points {
		for _, m := range asking {
			methods = append(methods, tell(m, p.onset, m.Name()+" "+p.at))
		}
	}
	asked, err := Stream(ctx, t, protocol(true, trainAfter), methods)
	if err != nil {
		return err
	}
	for _, p := range points {
		one := &Asked{}
		for _, in := range asked.Incidents { // under the methods' own names
			c := *in
			c.replies = make(map[string]*replies)
			for _, m := range asking {
				c.replies[m.Name()] = in.replies[m.Name()+" "+p.at]
			}
			one.Incidents = append(one.Incidents, &c)
		}
		add("onset", p.at, one, namesOf(asking)...)
	}
	return nil
}

// histories varies how long the model has learned, and whether it has seen
// violations.
func histories(ctx context.Context, s *Scenario, t *Timeline, hours []float64, add func(curve, at string, asked *Asked, names ...string)) error {
	for _, h := range hours {
		longer := *s
		more := time.Duration(h*float64(time.Hour)) - warmup
		longer.Plan = delayed(s.Plan, more)
		ts, err := Simulate(ctx, &longer, []emit.Options{{}})
		if err != nil {
			return err
		}
		p := protocol(true, trainAfter)
		p.MinWindows = int((warmup+more)/windowSize) - 5
		asked, err := Stream(ctx, ts[0], p, compared())
		if err != nil {
			return err
		}
		add("training history", strconv.FormatFloat(h, 'g', -1, 64)+" h", asked)
	}
	asked, err := Stream(ctx, t, protocol(true, trainAfter), compared())
	if err != nil {
		return err
	}
	add("violations in training", "none", asked)
	p := protocol(true, trainAfter)
	p.Interval = trainAfter * windowSize
	if asked, err = Stream(ctx, t, p, compared()); err != nil {
		return err
	}
	add("violations in training", "trained again every "+strconv.Itoa(trainAfter)+" windows, whatever was in them", asked)
	return nil
}

// delayed returns a plan that begins by d later.
func delayed(p apps.Plan, d time.Duration) apps.Plan {
	out := apps.Plan{Duration: p.Duration + d}
	for _, e := range p.Episodes {
		e.Start, e.End = e.Start+d, e.End+d
		faults := make([]simulate.Fault, len(e.Faults))
		copy(faults, e.Faults)
		for i := range faults {
			faults[i].Start, faults[i].End = faults[i].Start+d, faults[i].End+d
		}
		e.Faults = faults
		out.Episodes = append(out.Episodes, e)
	}
	return out
}

// hop returns a service in the midst of the watched entry's calls: half way down
// the longest chain of them.
func hop(app *simulate.App) int {
	deepest := longest(app, app.Entries[0].RPC, make(map[int][]int))
	return app.RPCs[deepest[len(deepest)/2]].Service
}

// longest returns the longest chain of synchronous calls below an RPC, itself
// first. seen holds what is known.
func longest(app *simulate.App, rpc int, seen map[int][]int) []int {
	if c, ok := seen[rpc]; ok {
		return c
	}
	seen[rpc] = []int{rpc} // of a cycle, no more
	var best []int
	for _, s := range app.RPCs[rpc].Steps {
		for _, c := range s.Calls {
			if below := longest(app, c.RPC, seen); !c.Async && len(below) > len(best) {
				best = below
			}
		}
	}
	seen[rpc] = append([]int{rpc}, best...)
	return seen[rpc]
}

// unlimited is an interval that never passes.
const unlimited = time.Duration(math.MaxInt64)
