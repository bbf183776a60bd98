package incidentexporter

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func load(t *testing.T, name string) *Config {
	t.Helper()
	cm, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := cm.Sub("incident/" + name)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	return cfg
}

func TestConfig_defaults(t *testing.T) {
	cfg := load(t, "minimal")
	require.NoError(t, cfg.Validate())
	assert.False(t, cfg.PagerDuty.HasValue())
	assert.Empty(t, cfg.Webhooks)
	a := cfg.Alertmanager.Get()
	assert.Equal(t, time.Minute, a.ResendInterval)
	assert.Equal(t, 5*time.Minute, a.ValidFor)
	assert.Equal(t, client("http://alertmanager:9093"), a.ClientConfig)
	assert.Equal(t, 1, cfg.QueueConfig.Get().NumConsumers, "events leave in the order in which they came")
	assert.Equal(t, time.Hour, cfg.RetryConfig.MaxElapsedTime)
}

func TestConfig_keysThatOthersRelyOn(t *testing.T) {
	cfg := load(t, "all")
	require.NoError(t, cfg.Validate())
	id := component.MustNewID("file_storage")
	assert.Equal(t, &id, cfg.Storage)
	assert.Equal(t, &id, cfg.QueueConfig.Get().StorageID)
	assert.Equal(t, 7*time.Second, cfg.TimeoutConfig.Timeout)
	assert.Equal(t, 2*time.Hour, cfg.RetryConfig.MaxElapsedTime)
	assert.Equal(t, 50, cfg.MaxIncidents)
	assert.Equal(t, time.Hour, cfg.ForgetAfter)

	a, p := cfg.Alertmanager.Get(), cfg.PagerDuty.Get()
	assert.Equal(t, 3*time.Second, a.ClientConfig.Timeout)
	assert.Equal(t, map[string]string{"team": "shop"}, a.Labels)
	assert.Equal(t, "https://events.pagerduty.com/v2/enqueue", p.ClientConfig.Endpoint)
	assert.Equal(t, configopaque.String("0123456789abcdef0123456789abcdef"), p.RoutingKey)

	require.Len(t, cfg.Webhooks, 2)
	chat, audit := cfg.Webhooks[0], cfg.Webhooks[1]
	assert.Equal(t, []string{"rca.incident"}, chat.Events)
	assert.Equal(t, "urn:sage:rootcause", chat.Source)
	assert.Equal(t, client("https://chat.example/hook"), chat.ClientConfig, "elements of a list have defaults too")
	assert.Equal(t, []string{"rca.incident", "rca.root_cause", "rca.model.status"}, audit.Events)
	assert.Equal(t, "https://collector.example/eu-1", audit.Source)
}

// Every bad setting is reported at once, by its path.
func TestConfig_reportsEverythingThatIsWrong(t *testing.T) {
	err := load(t, "everything_wrong").Validate()
	require.Error(t, err)
	var got []string
	for line := range strings.SplitSeq(err.Error(), "\n") {
		path, _, _ := strings.Cut(line, ": ")
		got = append(got, path)
	}
	assert.ElementsMatch(t, []string{
		"alertmanager.endpoint", "alertmanager.valid_for", "alertmanager.labels.service", "alertmanager.labels.not-a-name", "alertmanager.labels.empty",
		"alertmanager.generator_url",
		"pagerduty.endpoint", "pagerduty.routing_key", "pagerduty.min_severity", "pagerduty.client_url",
		"webhooks[0].endpoint", "webhooks[0].events[0]", "webhooks[0].source", "webhooks[1].name", "webhooks[1].events", "webhooks[2].name",
		"max_incidents", "forget_after",
	}, got)
	assert.NotContains(t, err.Error(), "secret-token", "URLs may hold what is secret")

	require.ErrorContains(t, load(t, "nothing").Validate(), "at least one destination is needed")
}

// The configurations that users copy are valid.
func TestConfig_examples(t *testing.T) {
	files, err := filepath.Glob("../../config/incident-*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		cm, err := confmaptest.LoadConf(file)
		require.NoError(t, err)
		exporters, err := cm.Sub("exporters")
		require.NoError(t, err)
		found := 0
		for name := range exporters.ToStringMap() {
			if id := new(component.ID); id.UnmarshalText([]byte(name)) != nil || id.Type() != NewFactory().Type() {
				continue
			}
			found++
			sub, err := exporters.Sub(name)
			require.NoError(t, err)
			cfg := createDefaultConfig().(*Config)
			require.NoError(t, sub.Unmarshal(cfg), file)
			require.NoError(t, withoutVariables(cfg).Validate(), file)
		}
		assert.Positive(t, found, file)
	}
}

// withoutVariables puts URLs in the place of ${env:...}, which nobody has replaced
// here.
func withoutVariables(cfg *Config) *Config {
	set := func(endpoint *string) {
		if strings.HasPrefix(*endpoint, "${env:") {
			*endpoint = "http://127.0.0.1"
		}
	}
	if a := cfg.Alertmanager.Get(); a != nil {
		set(&a.ClientConfig.Endpoint)
	}
	for i := range cfg.Webhooks {
		set(&cfg.Webhooks[i].ClientConfig.Endpoint)
	}
	return cfg
}
