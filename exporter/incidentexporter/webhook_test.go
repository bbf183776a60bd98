package incidentexporter

import (
	"encoding/json"
	"regexp"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/engine"
)

// attributeName is what an attribute of a CloudEvent may be called.
var attributeName = regexp.MustCompile(`^[a-z0-9]{1,20}$`)

// checkCloudEvent has the SDK of CloudEvents read and validate a body, and holds
// it against what the JSON format says beyond that.
func checkCloudEvent(t *testing.T, body []byte) cloudevents.Event {
	t.Helper()
	var e cloudevents.Event
	require.NoError(t, json.Unmarshal(body, &e))
	require.NoError(t, e.Validate())
	assert.Equal(t, "1.0", e.SpecVersion())
	var raw map[string]any
	require.NoError(t, json.Unmarshal(body, &raw))
	for name, value := range raw {
		if name == "data" {
			continue
		}
		assert.Regexp(t, attributeName, name)
		assert.NotEmpty(t, value, "%s: an attribute is there with a value, or not at all", name)
		assert.IsType(t, "", value, name)
	}
	return e
}

func cloudEventOf(t *testing.T, ev *event) cloudevents.Event {
	t.Helper()
	b, err := encodeCloudEvent("urn:sage:rootcause", ev)
	require.NoError(t, err)
	return checkCloudEvent(t, b)
}

func TestCloudEvent_incident(t *testing.T) {
	e := cloudEventOf(t, incidentEvent(one().update(12)))
	assert.Equal(t, "inc-1/12", e.ID())
	assert.Equal(t, "inc-1", e.Subject())
	assert.Equal(t, "urn:sage:rootcause", e.Source())
	assert.Equal(t, "io.github.sage-rca.incident", e.Type())
	assert.Equal(t, "application/json", e.DataContentType())
	assert.Equal(t, onset.Add(12*60e9), e.Time())
	assert.Equal(t, map[string]any{"sequence": "0000000012", "partitionkey": "inc-1"}, e.Extensions())

	var data map[string]any
	require.NoError(t, e.DataAs(&data))
	assert.Equal(t, "rca.incident", data["event_name"])
	assert.InDelta(t, 17, data["severity_number"], 0)
	assert.Equal(t, "ERROR", data["severity_text"])
	assert.Equal(t, "01000000000000000000000000000000", data["trace_id"])
	assert.Equal(t, map[string]any{"service.namespace": "shop", "service.name": "frontend"}, data["resource"])
	assert.Equal(t, []any{"frontend", "payment", "cache"}, data["attributes"].(map[string]any)["rca.root_cause.path"])
}

// Every event that there is makes a valid CloudEvent, of an ID of its own that is
// the same every time.
func TestCloudEvent_ids(t *testing.T) {
	outs := []engine.Output{one().open(), one().update(2), one().resolved(3), one().named("inc-2", "frontend").open(), modelStatus(), deploy()}
	seen := map[string]string{}
	for range 2 {
		for _, ev := range events(outs...) {
			e := cloudEventOf(t, &ev)
			b, err := json.Marshal(e)
			require.NoError(t, err)
			if before, known := seen[e.ID()]; known {
				assert.Equal(t, before, string(b))
			}
			seen[e.ID()] = string(b)
		}
	}
	assert.Len(t, seen, 9, "four incident records, three candidates, one model status, one change")
}

func TestCloudEvent_modelStatus(t *testing.T) {
	ev := events(modelStatus())[0]
	e := cloudEventOf(t, &ev)
	assert.Equal(t, "io.github.sage-rca.model.status", e.Type())
	assert.Equal(t, "sage", e.Subject())
	assert.Empty(t, e.Extensions())
}

func TestCloudEvent_change(t *testing.T) {
	ev := events(deploy())[0]
	e := cloudEventOf(t, &ev)
	assert.Equal(t, "chg-1", e.ID(), "whoever tells of it, and however often")
	assert.Equal(t, "io.github.sage-rca.change", e.Type())
}
