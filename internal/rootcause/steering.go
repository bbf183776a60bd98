package rootcause

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/incident"
	"github.com/sage-rca/sage/internal/rca"
)

// Steering marks spans that are worth keeping, for a sampler further on. It is the one
// thing that changes spans, and off unless it is asked for.
type Steering struct {
	Enabled bool `mapstructure:"enabled"`
	// Attribute of spans that gets the value suspect or baseline.
	Attribute string `mapstructure:"attribute"`
	// SuspectRatio is the share of the traces through the services that open incidents
	// are about that are marked, in [0, 1].
	SuspectRatio float64 `mapstructure:"suspect_ratio"`
	// BaselineRatio is the share of all traces that are marked for comparison, at all
	// times and however they end, in [0, 1].
	BaselineRatio float64 `mapstructure:"baseline_ratio"`
}

func defaultSteering() Steering {
	return Steering{Attribute: "sage.keep", SuspectRatio: 1, BaselineRatio: 0.01}
}

// The values of Steering.Attribute.
const (
	keepSuspect  = "suspect"
	keepBaseline = "baseline"
)

func (s *Steering) validate(p *problems) {
	if !s.Enabled {
		return
	}
	if s.Attribute == "" {
		p.add("steering.attribute", "must not be empty")
	}
	p.ratio("steering.suspect_ratio", s.SuspectRatio)
	p.ratio("steering.baseline_ratio", s.BaselineRatio)
}

func (p *problems) ratio(setting string, v float64) {
	if !(v >= 0 && v <= 1) {
		p.add(setting, "must be in [0, 1] (got %v)", v)
	}
}

// steering marks spans. It is safe for concurrent use.
//
// Whether a trace is marked follows from its ID alone, and so is the same for all of its
// spans, in whatever batches and Collectors they come. A trace of the baseline is marked
// as such on all spans; one of suspects on the spans of suspected services, which is
// enough for a sampler that keeps a trace for one of its spans.
type steering struct {
	attribute         string
	suspect, baseline uint64 // traces with a smaller hash are marked

	suspects atomic.Pointer[map[string]bool] // services

	mu   sync.Mutex          // guards everything below
	open map[string][]string // services by incident
}

func newSteering(cfg *Steering) *steering {
	s := &steering{
		attribute: cfg.Attribute, suspect: threshold(cfg.SuspectRatio), baseline: threshold(cfg.BaselineRatio),
		open: make(map[string][]string),
	}
	s.suspects.Store(&map[string]bool{})
	return s
}

// threshold returns below which hash a share of all lies.
func threshold(share float64) uint64 {
	if share >= 1 {
		return math.MaxUint64
	}
	return uint64(math.Ldexp(share, 64))
}

// hash spreads trace IDs in a way of its own, so that a sampler that decides by trace ID
// as well does not see chosen ones.
func hash(id pcommon.TraceID) uint64 {
	const salt = 0x73616765 // any number that nobody else is likely to use
	h := binary.LittleEndian.Uint64(id[:8]) ^ salt
	for _, w := range [...]uint64{0, binary.LittleEndian.Uint64(id[8:])} {
		h = (h ^ w) + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}

// mark marks the spans of td that are worth keeping, and returns how many it was for
// either reason.
func (s *steering) mark(td ptrace.Traces) (suspect, baseline int) {
	suspects := *s.suspects.Load()
	for k := range td.ResourceSpans().Len() {
		rs := td.ResourceSpans().At(k)
		suspected := len(suspects) > 0 && suspects[serviceOf(rs.Resource().Attributes())]
		for n := range rs.ScopeSpans().Len() {
			spans := rs.ScopeSpans().At(n).Spans()
			for i := range spans.Len() {
				span := spans.At(i)
				switch h := hash(span.TraceID()); {
				case h < s.baseline:
					span.Attributes().PutStr(s.attribute, keepBaseline)
					baseline++
				case suspected && (h < s.suspect || s.suspect == math.MaxUint64):
					span.Attributes().PutStr(s.attribute, keepSuspect)
					suspect++
				}
			}
		}
	}
	return suspect, baseline
}

// serviceOf names the service of a resource as paths of causes do.
func serviceOf(m pcommon.Map) string {
	text := func(key string) string {
		if v, ok := m.Get(key); ok && v.Type() == pcommon.ValueTypeStr {
			return v.Str()
		}
		return ""
	}
	return identity.Service{Namespace: text("service.namespace"), Name: text("service.name")}.String()
}

// follow takes in what the engine says: services that open incidents are about are
// suspected until the last of these is over.
func (s *steering) follow(outs []engine.Output) {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := false
	for _, o := range outs {
		e := o.Incident
		if e == nil {
			continue
		}
		changed = true
		switch e.Phase {
		case incident.Open, incident.Update:
			s.open[e.ID] = about(e)
		case incident.Resolved, incident.Expired:
			delete(s.open, e.ID)
		}
	}
	if !changed {
		return
	}
	suspects := make(map[string]bool)
	for _, id := range slices.Sorted(maps.Keys(s.open)) {
		for _, name := range s.open[id] {
			suspects[name] = true
		}
	}
	s.suspects.Store(&suspects)
}

// about returns the services on the paths from the one that is hurt to what may be to
// blame.
func about(e *incident.Event) []string {
	out := []string{e.SLO.RPC.Service.String()}
	for _, causes := range [...][]rca.Cause{e.Verdict.Culprits, e.Verdict.Candidates} {
		for _, c := range causes {
			out = append(out, c.Path...)
			if !c.Service.IsZero() {
				out = append(out, c.Service.String())
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
