package callgraph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/identity"
)

// A scenario is text of one span or command a line:
//
//	span parent kind service operation start-end options
//
// A span is named by a number, in trace 1, or as trace.number; the parent "-" is
// none, "?" one that never comes. Kinds are S(erver), C(lient), P(roducer),
// consumer R(eceive), I(nternal), U(nspecified), and those that seem to serve
// (US) or to call (UC). Options are peer=name, link=span, w=weight,
// error=type, stream, terminal. Commands are "advance TIME" and "flush"; a flush follows
// the last line.

// lines returns what was recorded as text, sorted:
//
//	serve service operation d=duration own=exclusive calls=sum t=time flags
//	call caller > callee client= server= t= flags
//	count reason n
func (r *recorder) lines() []string {
	var out []string
	for _, s := range r.served {
		out = append(out, fmt.Sprintf("serve %s d=%d own=%d calls=%d t=%d%s", s.RPC, s.Duration, s.Exclusive, s.ChildSum, s.Time,
			flags("entry", s.Entry, "async", s.Async, "stream", s.Stream, "error="+s.ErrorType, s.Error, fmt.Sprintf("w=%v", s.Weight), s.Weight != 1)))
	}
	for _, c := range r.calls {
		out = append(out, fmt.Sprintf("call %s client=%d server=%d t=%d%s", c.Edge, c.Client, c.Server, c.Time,
			flags("leaf", c.Leaf, "async", c.Async, fmt.Sprintf("queue=%d", c.Queue), c.Queue >= 0,
				"stream", c.Stream, "error="+c.ErrorType, c.Error, fmt.Sprintf("again=%d", c.Again), c.Again > 0,
				fmt.Sprintf("w=%v", c.Weight), c.Weight != 1)))
	}
	for why, n := range r.counts {
		if n > 0 {
			out = append(out, fmt.Sprintf("count %s %d", Reason(why), n))
		}
	}
	slices.Sort(out)
	return out
}

func flags(pairs ...any) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1].(bool) {
			b.WriteString(" " + pairs[i].(string))
		}
	}
	return b.String()
}

// play runs a scenario and returns what came out.
func play(t *testing.T, cfg Config, text string) []string {
	t.Helper()
	var r recorder
	a := New(cfg, &r)
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case f[0] == "advance":
			a.Advance(number(t, f[1]))
		case f[0] == "flush":
			a.Flush()
		default:
			add(a, parse(t, f))
		}
	}
	a.Flush()
	require.Zero(t, a.Pending())
	return r.lines()
}

var kinds = map[string]Kind{"S": Server, "C": Client, "P": Producer, "R": Consumer, "I": Internal, "U": Unspecified, "US": SeemsServer, "UC": SeemsClient}

func parse(t *testing.T, f []string) spoken {
	t.Helper()
	require.GreaterOrEqual(t, len(f), 6, "%v", f)
	kind, ok := kinds[f[2]]
	require.True(t, ok, "kind %q", f[2])
	start, end, ok := strings.Cut(f[5], "-")
	require.True(t, ok, "%v", f)
	s := spoken{
		ID: spanID(t, f[0]), Kind: kind, Service: identity.Service{Name: f[3]}, Operation: f[4],
		Start: number(t, start), End: number(t, end), Weight: 1,
	}
	switch f[1] {
	case "-":
	case "?":
		s.Parent = identity.SpanID{0xff}
	default:
		s.Parent = spanID(t, f[1]).ID
	}
	for _, o := range f[6:] {
		k, v, _ := strings.Cut(o, "=")
		switch k {
		case "peer":
			s.Peer.Name = v
		case "link":
			s.Links = append(s.Links, spanID(t, v))
		case "w":
			s.Weight = float64(number(t, v))
		case "error":
			s.Error, s.ErrorType = true, v
		case "stream":
			s.Stream = true
		case "terminal":
			s.Terminal = true
		default:
			t.Fatalf("option %q", o)
		}
	}
	return s
}

// spanID reads "number" or "trace.number". The zero id is 0.
func spanID(t *testing.T, s string) identity.Span {
	t.Helper()
	trace, id, ok := strings.Cut(s, ".")
	if !ok {
		trace, id = "1", s
	}
	return identity.Span{
		Trace: identity.TraceID{15: byte(number(t, trace))},
		ID:    identity.SpanID{7: byte(number(t, id))},
	}
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	require.NoError(t, err)
	return n
}

// expect sorts the lines of a text.
func expect(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return out
}

// roomy bounds nothing that a scenario does.
var roomy = Config{MaxPending: 1000, MaxTrace: 1000, MaxAge: 1_000_000}
