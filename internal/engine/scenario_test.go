package engine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/cbn"
	"github.com/sage-rca/sage/internal/change"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
	"github.com/sage-rca/sage/internal/slo"
	"github.com/sage-rca/sage/internal/window"
)

// scenario is one file of testdata/scenarios: what it shows, settings, windows of 10 s,
// and the events that come of them. A line of windows is a number of them and the
// conditions, see conditions; "restart" and "kill" stand between them. UPDATE=1
// rewrites the events.
type scenario struct {
	file    string
	text    [2]string // before the events
	cfg     Config
	world   world
	real    bool // a real diagnosis
	windows []*conditions
	between map[int]string // what happens before a window
	want    string

	pictures []*window.Snapshot // of the windows, as far as they were asked for
}

func loadScenario(t *testing.T, file string) *scenario {
	t.Helper()
	b, err := os.ReadFile(file)
	require.NoError(t, err)
	head, events, ok := strings.Cut(string(b), "-- events --\n")
	require.True(t, ok, "%s has no events", file)
	prose, rest, ok := strings.Cut(head, "-- set --\n")
	require.True(t, ok, "%s has no settings", file)
	settings, windows, ok := strings.Cut(rest, "-- windows --\n")
	require.True(t, ok, "%s has no windows", file)
	require.NotEmpty(t, strings.TrimSpace(prose), "%s says what it shows", file)
	s := &scenario{file: file, text: [2]string{head, events}, cfg: config(), between: map[int]string{}, want: events}
	s.cfg.SLO.Objectives = nil
	s.cfg.Lookback = time.Hour
	s.cfg.HistoryEvery = 1
	s.cfg.Training.History = 2 * time.Hour
	s.cfg.Changes = change.Default(100)
	s.cfg.Changes.Settle, s.cfg.Changes.GoneAfter = 6, 4
	for line := range strings.Lines(settings) {
		require.NoError(t, s.set(strings.Fields(line)), "%s: %s", file, line)
	}
	for line := range strings.Lines(windows) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0] == "#" {
			continue
		}
		if words[0] == "kill" || words[0] == "restart" {
			s.between[len(s.windows)] = words[0]
			continue
		}
		n, err := strconv.Atoi(words[0])
		require.NoError(t, err, "%s: %s", file, line)
		c, err := parseConditions(words[1:])
		require.NoError(t, err, "%s: %s", file, line)
		for range n {
			s.windows = append(s.windows, &c)
		}
	}
	s.pictures = make([]*window.Snapshot, len(s.windows))
	return s
}

// set takes in a line of settings.
func (s *scenario) set(words []string) error {
	if len(words) == 0 {
		return nil
	}
	durations := make([]time.Duration, len(words))
	numbers := make([]float64, len(words))
	for i, w := range words {
		durations[i], _ = time.ParseDuration(w) // what is none stays 0
		numbers[i], _ = strconv.ParseFloat(w, 64)
	}
	switch words[0] {
	case "calls":
		s.world.chain(strings.Join(words[1:], " "))
	case "latency": // NAME SERVICE QUANTILE THRESHOLD
		s.cfg.SLO.Objectives = append(s.cfg.SLO.Objectives, slo.Objective{
			Name: words[1], Service: identity.Service{Name: words[2]}, Operation: "*", Quantile: numbers[3], Threshold: durations[4],
		})
	case "errors": // NAME SERVICE TARGET [LONG SHORT FACTOR]
		o := slo.Objective{Name: words[1], Service: identity.Service{Name: words[2]}, Operation: "*", Indicator: slo.Errors, Target: numbers[3]}
		if len(words) > 4 {
			o.Burn = []slo.BurnRule{{Long: durations[4], Short: durations[5], Factor: numbers[6]}}
		}
		s.cfg.SLO.Objectives = append(s.cfg.SLO.Objectives, o)
	case "minimum": // requests of a window
		s.cfg.SLO.MinRequests = numbers[1]
	case "burn": // LONG SHORT FACTOR [ticket]
		s.cfg.SLO.Burn = append(s.cfg.SLO.Burn, slo.BurnRule{Long: durations[1], Short: durations[2], Factor: numbers[3], Ticket: len(words) > 4})
	case "learn": // WINDOWS QUANTILE HEADROOM
		s.cfg.SLO.Learn = slo.LearnConfig{Enabled: true, Windows: int(numbers[1]), Quantile: numbers[2], Headroom: numbers[3]}
	case "lookback":
		s.cfg.Lookback = durations[1]
	case "heartbeat":
		s.cfg.Incident.HeartbeatEvery = durations[1]
	case "expire":
		s.cfg.Incident.ExpireAfter = durations[1]
	case "open": // at most
		s.cfg.Incident.MaxOpen = int(numbers[1])
	case "diagnose":
		s.real = true
	case "nochanges":
		s.cfg.Changes = change.Config{}
	default:
		return fmt.Errorf("no setting: %q", words[0])
	}
	return nil
}

// play is a scenario under way.
type play struct {
	s     *scenario
	store *memory
	watch *watch
	run   *run
	now   *conditions
	said  []Output
}

func (p *play) begin(t *testing.T) {
	t.Helper()
	e, err := New(p.s.cfg, p.store, p.watch, func(_ context.Context, out []Output) { p.said = append(p.said, out...) })
	require.NoError(t, err)
	p.run = e.run
	if !p.s.real {
		p.run.diagnose = p.blame
	}
	p.run.restore(t.Context())
}

// blame is the diagnosis that the conditions ask for.
func (p *play) blame(in rca.Input, _ rca.Config) rca.Verdict {
	text, ok := p.now.blame[in.Entry.Service.Name]
	if !ok {
		text = p.now.blame[""]
	}
	if text == "" || text == "?" {
		return rca.Verdict{Method: rca.MethodRobust, Abstained: true, Reason: "nothing explains it"}
	}
	names, p1, _ := strings.Cut(text, ":")
	v := rca.Verdict{Method: rca.MethodRobust}
	for _, name := range strings.Split(names, "+") {
		name, host, onHost := strings.Cut(name, "%")
		c := rca.Cause{Kind: rca.KindService, Mechanism: rca.Latent, Service: identity.Service{Name: name}}
		if onHost {
			c.Kind, c.Mechanism, c.Host = rca.KindHost, rca.CPU, host
		}
		for _, k := range in.Graph.PathFrom(in.Entry, cbn.Channel{Service: c.Service}) {
			c.Path = append(c.Path, k.Service.Name)
		}
		c.Probability, _ = strconv.ParseFloat(p1, 64)
		v.Culprits = append(v.Culprits, c)
	}
	v.Candidates = v.Culprits
	return v
}

// perform plays all windows, and returns what is said. kept is what the store holds
// before each window, and how much was said by then.
func (s *scenario) perform(t *testing.T) (said []Output, kept []moment) {
	t.Helper()
	p := &play{s: s, store: newMemory(), watch: new(watch)}
	p.begin(t)
	for i := range s.windows {
		kept = append(kept, moment{p.store.copy(), len(p.said)})
		switch s.between[i] {
		case "restart":
			p.run.finish(t.Context())
			p.begin(t)
		case "kill":
			p.store = p.store.copy()
			p.begin(t)
		}
		p.step(t, i)
	}
	assert.Empty(t, p.watch.failures(), s.file)
	return p.said, kept
}

// moment is what a kill leaves.
type moment struct {
	store *memory
	said  int
}

// after is what is said by an engine that is killed before window i.
func (s *scenario) after(t *testing.T, i int, left moment) []Output {
	t.Helper()
	p := &play{s: s, store: left.store, watch: new(watch)}
	p.begin(t)
	p.run.keeper.store = nil // nobody reads what it would write
	for ; i < len(s.windows); i++ {
		p.step(t, i)
	}
	assert.Empty(t, p.watch.failures(), s.file)
	return p.said
}

func (p *play) step(t *testing.T, i int) {
	t.Helper()
	p.now = p.s.windows[i]
	if p.s.pictures[i] == nil {
		p.s.pictures[i] = p.s.world.picture(i, p.now)
	}
	p.run.step(t.Context(), p.s.pictures[i])
}

// script is what is said as a scenario writes it.
func script(said []Output) string {
	var b strings.Builder
	names := make(map[string]string) // of incidents, by ID
	for _, o := range said {
		switch {
		case o.Change != nil:
			fmt.Fprintf(&b, "%d change %s\n", windowOf(o.Change.Noticed), changeText(o.Change))
		case o.Incident != nil:
			e := o.Incident
			names[e.ID] = fmt.Sprintf("%s of %d", e.SLO.Objective.Name, windowOf(e.Start)+1)
			fmt.Fprintf(&b, "%d %s\n", windowOf(e.Time), incidentText(e, names))
		}
	}
	return b.String()
}

// windowOf is the window that ends at a time.
func windowOf(at time.Time) int64 { return (at.UnixNano()-epoch)/int64(size) - 1 }

func changeText(c *change.Change) string {
	of := c.Service.String()
	if len(c.Hosts) > 0 {
		of = strings.Join(c.Hosts, ",")
	}
	text := fmt.Sprintf("%s %s since %d", of, c.Kind, windowOf(c.Since)+1)
	switch c.Kind {
	case change.Version:
		text += " " + c.Old + ">" + c.New
	case change.Replicas:
		text += fmt.Sprintf(" %d>%d", c.Was, c.Is)
	case change.OperationsNew, change.OperationsGone:
		text += " " + strings.Join(c.Operations, ",")
	case change.ServiceGone:
		text += fmt.Sprintf(" unanswered %g", c.Unanswered)
	case change.HostsNew, change.HostsGone:
		for _, s := range c.Services {
			text += " " + s.String()
		}
	case change.ServiceNew:
	}
	if c.Back {
		text += " back"
	}
	return text
}

func incidentText(e *incident.Event, names map[string]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", e.Phase)
	if e.Reason != "" {
		fmt.Fprintf(&b, " %s", e.Reason)
	}
	fmt.Fprintf(&b, " #%d %s", e.Sequence, names[e.ID])
	switch {
	case e.SLO.Objective.Learned:
		b.WriteString(" learned")
	case e.SLO.Ticket:
		b.WriteString(" ticket")
	}
	if e.Raised {
		b.WriteString(" raised")
	}
	b.WriteString(": ")
	if e.Verdict.Abstained {
		b.WriteString("? " + e.Verdict.Reason)
	}
	for i := range e.Verdict.Culprits {
		c := &e.Verdict.Culprits[i]
		if i > 0 {
			b.WriteString(" + ")
		}
		fmt.Fprintf(&b, "%s %s %s %.2f", c.Service, c.Kind, c.Mechanism, c.Probability)
		if c.Host != "" {
			b.WriteString(" on " + c.Host)
		}
	}
	for i := range e.Changes {
		l := &e.Changes[i]
		fmt.Fprintf(&b, "; after %s", changeText(&l.Change))
		if l.Change.Noticed.IsZero() {
			b.WriteString(" perhaps")
		}
		if l.Compared != nil {
			fmt.Fprintf(&b, " beside it %.1fx as slow", l.Compared.New/l.Compared.Old)
		}
	}
	if slices.Contains(e.Verdict.RuledOut, string(rca.Change)) {
		b.WriteString("; no deploy")
	}
	for _, p := range e.Parts {
		fmt.Fprintf(&b, "; also %s", p.SLO)
	}
	if e.MergedInto != "" {
		fmt.Fprintf(&b, "; merged into %s", names[e.MergedInto])
	}
	if e.Recurrence > 0 {
		fmt.Fprintf(&b, "; recurs %d", e.Recurrence)
	}
	if !e.Frozen.IsZero() {
		fmt.Fprintf(&b, "; not measured since %d", windowOf(e.Frozen)+1)
	}
	if e.Phase == incident.Open && e.Onset.Known() {
		fmt.Fprintf(&b, "; began in %d [%d, %d]", windowOf(e.Onset.Time)+1, windowOf(e.Onset.Earliest)+1, windowOf(e.Onset.Latest))
	}
	return b.String()
}

func scenarios(t *testing.T) []*scenario {
	t.Helper()
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	out := make([]*scenario, 0, len(files))
	for _, f := range files {
		out = append(out, loadScenario(t, f))
	}
	return out
}

func TestScenarios(t *testing.T) {
	for _, s := range scenarios(t) {
		t.Run(strings.TrimSuffix(filepath.Base(s.file), ".txt"), func(t *testing.T) {
			said, _ := s.perform(t)
			got := script(said)
			if os.Getenv("UPDATE") != "" {
				require.NoError(t, os.WriteFile(s.file, []byte(s.text[0]+"-- events --\n"+got), 0o600))
				return
			}
			assert.Equal(t, s.want, got)
		})
	}
}

// ends are the incidents that were opened and ended, by their identity.
func ends(said []Output) []string {
	var out []string
	for _, o := range said {
		if e := o.Incident; e != nil && e.Phase != incident.Update {
			out = append(out, fmt.Sprintf("%s %s", e.ID, e.Phase))
		}
	}
	slices.Sort(out)
	return out
}

// quiet says that nothing happens around window i: it is like those before it, and
// nothing is said for a while. To be killed there is to be killed where it was tried.
func (s *scenario) quiet(kept []moment, i int) bool {
	from, to := max(1, i-2), min(i+2, len(s.windows)-1)
	return kept[from].said == kept[to].said && s.windows[from] == s.windows[to]
}

// Law: an engine that is killed before any window, with all that is not written down
// by then, says the same as one that is not, where all windows are written down. Where
// quiet ones are every 5th time only, a kill may delay what is said, but no incident is
// opened twice, or under another identity, or lost.
func TestScenarios_killedBeforeAnyWindow(t *testing.T) {
	for _, s := range scenarios(t) {
		if len(s.between) > 0 {
			continue
		}
		for _, every := range []int{1, 5} {
			s.cfg.HistoryEvery = every
			said, kept := s.perform(t)
			for i := 1; i < len(s.windows); i++ {
				if s.quiet(kept, i) {
					continue
				}
				got := slices.Concat(said[:kept[i].said], s.after(t, i, kept[i]))
				if every == 1 {
					require.Equal(t, script(said), script(got), "%s: killed before window %d", s.file, i)
				}
				require.Equal(t, ends(said), ends(got), "%s: killed before window %d", s.file, i)
			}
		}
	}
}

// A snapshot of a world adds up: every served request has its call.
func TestWorld(t *testing.T) {
	var w world
	w.chain("front > cart > db")
	w.chain("other > db")
	c, err := parseConditions(strings.Fields("db=100ms db!8 db@v1+v2 cart*3 blame=db:0.9"))
	require.NoError(t, err)
	s := w.picture(3, &c)
	require.Len(t, s.RPCs, 4)
	db := s.RPCs[1]
	assert.Equal(t, rpc("db"), db.Key)
	assert.InDelta(t, 80, db.Count, 0, "of two entries")
	assert.InDelta(t, 16, db.Errors, 0)
	require.Len(t, db.Instances, 2)
	assert.InDelta(t, 1e7, db.Instances[0].Latency.Quantile(0.5), 1e6, "v1 is as fast as ever")
	assert.InDelta(t, 1e8, db.Instances[1].Latency.Quantile(0.5), 1e7)
	assert.InDelta(t, 40, s.RPCs[2].Entries, 0)
	require.Len(t, s.Edges, 3)
	for _, e := range s.Edges {
		assert.InDelta(t, 40, e.Matched, 0)
	}
	c, err = parseConditions([]string{"-db"})
	require.NoError(t, err)
	s = w.picture(4, &c)
	require.Len(t, s.RPCs, 3)
	type sums struct{ count, matched, errors float64 }
	var got []sums
	for _, e := range s.Edges { // cart > db, front > cart, other > db
		got = append(got, sums{e.Count, e.Matched, e.Errors})
	}
	assert.Equal(t, []sums{{40, 0, 40}, {40, 40, 40}, {40, 0, 40}}, got)
	_, err = parseConditions([]string{"nonsense"})
	require.Error(t, err)
}
