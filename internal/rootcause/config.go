package rootcause

import (
	"time"

	"go.opentelemetry.io/collector/component"
)

// Config is what a user may set. `rootcause: {}` is a working configuration.
type Config struct {
	// Window is the length of a window of event time: the step in which the
	// engine thinks. Shorter windows answer sooner and need more requests per
	// second to say as much.
	Window time.Duration `mapstructure:"window"`
	// Lateness is how long after its end, in event time, a window waits for spans.
	// Every verdict comes later by it; spans that come later still are counted
	// in rootcause_spans_refused with reason late.
	Lateness time.Duration `mapstructure:"lateness"`

	// SLOs are the objectives that are watched.
	SLOs []SLO `mapstructure:"slos"`
	// OpenSLO are files of OpenSLO v1, read when the Collector starts, whose
	// objectives over spans are watched too.
	OpenSLO []string `mapstructure:"openslo"`
	// LearnedSLOs adds objectives for entry operations that no SLO matches, and one of errors
	// for operations that only SLOs of latency match.
	LearnedSLOs LearnedSLOs `mapstructure:"learned_slos"`
	// Rule says when an incident opens and when it resolves.
	Rule Rule `mapstructure:"rule"`
	// BurnRates open incidents instead of rule.violated of rule.of windows.
	BurnRates BurnRates `mapstructure:"burn_rates"`
	// ErrorBudget says how the budgets of SLOs are counted.
	ErrorBudget ErrorBudget `mapstructure:"error_budget"`

	// Input says of the data what the engine cannot see for itself.
	Input Input `mapstructure:"input"`
	// Training says when and how the model is fitted.
	Training Training `mapstructure:"training"`
	// Limits bound memory.
	Limits Limits `mapstructure:"limits"`
	// Metrics say which metrics are features, and whose they are.
	Metrics Metrics `mapstructure:"metrics"`
	// Changes say what is noticed to have changed.
	Changes Changes `mapstructure:"changes"`
	// Events say what leaves.
	Events Events `mapstructure:"events"`
	// Steering marks spans that are worth keeping. Of processors only: a connector does
	// not pass on what it is given.
	Steering Steering `mapstructure:"steering"`

	// Storage is the ID of a storage extension, such as file_storage, that keeps
	// the model, the history and open incidents over restarts. Without it they
	// begin anew.
	Storage *component.ID `mapstructure:"storage"`
}

// SLO is one objective: of latency, that a share of the requests, or a quantile, is at
// most the threshold; of errors, that a share of the requests does not fail.
type SLO struct {
	// Name stands in every event (rca.slo.name). It must be unique.
	Name string `mapstructure:"name"`
	// Service is service.name, or service.namespace/service.name.
	Service string `mapstructure:"service"`
	// Operation is a glob of the operations that the service serves: * matches
	// any run of characters, ? any one. Each that matches is watched on its own.
	Operation string `mapstructure:"operation"`
	// Indicator is latency, the default, or errors.
	Indicator string `mapstructure:"indicator"`
	// Quantile of latency, in (0, 1), that violates a window where it is above the
	// threshold; default Objective.
	Quantile float64 `mapstructure:"quantile"`
	// Threshold of latency is exact.
	Threshold time.Duration `mapstructure:"threshold"`
	// Objective is the share of requests that shall be good, in (0, 1); default
	// Quantile. What it leaves is the error budget.
	Objective float64 `mapstructure:"objective"`
	// Period of the error budget; default error_budget.period.
	Period time.Duration `mapstructure:"period"`
	// BurnRates are rules of its own, by which it opens whether or not burn_rates is
	// enabled; default those of burn_rates.
	BurnRates []BurnRule `mapstructure:"burn_rates"`
}

// LearnedSLOs are objectives from healthy tails. Events mark them with
// rca.slo.source = learned.
type LearnedSLOs struct {
	Enabled bool `mapstructure:"enabled"`
	// Windows of history from which a threshold is learned.
	Windows int `mapstructure:"windows"`
	// Quantile that is watched.
	Quantile float64 `mapstructure:"quantile"`
	// Headroom: the threshold is this many times the median of the windows'
	// quantiles, and at least 6 robust standard deviations above it.
	Headroom float64 `mapstructure:"headroom"`
	// MedianHeadroom is that of a further objective, of the median; 0: none.
	MedianHeadroom float64 `mapstructure:"median_headroom"`
	// Errors is the least share of failed requests that a further objective does not
	// tolerate; 0: none.
	Errors float64 `mapstructure:"errors"`
}

// Rule says when an incident opens and when it resolves. Windows of fewer than
// MinRequests requests count neither way.
type Rule struct {
	// Violated of the last Of windows open an incident.
	Violated int `mapstructure:"violated"`
	Of       int `mapstructure:"of"`
	// ResolveAfter windows in a row that meet the objective resolve it.
	ResolveAfter int `mapstructure:"resolve_after"`
	// MinRequests of the operation in a window, by what sampled ones stand for; one alone
	// never suffices.
	MinRequests int `mapstructure:"min_requests"`
}

// BurnRates say when an incident opens by how fast an error budget burns.
type BurnRates struct {
	Enabled bool `mapstructure:"enabled"`
	// Rules, of which any opens; default: 14.4 over 1h and 5m, and 6 over 6h and 30m,
	// both of which page.
	Rules []BurnRule `mapstructure:"rules"`
}

// BurnRule holds while the share of bad requests is Factor times what the objective
// allows, over the last Long and over the last Short.
type BurnRule struct {
	// Long is a multiple of Short from 1 to 24.
	Long time.Duration `mapstructure:"long"`
	// Short is at least one window.
	Short time.Duration `mapstructure:"short"`
	// Factor by which the budget burns faster than its period allows.
	Factor float64 `mapstructure:"factor"`
	// Severity is page, the default, or ticket: events are ERROR or WARN.
	Severity string `mapstructure:"severity"`
}

// ErrorBudget says how the budgets of SLOs are counted.
type ErrorBudget struct {
	// Period over which the budget of an SLO without a period of its own is counted.
	Period time.Duration `mapstructure:"period"`
}

// Training says when and how the model is fitted.
type Training struct {
	// Enabled: without training the robust scorer answers for ever.
	Enabled bool `mapstructure:"enabled"`
	// History of event time that is kept and learned from.
	History time.Duration `mapstructure:"history"`
	// MinWindows before the first training.
	MinWindows int `mapstructure:"min_windows"`
	// Interval of event time between trainings.
	Interval time.Duration `mapstructure:"interval"`
	// CPUBudget is the share of one core that training may take, in (0, 1].
	CPUBudget float64 `mapstructure:"cpu_budget"`
	// PublishAfter is the number of windows after which a model whose training
	// has ended is put in use: the same capture then gives the same events.
	PublishAfter int `mapstructure:"publish_after"`
	// Epochs over the history at most.
	Epochs int `mapstructure:"epochs"`
	// Structured decoders add up the latencies of calls and learn the rest; false
	// is the model as published.
	Structured bool `mapstructure:"structured"`
	// Seed of all randomness.
	Seed uint64 `mapstructure:"seed"`
}

// Limits bound memory, and what is looked at. What is refused is counted by reason.
type Limits struct {
	// Services that are told apart, and as many of those that are called: stores and
	// other systems count among the latter.
	Services int `mapstructure:"services"`
	// OperationsPerService: further ones are folded into the operation "other".
	OperationsPerService int `mapstructure:"operations_per_service"`
	// Instances are replicas, over all services.
	Instances int `mapstructure:"instances"`
	// PendingSpans of traces that are not resolved yet; beyond, the oldest trace is
	// resolved early. 0: as many as three tenths of MemoryMiB hold.
	PendingSpans int `mapstructure:"pending_spans"`
	// TraceSpans of one trace.
	TraceSpans int `mapstructure:"trace_spans"`
	// TraceAge after which a trace is resolved even without its root.
	TraceAge time.Duration `mapstructure:"trace_age"`
	// MetricStreams that are followed.
	MetricStreams int `mapstructure:"metric_streams"`
	// SpansPerSecond of event time that are looked at; 0: all. Where more come, a share
	// of the traces stands for all: 1/2, 1/4 and so on down to 1/1024, chosen by trace ID.
	// The shares of bad requests and quantiles of operations with few requests get
	// coarser by that.
	SpansPerSecond int `mapstructure:"spans_per_second"`
	// Sources are processes that tell of windows in summaries, each run of each. An hour
	// after its last word one gives up its place.
	Sources int `mapstructure:"sources"`
	// SummariesMiB of what these tell of windows that are open or wait to be merged.
	// Beyond, the source that holds most is not heard on a window. 0: an eighth of
	// MemoryMiB.
	SummariesMiB int `mapstructure:"summaries_mib"`
	// PendingWindows that wait to be judged.
	PendingWindows int `mapstructure:"pending_windows"`
	// MemoryMiB bounds what the other limits, the history and training take
	// together. What the others leave is the history's: where there are more columns
	// than fit, it gets shorter, and beyond an eighth they are refused. Windows that are open or wait to be judged, and the models, come on
	// top; they grow with the operations and calls that there are.
	MemoryMiB int `mapstructure:"memory_mib"`
	// CheckpointMiB bounds each value written to or read from storage. 0: 64, or where
	// the history may be larger as much as that takes.
	CheckpointMiB int `mapstructure:"checkpoint_mib"`
}

// Metrics say which metrics are features, and whose they are.
type Metrics struct {
	// ByName has metrics that are not known used where their names tell of a resource.
	ByName bool `mapstructure:"by_name"`
	// Include are globs of metrics that are used beside those known.
	Include []string `mapstructure:"include"`
	// Exclude are globs of metrics that are not used, whatever else says so.
	Exclude []string `mapstructure:"exclude"`
	// Join are sets of resource attributes by which a metric finds the replica
	// that sends spans with the same values; they are tried before the usual ones.
	Join [][]string `mapstructure:"join"`
}

// Events say what leaves.
type Events struct {
	// EventNameAttribute mirrors the event name into the attribute event.name,
	// for backends that do not show it.
	EventNameAttribute bool `mapstructure:"event_name_attribute"`
	// Candidates is the number of rca.root_cause records per open or update.
	Candidates int `mapstructure:"candidates"`
	// ModelHeartbeat is the event time after which rca.model.status is repeated.
	ModelHeartbeat time.Duration `mapstructure:"model_heartbeat"`
	// IncidentHeartbeat is that of open incidents.
	IncidentHeartbeat time.Duration `mapstructure:"incident_heartbeat"`
	// ExpireAfter ends incidents that never resolve.
	ExpireAfter time.Duration `mapstructure:"expire_after"`
	// MaxOpen incidents at once.
	MaxOpen int `mapstructure:"max_open"`
}

// DefaultConfig returns what `rootcause: {}` means, a *Config.
func DefaultConfig() component.Config {
	return &Config{
		Window:      30 * time.Second,
		Lateness:    10 * time.Second,
		LearnedSLOs: LearnedSLOs{Enabled: true, Windows: 20, Quantile: 0.99, Headroom: 2, MedianHeadroom: 1.4, Errors: 0.05},
		Rule:        Rule{Violated: 2, Of: 3, ResolveAfter: 3, MinRequests: 10},
		ErrorBudget: ErrorBudget{Period: 30 * 24 * time.Hour},
		Input:       Input{Sampling: "auto"},
		Training: Training{
			Enabled: true, History: 24 * time.Hour, MinWindows: 40, Interval: time.Hour,
			CPUBudget: 0.5, PublishAfter: 2, Epochs: 200, Structured: true, Seed: 1,
		},
		Limits: Limits{
			Services: 1000, OperationsPerService: 100, Instances: 5000,
			TraceSpans: 10_000, TraceAge: 5 * time.Minute,
			MetricStreams: 50_000, Sources: 1000, PendingWindows: 4096, MemoryMiB: 1024,
		},
		Metrics:  Metrics{ByName: true},
		Changes:  defaultChanges(),
		Steering: defaultSteering(),
		Events: Events{
			EventNameAttribute: true, Candidates: 3, ModelHeartbeat: 6 * time.Hour,
			IncidentHeartbeat: 6 * time.Hour, ExpireAfter: 48 * time.Hour, MaxOpen: 256,
		},
	}
}
