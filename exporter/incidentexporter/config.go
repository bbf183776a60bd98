package incidentexporter

import (
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/config/confighttp"
	"go.opentelemetry.io/collector/config/configopaque"
	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/config/configretry"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/exporter/exporterhelper"

	"github.com/sage-rca/sage/internal/eventlog"
)

// Config is what a user may set. At least one destination is needed.
type Config struct {
	// Alertmanager gets incidents as alerts (API v2).
	Alertmanager configoptional.Optional[AlertmanagerConfig] `mapstructure:"alertmanager"`
	// PagerDuty gets incidents as events (Events API v2).
	PagerDuty configoptional.Optional[PagerDutyConfig] `mapstructure:"pagerduty"`
	// Webhooks get events as CloudEvents 1.0 (structured JSON).
	Webhooks []WebhookConfig `mapstructure:"webhooks"`

	// MaxIncidents bounds the incidents that each destination follows. Beyond it
	// the one longest not heard of is forgotten, those that have ended first.
	MaxIncidents int `mapstructure:"max_incidents"`
	// ForgetAfter is how long an incident of which nothing is heard is followed. It
	// must be longer than the heartbeat of the processor (events.incident_heartbeat).
	ForgetAfter time.Duration `mapstructure:"forget_after"`
	// Storage is the ID of a storage extension, such as file_storage, that keeps
	// what is open over restarts. Without it an alert of an incident that was open
	// before a restart comes back with the next record of that incident.
	Storage *component.ID `mapstructure:"storage"`

	// TimeoutConfig bounds each attempt to deliver.
	TimeoutConfig exporterhelper.TimeoutConfig `mapstructure:",squash"`
	// RetryConfig says how what fails is tried again. It is each destination's own.
	RetryConfig configretry.BackOffConfig `mapstructure:"retry_on_failure"`
	// QueueConfig is the queue of each destination.
	QueueConfig configoptional.Optional[exporterhelper.QueueBatchConfig] `mapstructure:"sending_queue"`
}

// AlertmanagerConfig is an Alertmanager.
type AlertmanagerConfig struct {
	// ClientConfig is how it is reached; its endpoint is the URL under which
	// /api/v2/alerts is.
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`
	// ResendInterval is the time after which alerts that fire are sent again.
	ResendInterval time.Duration `mapstructure:"resend_interval"`
	// ValidFor is the time after which an alert that is not sent again resolves
	// itself: how long a restart of this Collector may take without a false
	// recovery, and how long an alert outlives a Collector that is gone.
	ValidFor time.Duration `mapstructure:"valid_for"`
	// Labels are added to every alert. They are part of its identity.
	Labels map[string]string `mapstructure:"labels"`
	// GeneratorURL is the link of an alert to its source, with placeholders.
	GeneratorURL string `mapstructure:"generator_url"`
}

// PagerDutyConfig is a service of PagerDuty.
type PagerDutyConfig struct {
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`
	// RoutingKey is the integration key of the service.
	RoutingKey configopaque.String `mapstructure:"routing_key"`
	// MinSeverity is the least severity that pages: info, warn or error. Incidents of
	// learned objectives, which nobody asked for, are of severity warn.
	MinSeverity string `mapstructure:"min_severity"`
	// ClientURL is the link of an incident to its source, with placeholders.
	ClientURL string `mapstructure:"client_url"`
}

// WebhookConfig is a URL that takes CloudEvents.
type WebhookConfig struct {
	ClientConfig confighttp.ClientConfig `mapstructure:",squash"`
	// Name tells webhooks apart in telemetry and in storage. It is the place in the
	// list, from 1, where it is not set.
	Name string `mapstructure:"name"`
	// Events are the names of the events that it gets.
	Events []string `mapstructure:"events"`
	// Source is the attribute source of its CloudEvents, a URI.
	Source string `mapstructure:"source"`
}

// Unmarshal sets the defaults of one webhook of a list.
func (c *WebhookConfig) Unmarshal(conf *confmap.Conf) error {
	c.ClientConfig = confighttp.NewDefaultClientConfig()
	c.Events = []string{eventlog.EventIncident}
	c.Source = "urn:sage:rootcause"
	return conf.Unmarshal(c)
}

// createDefaultConfig is a queue with one consumer, so that events leave in the
// order in which they came, and retries that last longer than most outages: an
// incident that is not told is worse than one that is told late.
func createDefaultConfig() component.Config {
	queue := exporterhelper.NewDefaultQueueConfig()
	queue.NumConsumers = 1
	retry := configretry.NewDefaultBackOffConfig()
	retry.MaxElapsedTime = time.Hour
	pagerduty := confighttp.NewDefaultClientConfig()
	pagerduty.Endpoint = "https://events.pagerduty.com/v2/enqueue"
	return &Config{
		Alertmanager: configoptional.Default(AlertmanagerConfig{
			ClientConfig: confighttp.NewDefaultClientConfig(), ResendInterval: time.Minute, ValidFor: 5 * time.Minute,
		}),
		PagerDuty:     configoptional.Default(PagerDutyConfig{ClientConfig: pagerduty, MinSeverity: "error"}),
		MaxIncidents:  1000,
		ForgetAfter:   13 * time.Hour,
		TimeoutConfig: exporterhelper.TimeoutConfig{Timeout: 10 * time.Second},
		RetryConfig:   retry,
		QueueConfig:   configoptional.Some(queue),
	}
}
