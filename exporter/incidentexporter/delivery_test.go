package incidentexporter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/exporter/exporterhelper"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/sage-rca/sage/internal/engine"
)

type queueConfig = exporterhelper.QueueBatchConfig

// told is what a receiver of PagerDuty's was told, in order.
func told(t *testing.T, r *receiver) []string {
	t.Helper()
	var out []string
	for _, body := range r.bodies() {
		e := checkPagerDuty(t, body)
		details := e["payload"].(map[string]any)["custom_details"].(map[string]any)
		out = append(out, fmt.Sprintf("%s %s %v", e["event_action"], e["dedup_key"], details["rca.incident.sequence"]))
	}
	return out
}

// posted is what an Alertmanager got: one line per alert.
func posted(t *testing.T, r *receiver) []string {
	t.Helper()
	var out []string
	for _, body := range r.bodies() {
		var alerts []alert
		require.NoError(t, json.Unmarshal(body, &alerts))
		for _, a := range alerts {
			state := "firing"
			if !a.EndsAt.After(time.Now()) {
				state = "resolved"
			}
			out = append(out, fmt.Sprintf("%s %s %s", state, a.Annotations["incident_id"], a.Annotations["incident_sequence"]))
		}
	}
	return out
}

// Several destinations at once get what each wants, in the form that each wants.
func TestDelivery_severalAtOnce(t *testing.T) {
	am, pd, chat, audit := listen(t), listen(t), listen(t), listen(t)
	cfg := quick().alertmanager(am.URL).pagerDuty(pd.URL).webhook(chat.URL, "rca.incident").webhook(audit.URL, "rca.root_cause", "rca.model.status")
	cfg.Webhooks[1].Name = "audit"
	b := start(t, cfg, nil)
	b.consume(t, one().open())
	am.await(t, "open", has(1))
	b.consume(t, modelStatus(), one().update(2))
	am.await(t, "update", has(2))
	b.consume(t, one().resolved(3))
	b.stop(t) // delivers what is queued

	assert.Equal(t, []string{"firing inc-1 1", "firing inc-1 2", "resolved inc-1 3"}, posted(t, am))
	assert.Equal(t, []string{"trigger inc-1 1", "trigger inc-1 2", "resolve inc-1 3"}, told(t, pd))
	var ids []string
	for _, body := range chat.bodies() {
		ids = append(ids, checkCloudEvent(t, body).ID())
	}
	assert.Equal(t, []string{"inc-1/1", "inc-1/2", "inc-1/3"}, ids)
	var types []string
	for _, body := range audit.bodies() {
		types = append(types, checkCloudEvent(t, body).Type())
	}
	assert.Equal(t, []string{"io.github.sage-rca.root_cause", "io.github.sage-rca.model.status", "io.github.sage-rca.root_cause"}, types)

	assert.Equal(t, "application/json", am.types[0])
	assert.Equal(t, "application/json", pd.types[0])
	assert.Equal(t, "application/cloudevents+json; charset=utf-8", chat.types[0])
	assert.Equal(t, map[string]int{"/api/v2/alerts": 3}, am.paths)
	assert.Equal(t, map[string]int64{
		"alertmanager rca.incident open": 1, "alertmanager rca.incident update": 1, "alertmanager rca.incident resolved": 1,
		"pagerduty rca.incident open": 1, "pagerduty rca.incident update": 1, "pagerduty rca.incident resolved": 1,
		"webhook.1 rca.incident open": 1, "webhook.1 rca.incident update": 1, "webhook.1 rca.incident resolved": 1,
		"webhook.audit rca.root_cause open": 1, "webhook.audit rca.root_cause update": 1, "webhook.audit rca.model.status none": 1,
	}, b.counts(t, "delivered"))
	assert.Equal(t, map[string]int64{"alertmanager": 0, "pagerduty": 0, "webhook.1": 0, "webhook.audit": 0}, b.counts(t, "open"))
	assert.Empty(t, b.counts(t, "refused"))
}

// What no destination wants, and what is no event, passes silently and is counted.
func TestDelivery_othersPassAndAreCounted(t *testing.T) {
	pd := listen(t)
	b := start(t, quick().pagerDuty(pd.URL).direct(), nil)
	ld := records(one().open(), modelStatus())
	ordinary().ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	spoilt := records(one().open())
	spoilt.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0).Attributes().Remove("rca.incident.id")
	spoilt.ResourceLogs().MoveAndAppendTo(ld.ResourceLogs())
	ld.MarkReadOnly()
	require.NoError(t, b.ConsumeLogs(t.Context(), ld))
	assert.Equal(t, []string{"trigger inc-1 1"}, told(t, pd))
	assert.Equal(t, map[string]int64{noEvent: 2, malformed: 1, notWanted: 3}, b.counts(t, "ignored"))
}

// An outage of one destination delays nobody else, and what it missed comes, in
// order and once, when it is back.
func TestDelivery_outageAndRecovery(t *testing.T) {
	am, pd, hook := listen(t), listen(t), listen(t)
	pd.answers(http.StatusServiceUnavailable, nil, "down")
	b := start(t, quick().alertmanager(am.URL).pagerDuty(pd.URL).webhook(hook.URL, "rca.incident"), nil)
	b.consume(t, one().open())
	b.consume(t, one().update(2))
	b.consume(t, one().resolved(3))
	hook.await(t, "all three", has(3))
	am.await(t, "all three", has(3))
	pd.await(t, "three attempts", answered(http.StatusServiceUnavailable, 3))
	pd.answers(http.StatusAccepted, nil, "")
	pd.await(t, "what it missed", has(3))
	b.stop(t)
	assert.Equal(t, []string{"trigger inc-1 1", "trigger inc-1 2", "resolve inc-1 3"}, told(t, pd))
	assert.Len(t, hook.bodies(), 3, "those that have it do not get it again")
	assert.Equal(t, []string{"firing inc-1 1", "firing inc-1 2", "resolved inc-1 3"}, posted(t, am))
}

// A request of several events that fails in the middle is tried again from there.
func TestDelivery_onlyTheRestIsTriedAgain(t *testing.T) {
	pd := listen(t)
	var failed atomic.Bool
	pd.decides(func(body []byte) int {
		switch {
		case strings.Contains(string(body), `"inc-2"`):
			return http.StatusBadRequest
		case strings.Contains(string(body), `"inc-3"`) && !failed.Swap(true):
			return http.StatusBadGateway
		default:
			return http.StatusAccepted
		}
	})
	b := start(t, quick().pagerDuty(pd.URL).direct(), nil)
	var ld []string
	b.consume(t, one().open(), one().named("inc-2", "cart").open(), one().named("inc-3", "search").open(), one().named("inc-4", "login").open())
	ld = told(t, pd)
	assert.Equal(t, []string{"trigger inc-1 1", "trigger inc-3 1", "trigger inc-4 1"}, ld)
	assert.Equal(t, map[int]int{202: 3, 400: 1, 502: 1}, pd.counts)
	assert.Equal(t, map[string]int64{"pagerduty rejected": 1}, b.counts(t, "refused"))
	assert.Contains(t, b.said(), "400 Bad Request", "what is rejected is told, also beside a failure that is tried again")
}

// A rejected event is not tried again, and what comes after it is delivered.
func TestDelivery_permanentErrors(t *testing.T) {
	pd := listen(t)
	pd.answers(http.StatusBadRequest, nil, `{"status":"invalid event"}`)
	b := start(t, quick().pagerDuty(pd.URL).direct(), nil)
	err := b.ConsumeLogs(t.Context(), records(one().open()))
	require.ErrorContains(t, err, "invalid event")
	assert.True(t, consumererror.IsPermanent(err))
	pd.answers(http.StatusAccepted, nil, "")
	b.consume(t, one().update(2))
	assert.Equal(t, []string{"trigger inc-1 2"}, told(t, pd))
	assert.Equal(t, 1, pd.counts[400])
}

// An older record is never delivered after a newer one, and none twice.
func TestDelivery_orderBySequence(t *testing.T) {
	am, pd, hook := listen(t), listen(t), listen(t)
	b := start(t, quick().alertmanager(am.URL).pagerDuty(pd.URL).webhook(hook.URL, "rca.incident", "rca.root_cause").direct(), nil)
	for _, out := range []int{2, 1, 2, 3} {
		if out == 3 {
			b.consume(t, one().resolved(3))
			continue
		}
		b.consume(t, one().update(out))
	}
	b.consume(t, one().update(2))
	assert.Equal(t, []string{"firing inc-1 2", "resolved inc-1 3"}, posted(t, am))
	assert.Equal(t, []string{"trigger inc-1 2", "resolve inc-1 3"}, told(t, pd))
	var ids []string
	for _, body := range hook.bodies() {
		ids = append(ids, checkCloudEvent(t, body).ID())
	}
	assert.Equal(t, []string{"inc-1/2", "inc-1/2/1", "inc-1/3"}, ids)
	refused := b.counts(t, "refused")
	assert.Equal(t, int64(2), refused["alertmanager superseded"])
	assert.Equal(t, int64(1), refused["alertmanager duplicate"])
	assert.Equal(t, int64(2), refused["pagerduty superseded"])
}

// Law: with many consumers of the queue, and a destination that fails at random,
// what it takes of each incident has growing sequence numbers, and ends with the
// last.
func TestDelivery_orderWithManyConsumers(t *testing.T) {
	const stories, length = 4, 30
	pd, am := listen(t), listen(t)
	for i, r := range []*receiver{pd, am} {
		rng := rand.New(rand.NewPCG(uint64(i), 7))
		r.decides(func([]byte) int { return []int{202, 202, 503}[rng.IntN(3)] })
	}
	cfg := quick().alertmanager(am.URL).pagerDuty(pd.URL)
	cfg.QueueConfig.Get().NumConsumers = 10
	b := start(t, cfg, nil)
	for n := 1; n <= length; n++ {
		for i := range stories {
			s := one().named(fmt.Sprint("inc-", i), fmt.Sprint("service-", i))
			if n < length {
				b.consume(t, s.update(n))
			} else {
				b.consume(t, s.resolved(n))
			}
		}
	}
	ends := func(mark string) func(*receiver) bool {
		return func(r *receiver) bool {
			n := 0
			for _, body := range r.taken {
				n += bytes.Count(body, []byte(mark))
			}
			return n >= stories
		}
	}
	pd.await(t, "all ends", ends(`"event_action":"resolve"`))
	am.await(t, "all ends", ends(`"incident_sequence":"30"`))
	b.stop(t)
	for _, lines := range [][]string{told(t, pd), posted(t, am)} {
		last := map[string]int{}
		for _, line := range lines {
			var state, id string
			var n int
			_, err := fmt.Sscan(line, &state, &id, &n)
			require.NoError(t, err)
			assert.Greater(t, n, last[id], lines)
			last[id] = n
		}
		assert.Equal(t, map[string]int{"inc-0": length, "inc-1": length, "inc-2": length, "inc-3": length}, last)
	}
}

// A late record of an earlier incident does not resolve the next one of the same
// objective: in Alertmanager both are one alert.
func TestDelivery_lateEndOfAnEarlierIncident(t *testing.T) {
	am := listen(t)
	b := start(t, quick().alertmanager(am.URL).direct(), nil)
	next := one().named("inc-2", "frontend").after(time.Hour)
	b.consume(t, one().open())
	b.consume(t, next.open())
	b.consume(t, one().resolved(2))
	assert.Equal(t, []string{"firing inc-1 1", "firing inc-2 1"}, posted(t, am))
	assert.Equal(t, map[string]int64{"alertmanager": 1}, b.counts(t, "open"))
}

// Of a request that holds a whole incident, Alertmanager gets how it ended.
func TestDelivery_lastOfARequestCounts(t *testing.T) {
	am := listen(t)
	b := start(t, quick().alertmanager(am.URL).direct(), nil)
	b.consume(t, one().open(), one().named("inc-2", "cart").open(), one().resolved(2))
	assert.Equal(t, []string{"resolved inc-1 2", "firing inc-2 1"}, posted(t, am))
}

// Nobody asked for learned objectives: they do not page unless somebody does.
func TestDelivery_minSeverity(t *testing.T) {
	pd := listen(t)
	cfg := quick().pagerDuty(pd.URL).direct()
	b := start(t, cfg, nil)
	learned := one()
	learned.learned = true
	b.consume(t, learned.open())
	b.consume(t, learned.resolved(2))
	assert.Empty(t, pd.bodies())
	assert.Equal(t, map[string]int64{"pagerduty below_min_severity": 2}, b.counts(t, "refused"))
	b.stop(t)

	cfg.PagerDuty.Get().MinSeverity = "warn"
	b = start(t, cfg, nil)
	b.consume(t, learned.open())
	b.consume(t, learned.resolved(2))
	assert.Equal(t, []string{"trigger inc-1 1", "resolve inc-1 2"}, told(t, pd))
}

// A destination that asks for a pause is left alone for so long.
func TestDelivery_retryAfter(t *testing.T) {
	pd := listen(t)
	pd.answers(http.StatusTooManyRequests, map[string]string{"Retry-After": "3600"}, "slow down")
	cfg := quick().pagerDuty(pd.URL).direct()
	cfg.RetryConfig.MaxElapsedTime = time.Minute
	b := start(t, cfg, nil)
	err := b.ConsumeLogs(t.Context(), records(one().open()))
	require.ErrorContains(t, err, "no more retries left", "an hour is more than retries may take")
	assert.Equal(t, map[int]int{429: 1}, pd.counts)
}

// Neither keys nor headers nor URLs are ever logged, whatever goes wrong.
func TestDelivery_secretsAreNotLogged(t *testing.T) {
	pd, hook, am := listen(t), listen(t), listen(t)
	pd.answers(http.StatusBadRequest, nil, "no such key: "+routingKey)
	hook.answers(http.StatusInternalServerError, nil, "cannot check Bearer hook-secret")
	am.Close()
	cfg := quick().alertmanager(strings.Replace(am.URL, "http://", "http://user:am-secret@", 1)+"/am-secret").pagerDuty(pd.URL).webhook(hook.URL+"/url-secret?token=url-secret", "rca.incident")
	cfg.Webhooks[0].ClientConfig.Headers = configopaque.MapList{{Name: "Authorization", Value: "Bearer hook-secret"}}
	cfg.RetryConfig.MaxElapsedTime = 50 * time.Millisecond
	b := start(t, cfg, nil)
	b.consume(t, one().open())
	hook.await(t, "attempts", answered(http.StatusInternalServerError, 2))
	b.stop(t)
	said := b.said() + fmt.Sprintf("%v %+v", *cfg.PagerDuty.Get(), cfg.Webhooks[0].ClientConfig.Headers)
	assert.Contains(t, said, "400 Bad Request")
	assert.Contains(t, said, "500 Internal Server Error")
	assert.Contains(t, said, "refused")
	for _, secret := range []string{routingKey, "hook-secret", "url-secret", "am-secret"} {
		assert.NotContains(t, said, secret)
	}
	assert.Equal(t, "Bearer hook-secret", hook.headers[0].Get("Authorization"))
}

// What is queued when the Collector stops is delivered by the next, through the
// persistent queue of each destination.
func TestDelivery_persistentQueue(t *testing.T) {
	store, extensions := newMemory()
	pd, hook := listen(t), listen(t)
	pd.answers(http.StatusServiceUnavailable, nil, "down")
	cfg := quick().pagerDuty(pd.URL).webhook(hook.URL, "rca.incident")
	id := component.MustNewID("file_storage")
	cfg.QueueConfig.Get().StorageID, cfg.Storage = &id, &id

	b := start(t, cfg, extensions)
	b.consume(t, one().open())
	b.consume(t, one().update(2))
	pd.await(t, "an attempt", answered(http.StatusServiceUnavailable, 1))
	hook.await(t, "both", has(2))
	b.stop(t)
	assert.Zero(t, store.clients(), "every client is closed")

	pd.answers(http.StatusAccepted, nil, "")
	b = start(t, cfg, extensions)
	b.consume(t, one().resolved(3))
	pd.await(t, "the end", func(r *receiver) bool {
		return len(r.taken) > 0 && strings.Contains(string(r.taken[len(r.taken)-1]), `"resolve"`)
	})
	hook.await(t, "the end", has(3))
	b.stop(t)
	// What was under way when the first stopped may be queued again behind the rest:
	// it is left out then, and never comes after what is newer.
	assertOrdered(t, told(t, pd))
	var ids []string
	for _, body := range hook.bodies() {
		ids = append(ids, checkCloudEvent(t, body).ID())
	}
	assert.Equal(t, []string{"inc-1/1", "inc-1/2", "inc-1/3"}, ids)
}

func assertOrdered(t *testing.T, lines []string) {
	t.Helper()
	assert.Equal(t, "resolve inc-1 3", lines[len(lines)-1])
	last := byte('0')
	for _, l := range lines {
		assert.Greater(t, l[len(l)-1], last, lines)
		last = l[len(l)-1]
	}
}

// Batches of the exporter's own are delivered as what they hold.
func TestDelivery_batching(t *testing.T) {
	pd := listen(t)
	cfg := quick().pagerDuty(pd.URL)
	cfg.QueueConfig.Get().Batch = configoptional.Some(exporterhelper.BatchConfig{
		FlushTimeout: time.Hour, Sizer: exporterhelper.RequestSizerTypeItems, MinSize: 3,
	})
	b := start(t, cfg, nil)
	b.consume(t, one().open())
	b.consume(t, one().update(2))
	b.consume(t, one().resolved(3))
	pd.await(t, "the batch", has(3))
	assert.Equal(t, []string{"trigger inc-1 1", "trigger inc-1 2", "resolve inc-1 3"}, told(t, pd))
}

func TestDelivery_unknownExtensions(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		`storage: extension "file_storage" is not running`: func(c *Config) { id := component.MustNewID("file_storage"); c.Storage = &id },
	} {
		cfg := quick().pagerDuty("http://127.0.0.1:1")
		spoil(cfg)
		x, err := NewFactory().CreateLogs(t.Context(), newSettings(), cfg)
		require.NoError(t, err)
		require.ErrorContains(t, x.Start(t.Context(), host{}), name)
		require.NoError(t, x.Shutdown(t.Context()))
	}
}

// Nothing is sent of an empty request.
func TestDelivery_empty(t *testing.T) {
	b := start(t, quick().pagerDuty("http://127.0.0.1:1").direct(), nil)
	require.NoError(t, b.ConsumeLogs(t.Context(), plog.NewLogs()))
}

// A ticket that becomes a page gets an alert of that severity: the labels are others, so
// that the one before is resolved. It stays a page to its end.
func TestDelivery_ticketBecomesPage(t *testing.T) {
	am := listen(t)
	b := start(t, quick().alertmanager(am.URL), nil)
	for i, out := range []engine.Output{ticket(one().open()), ticket(one().update(2)), one().update(3), ticket(one().update(4)), one().resolved(5)} {
		b.consume(t, out)
		am.await(t, "delivered", has(i+1))
	}
	b.stop(t)
	var got []string
	for _, body := range am.bodies() {
		var alerts []alert
		require.NoError(t, json.Unmarshal(body, &alerts))
		text := ""
		for _, a := range alerts {
			state := "firing"
			if !a.EndsAt.After(time.Now()) {
				state = "resolved"
			}
			text += fmt.Sprintf("%s %s %s; ", a.Annotations["incident_sequence"], a.Labels["severity"], state)
		}
		got = append(got, text)
	}
	assert.Equal(t, []string{
		"1 warning firing; ", "2 warning firing; ",
		"2 warning resolved; 3 critical firing; ", "2 warning resolved; 4 critical firing; ", "2 warning resolved; 5 critical resolved; ",
	}, got)
}
