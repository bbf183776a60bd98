package incidentexporter

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const routingKey = "0123456789abcdef0123456789abcdef"

// checkPagerDuty holds an event against what the Events API v2 demands: the fields
// and their bounds, and that there are no others.
func checkPagerDuty(t *testing.T, body []byte) map[string]any {
	t.Helper()
	require.LessOrEqual(t, len(body), 512_000)
	var e map[string]any
	require.NoError(t, json.Unmarshal(body, &e))
	only := func(m map[string]any, names ...string) {
		for name := range m {
			assert.Contains(t, names, name)
		}
	}
	only(e, "routing_key", "event_action", "dedup_key", "payload", "client", "client_url", "links", "images")
	assert.Len(t, e["routing_key"], 32)
	assert.Contains(t, []any{"trigger", "acknowledge", "resolve"}, e["event_action"])
	key, _ := e["dedup_key"].(string)
	assert.NotEmpty(t, key)
	assert.LessOrEqual(t, len([]rune(key)), 255)
	p, _ := e["payload"].(map[string]any)
	require.NotNil(t, p)
	only(p, "summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details")
	summary, _ := p["summary"].(string)
	assert.NotEmpty(t, summary)
	assert.LessOrEqual(t, len([]rune(summary)), 1024)
	assert.NotEmpty(t, p["source"])
	assert.Contains(t, []any{"critical", "error", "warning", "info"}, p["severity"])
	if at, there := p["timestamp"]; there {
		_, err := time.Parse(time.RFC3339Nano, at.(string))
		require.NoError(t, err)
	}
	return e
}

func encodePD(t *testing.T, ev *event) map[string]any {
	t.Helper()
	b, err := encodePagerDuty(&PagerDutyConfig{RoutingKey: routingKey, ClientURL: "https://x.example/{trace_id}"}, ev)
	require.NoError(t, err)
	return checkPagerDuty(t, b)
}

func TestPagerDuty_oneKeyPerIncident(t *testing.T) {
	var actions []any
	for _, ev := range []*event{incidentEvent(one().open()), incidentEvent(one().update(2)), incidentEvent(one().resolved(3)), incidentEvent(one().expired(3))} {
		e := encodePD(t, ev)
		assert.Equal(t, "inc-1", e["dedup_key"])
		actions = append(actions, e["event_action"])
	}
	assert.Equal(t, []any{"trigger", "trigger", "resolve", "resolve"}, actions)
}

func TestPagerDuty_payload(t *testing.T) {
	e := encodePD(t, incidentEvent(one().open()))
	p := e["payload"].(map[string]any)
	details := p["custom_details"].(map[string]any)
	assert.Equal(t, "shop/frontend", p["source"])
	assert.Equal(t, "critical", p["severity"])
	assert.Equal(t, "db", p["component"])
	assert.Equal(t, "shop", p["group"])
	assert.Equal(t, "cpu", p["class"])
	assert.Equal(t, "2026-01-02T03:05:00Z", p["timestamp"])
	assert.Equal(t, "https://x.example/01000000000000000000000000000000", e["client_url"])
	assert.InDelta(t, 0.43, details["rca.counterfactual.quantile_s"], 0)
	assert.True(t, strings.HasPrefix(details["body"].(string), p["summary"].(string)))
}

// Bounds hold whatever others have put into a record.
func TestPagerDuty_bounds(t *testing.T) {
	ev := incidentEvent(one().open())
	ev.in.Body = strings.Repeat("é", 5000)
	e := encodePD(t, ev)
	assert.True(t, strings.HasSuffix(e["payload"].(map[string]any)["summary"].(string), "..."))

	ev.record.Attributes().PutStr("somebody.elses", strings.Repeat("<", 400_000)) // six bytes each in JSON
	e = encodePD(t, ev)
	details := e["payload"].(map[string]any)["custom_details"].(map[string]any)
	assert.Contains(t, details, "shortened")
	assert.NotContains(t, details, "somebody.elses")

	ev.in.Culprit, ev.in.Mechanism, ev.service, ev.namespace = strings.Repeat("x", 300_000), strings.Repeat("y", 300_000), strings.Repeat("z", 300_000), strings.Repeat("n", 300_000)
	encodePD(t, ev)

	ev.in.Body = ""
	ev.service, ev.namespace = "frontend", ""
	assert.Equal(t, "frontend violates its SLO", encodePD(t, ev)["payload"].(map[string]any)["summary"])
}

func TestPagerDuty_wantsIncidentsOnly(t *testing.T) {
	d := newPagerDuty(nil, &PagerDutyConfig{MinSeverity: "error"})
	assert.Equal(t, []string{"rca.incident"}, slices.DeleteFunc(slices.Clone(knownEvents), func(e string) bool { return !d.wants(e) }))
}
