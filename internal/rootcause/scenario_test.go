package rootcause

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.yaml.in/yaml/v3"

	"github.com/sage-rca/sage/internal/feature"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/sampling"
)

// A scenario is a text file under testdata/guards: what it shows, settings (config), what
// comes in (play), and what is said of it (events). UPDATE=1 writes the last.
//
// A play is a list of commands:
//
//	began W                     the Collector began with window W; else before all
//	at W                        the next window is W; windows are half a minute
//	clock SERVICE D             the clock of a service is D ahead
//	scope KEY=VALUE             scopes of spans have an attribute
//	keep over D and one in N    a sampler keeps traces longer than D, and some others
//	gauge SERVICE NAME V        a metric of a service, in each window from here on, give or
//	                            take some per cent; V of "-": no more
//	N windows of R              so many windows of R requests each, in turn of these kinds:
//	  COUNT SERVICE: OPERATION, TIME, ...
//	    SERVICE: OPERATION, TIME, ...         what it calls
//
// TIME is its own time, "20ms" give or take a tenth; "exactly 30s"; "exp 10ms from 20ms",
// exponential beyond the least; "exp 15s until 30s", a poll. What follows is of the span,
// "fails" or KEY=VALUE, or of the call, "call KEY=VALUE".
type scenario struct {
	prose, config, play, events string
}

const sections = 3

func readScenario(t *testing.T, file string) scenario {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	parts := []string{"", "", "", ""}
	at := 0
	for line := range strings.Lines(string(b)) {
		if name, ok := strings.CutPrefix(line, "-- "); ok {
			at = slices.Index([]string{"", "config --\n", "play --\n", "events --\n"}, name)
			require.Positive(t, at, "%s: section %q", file, line)
			continue
		}
		parts[at] += line
	}
	require.Equal(t, sections, at, "%s: sections are missing", file)
	return scenario{parts[0], parts[1], parts[2], parts[3]}
}

func (s scenario) String() string {
	return s.prose + "-- config --\n" + s.config + "-- play --\n" + s.play + "-- events --\n" + s.events
}

// template is a kind of request.
type template struct {
	count, depth int
	service      string
	operation    string
	own          func(w *world) time.Duration
	fails        bool
	attrs, call  map[string]any
	calls        []*template
}

func (p *template) request(w *world) request {
	r := request{service: p.service, operation: p.operation, own: p.own(w), fails: p.fails, attrs: p.attrs, clientAttrs: p.call}
	for _, c := range p.calls {
		r.calls = append(r.calls, c.request(w))
	}
	return r
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	require.NoError(t, err)
	return d
}

func whole(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

// timeOf parses a TIME.
func timeOf(t *testing.T, text string) func(w *world) time.Duration {
	t.Helper()
	f := strings.Fields(text)
	switch {
	case len(f) == 2 && f[0] == "exactly":
		d := duration(t, f[1])
		return func(*world) time.Duration { return d }
	case len(f) == 4 && f[0] == "exp" && f[2] == "from":
		mean, least := duration(t, f[1]), duration(t, f[3])
		return func(w *world) time.Duration { return least + time.Duration(w.rng.ExpFloat64()*float64(mean)) }
	case len(f) == 4 && f[0] == "exp" && f[2] == "until":
		mean, most := duration(t, f[1]), duration(t, f[3])
		return func(w *world) time.Duration {
			return min(time.Duration(w.rng.ExpFloat64()*float64(mean)), most) + w.around(2*ms)
		}
	}
	require.Len(t, f, 1, "time %q", text)
	d := duration(t, f[0])
	return func(w *world) time.Duration { return w.around(d) }
}

// keyValue parses KEY=VALUE; whole numbers are such.
func keyValue(t *testing.T, text string) (key string, value any) {
	t.Helper()
	key, v, ok := strings.Cut(text, "=")
	require.True(t, ok, "attribute %q", text)
	if n, err := strconv.Atoi(v); err == nil {
		return key, n
	}
	return key, v
}

// templateOf parses the line of a kind of request.
func templateOf(t *testing.T, line string) *template {
	t.Helper()
	text := strings.TrimLeft(line, " ")
	p := &template{depth: (len(line) - len(text)) / 2, attrs: map[string]any{}, call: map[string]any{}}
	head, rest, ok := strings.Cut(text, ": ")
	require.True(t, ok, "%q", line)
	f := strings.Fields(head)
	p.service = f[len(f)-1]
	if p.depth == 1 {
		p.count = whole(t, f[0])
	}
	fields := strings.Split(rest, ", ")
	require.GreaterOrEqual(t, len(fields), 2, "%q", line)
	p.operation, p.own = fields[0], timeOf(t, fields[1])
	for _, o := range fields[2:] {
		if o == "fails" {
			p.fails = true
			continue
		}
		into := p.attrs
		if text, ok := strings.CutPrefix(o, "call "); ok {
			o, into = text, p.call
		}
		k, v := keyValue(t, o)
		into[k] = v
	}
	return p
}

// kindsOf parses the indented lines below a command, each a call of the last line that is
// indented less.
func kindsOf(t *testing.T, lines []string) (kinds []*template, rest []string) {
	t.Helper()
	var path []*template
	for len(lines) > 0 && strings.HasPrefix(lines[0], "  ") {
		p := templateOf(t, lines[0])
		lines = lines[1:]
		path = path[:p.depth-1]
		if p.depth == 1 {
			kinds = append(kinds, p)
		} else {
			up := path[p.depth-2]
			up.calls = append(up.calls, p)
		}
		path = append(path, p)
	}
	return kinds, lines
}

// player plays the commands of a scenario.
type player struct {
	*world
	gauges map[[2]string]float64
}

func (p *player) do(f []string, kinds []*template) {
	t := p.t
	switch f[0] {
	case "at":
		p.at = midnight.Add(time.Duration(whole(t, f[1])) * p.size)
	case "clock":
		p.skew[f[1]] = duration(t, f[2])
	case "scope":
		k, v := keyValue(t, f[1])
		p.sampled = func(s ptrace.ScopeSpans) { s.Scope().Attributes().PutStr(k, fmt.Sprint(v)) }
	case "keep":
		over, one := duration(t, f[2]), whole(t, f[6])
		p.keep = func(r request) bool { return r.took() > over || p.rng.IntN(one) == 0 }
	case "gauge":
		delete(p.gauges, [2]string{f[1], f[2]})
		if f[3] != "-" {
			v, err := strconv.ParseFloat(f[3], 64)
			require.NoError(t, err)
			p.gauges[[2]string{f[1], f[2]}] = v
		}
	default:
		require.Equal(t, []string{"windows", "of"}, f[1:3], "%v", f)
		var turn []*template
		for _, k := range kinds {
			turn = append(turn, slices.Repeat([]*template{k}, k.count)...)
		}
		require.NotEmpty(t, turn, "%v", f)
		for range whole(t, f[0]) {
			for _, k := range slices.SortedFunc(maps.Keys(p.gauges), func(a, b [2]string) int { return slices.Compare(a[:], b[:]) }) {
				p.gauge(k[0], k[1], p.gauges[k]*(1+0.03*p.rng.NormFloat64()))
			}
			p.play(1, whole(t, f[3]), func(i int) request { return turn[i%len(turn)].request(p.world) })
		}
	}
}

// run plays a scenario and returns what is said.
func (s scenario) run(t *testing.T) string {
	t.Helper()
	cfg := watching()
	var settings map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(s.config), &settings))
	require.NoError(t, confmap.NewFromStringMap(settings).Unmarshal(cfg))
	lines := slices.DeleteFunc(strings.Split(s.play, "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
	var since time.Time
	if f := strings.Fields(lines[0]); f[0] == "began" {
		since = midnight.Add(time.Duration(whole(t, f[1])) * cfg.Window)
		lines = lines[1:]
	}
	p := &player{world: newWorld(t, cfg, since), gauges: make(map[[2]string]float64)}
	p.skew = make(map[string]time.Duration)
	for len(lines) > 0 {
		command := strings.Fields(lines[0])
		var kinds []*template
		kinds, lines = kindsOf(t, lines[1:])
		p.do(command, kinds)
	}
	return p.told(p.end())
}

// told writes what was said, a line for each transition and each culprit.
func (w *world) told(events []*incident.Event) string {
	var b strings.Builder
	for _, f := range w.note.waits {
		fmt.Fprintf(&b, "%s waits, at most %s\n", f.RPC, f.Wall.Round(time.Second))
	}
	for _, s := range w.note.sampled {
		fmt.Fprintf(&b, "spans are %s\n", s)
	}
	for _, e := range events {
		source := ""
		if e.SLO.Objective.Learned {
			source = ", learned"
		}
		fmt.Fprintf(&b, "%s %s: %s over %s%s\n", e.Time.Sub(midnight), e.Phase, e.SLO.RPC, e.SLO.Objective.Threshold.Round(ms), source)
		if e.Phase != incident.Open {
			continue
		}
		if e.Verdict.Abstained {
			fmt.Fprintf(&b, "  no cause: %s\n", e.Verdict.Reason)
		}
		for _, c := range e.Verdict.Culprits {
			fmt.Fprintf(&b, "  %s %s %s%s\n", c.Service, c.Kind, c.Mechanism, shown(c))
			if c.Quantile > 0 {
				fmt.Fprintf(&b, "  were it alone normal: %s\n", time.Duration(c.Quantile*1e9).Round(ms))
			}
		}
		if v := e.Verdict; v.Quantile > 0 {
			fmt.Fprintf(&b, "  were it normal: %s, objective met: %v\n", time.Duration(v.Quantile*1e9).Round(ms), v.RestoresSLO)
		}
	}
	for _, why := range slices.Sorted(maps.Keys(w.note.spans)) {
		fmt.Fprintf(&b, "spans %s: %d\n", why, w.note.spans[why])
	}
	if s := w.said[len(w.said)-1].ModelAt.Sampling; s != sampling.None {
		fmt.Fprintf(&b, "rca.data.sampling %s\n", s)
	}
	if text := w.said[len(w.said)-1].ModelAt.Warning; strings.HasPrefix(text, "no metric") {
		fmt.Fprintf(&b, "rca.model.warning %s\n", text)
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}

func shown(c rca.Cause) string {
	switch {
	case c.Unmonitored:
		return ", unmonitored"
	case c.Metric == "":
		return ""
	}
	return fmt.Sprintf(", %s %.2f vs %.2f", feature.ShownMetric(c.Metric), c.Observed, c.Usual)
}

func TestGuards_scenarios(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "guards", "*.txt"))
	require.NoError(t, err)
	require.Greater(t, len(files), 10)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			s := readScenario(t, file)
			got := s.run(t)
			if os.Getenv("UPDATE") != "" {
				s.events = got
				require.NoError(t, os.WriteFile(file, []byte(s.String()), 0o644))
				return
			}
			assert.Equal(t, s.events, got)
		})
	}
}
