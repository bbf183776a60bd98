package incidentexporter

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func readme(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("README.md")
	require.NoError(t, err)
	return string(b)
}

// keys are the settings of a struct that are its own: HTTP clients and the like are
// described elsewhere.
func keys(of reflect.Type, prefix string) []string {
	var out []string
	for f := range of.Fields() {
		if key := f.Tag.Get("mapstructure"); key != ",squash" {
			out = append(out, prefix+key)
		}
	}
	return out
}

func TestDocs_everySettingIsInTheReadme(t *testing.T) {
	text := readme(t)
	all := append(keys(reflect.TypeFor[AlertmanagerConfig](), "alertmanager."), keys(reflect.TypeFor[PagerDutyConfig](), "pagerduty.")...)
	all = append(all, keys(reflect.TypeFor[WebhookConfig](), "")...)
	for _, k := range keys(reflect.TypeFor[Config](), "") {
		if k != "alertmanager" && k != "pagerduty" {
			all = append(all, k)
		}
	}
	require.Greater(t, len(all), 14)
	for _, k := range all {
		assert.Contains(t, text, "| `"+k+"` |")
	}
}

// Defaults in README.md are those of the code.
func TestDocs_defaultsAreThoseOfTheCode(t *testing.T) {
	text := readme(t)
	cfg := createDefaultConfig().(*Config)
	a, p := cfg.Alertmanager.GetOrInsertDefault(), cfg.PagerDuty.GetOrInsertDefault()
	for setting, want := range map[string]string{
		"alertmanager.resend_interval": short(a.ResendInterval.String()), "alertmanager.valid_for": short(a.ValidFor.String()),
		"pagerduty.endpoint": p.ClientConfig.Endpoint, "pagerduty.min_severity": p.MinSeverity,
		"max_incidents": "1000", "forget_after": short(cfg.ForgetAfter.String()), "timeout": cfg.TimeoutConfig.Timeout.String(),
	} {
		assert.Contains(t, text, "| `"+setting+"` | `"+want+"` |")
	}
	assert.Equal(t, 1000, cfg.MaxIncidents)
}

// short is a duration as people write it: 5m for 5m0s.
func short(d string) string { return strings.TrimSuffix(strings.TrimSuffix(d, "0s"), "0m") }

// What the README says arrives is what arrives.
func TestDocs_labelsAndAnnotations(t *testing.T) {
	text := readme(t)
	ev := incidentEvent(one().open())
	a := newAlert(&AlertmanagerConfig{}, ev, "critical", onset)
	for _, names := range []map[string]string{a.Labels, a.Annotations} {
		for name := range names {
			assert.Contains(t, text, "`"+name+"`")
		}
	}
	for _, e := range knownEvents {
		assert.Contains(t, text, e)
	}
}
