package rootcause

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/slo"
)

func load(t *testing.T, name string) *Config {
	t.Helper()
	cm, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := cm.Sub("rootcause/" + name)
	require.NoError(t, err)
	cfg := DefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	return cfg
}

func TestConfig_emptyIsTheDefaultAndValid(t *testing.T) {
	cfg := load(t, "empty")
	assert.Equal(t, DefaultConfig(), cfg)
	assert.NoError(t, cfg.Validate())
}

func TestConfig_keysThatOthersRelyOn(t *testing.T) {
	cfg := load(t, "issue")
	require.NoError(t, cfg.Validate())
	assert.Equal(t, 30*time.Second, cfg.Window)
	assert.Equal(t, []SLO{{
		Name: "checkout-p99", Service: "frontend", Operation: "POST /cart/*", Quantile: 0.99, Threshold: 500 * time.Millisecond,
	}}, cfg.SLOs)
	want := component.MustNewID("file_storage")
	assert.Equal(t, &want, cfg.Storage)
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
		"window", "lateness", "slos[0].quantile", "slos[0].threshold", "slos[1].name", "slos[1].service", "slos[1].operation", "slos[1].objective",
		"slos[2].quantile", "slos[2].threshold", "slos[2].period", "slos[3].indicator", "slos[3].burn_rates[0].long", "slos[3].burn_rates[0].factor", "openslo[0]",
		"burn_rates.rules[0].short", "burn_rates.rules[0].factor", "burn_rates.rules[0].severity", "burn_rates.rules[1].long", "error_budget.period",
		"learned_slos.windows", "learned_slos.quantile", "learned_slos.headroom", "learned_slos.median_headroom", "learned_slos.errors",
		"rule.of", "rule.resolve_after", "rule.min_requests",
		"training.min_windows", "training.interval", "training.cpu_budget", "training.publish_after", "training.epochs",
		"limits.services", "limits.operations_per_service", "limits.instances", "limits.pending_spans", "limits.trace_spans", "limits.trace_age",
		"limits.metric_streams", "limits.spans_per_second", "limits.sources", "limits.summaries_mib", "limits.pending_windows", "limits.memory_mib", "limits.checkpoint_mib",
		"input.sampling", "input.waiting[1]", "input.working[0]", "steering.attribute", "steering.suspect_ratio", "steering.baseline_ratio",
		"metrics.include[0]", "metrics.include[1]", "metrics.join[0]",
		"changes.lookback", "changes.gone_after",
		"events.candidates", "events.model_heartbeat", "events.incident_heartbeat", "events.expire_after", "events.max_open",
	}, got)
}

// Configurations that Validate accepts start an engine: it does not refuse later.
func TestConfig_validMeansUsable(t *testing.T) {
	for _, name := range []string{"empty", "issue", "burn_rates"} {
		cfg := load(t, name)
		require.NoError(t, cfg.Validate())
		_, err := newEngineForTest(cfg)
		assert.NoError(t, err)
	}
}

func TestConfig_objectives(t *testing.T) {
	cfg := DefaultConfig().(*Config)
	cfg.SLOs = []SLO{
		{Name: "a", Service: "shop/eu/cart", Operation: "*", Threshold: time.Second},
		{Name: "b", Service: "cart", Operation: "*", Quantile: 0.95, Threshold: time.Second, Period: time.Hour},
		{Name: "c", Service: "cart", Operation: "*", Indicator: "latency", Objective: 0.999, Threshold: time.Second},
		{Name: "d", Service: "cart", Operation: "*", Indicator: "errors", Objective: 0.9},
		{Name: "e", Service: "cart", Operation: "GET /carts/17", Threshold: time.Second}, // as spans say it
		{Name: "f", Service: "cart", Operation: "GET /carts/17/*", Threshold: time.Second},
	}
	cfg.OpenSLO = []string{"testdata/openslo.yaml"}
	require.NoError(t, cfg.Validate())
	got, err := cfg.objectives()
	require.NoError(t, err)
	cart := identity.Service{Name: "cart"}
	assert.Equal(t, []slo.Objective{
		{Name: "a", Service: identity.Service{Namespace: "shop/eu", Name: "cart"}, Operation: "*", Threshold: time.Second},
		{Name: "b", Service: cart, Operation: "*", Quantile: 0.95, Threshold: time.Second, Period: time.Hour},
		{Name: "c", Service: cart, Operation: "*", Threshold: time.Second, Target: 0.999},
		{Name: "d", Service: cart, Operation: "*", Indicator: slo.Errors, Target: 0.9},
		{Name: "e", Service: cart, Operation: "GET /carts/17", Template: "GET /carts/{id}", Threshold: time.Second},
		{Name: "f", Service: cart, Operation: "GET /carts/17/*", Threshold: time.Second},
		{Name: "checkout-latency", Service: identity.Service{Name: "frontend"}, Operation: "POST /cart/*", Threshold: 500 * time.Millisecond, Target: 0.99, Period: 30 * 24 * time.Hour},
		{Name: "checkout-errors", Service: identity.Service{Name: "frontend"}, Operation: "POST /cart/*", Indicator: slo.Errors, Target: 0.999, Period: 30 * 24 * time.Hour},
	}, got)

	cfg.OpenSLO = []string{"testdata/missing.yaml"}
	_, err = cfg.engineConfig()
	require.EqualError(t, err, "testdata/missing.yaml: no such file or directory")
}

func TestConfig_burnRates(t *testing.T) {
	cfg := DefaultConfig().(*Config)
	got := func() slo.Config {
		c, err := cfg.engineConfig()
		require.NoError(t, err)
		return c.SLO
	}
	assert.Empty(t, got().Burn)
	assert.Equal(t, 720*time.Hour, got().Budget)
	cfg.BurnRates.Enabled = true
	assert.Equal(t, slo.DefaultBurnRules(), got().Burn)
	require.NoError(t, cfg.Validate())

	cfg = load(t, "burn_rates")
	require.NoError(t, cfg.Validate())
	assert.Equal(t, []slo.BurnRule{
		{Long: 2 * time.Minute, Short: 10 * time.Second, Factor: 14.4},
		{Long: 12 * time.Minute, Short: time.Minute, Factor: 6, Ticket: true},
	}, got().Burn)
	assert.Empty(t, got().Objectives[0].Burn)
	assert.Equal(t, []slo.BurnRule{{Long: time.Hour, Short: 5 * time.Minute, Factor: 2, Ticket: true}}, got().Objectives[1].Burn, "its own")
	assert.Equal(t, time.Hour, got().Budget)
}

// What rules, objectives, windows and files ask of each other is checked too.
func TestConfig_refusesWhatDoesNotFit(t *testing.T) {
	for want, spoil := range map[string]func(*Config){
		"burn_rates.rules: must be set: the usual rules need windows of at most 5m0s (got 10m0s)": func(c *Config) {
			c.Window = 10 * time.Minute
		},
		"slos[0].objective: with a target of 0.8 no burn rate is above 5, and the mildest rule asks for 6": func(c *Config) {
			c.SLOs = []SLO{{Name: "a", Service: "cart", Operation: "*", Threshold: time.Second, Objective: 0.8}}
		},
		"slos[0].objective: with a target of 0.5 no burn rate is above 2, and the mildest rule asks for 6": func(c *Config) {
			c.SLOs = []SLO{{Name: "a", Service: "cart", Operation: "*", Threshold: time.Second, Quantile: 0.5}}
		},
		"learned_slos.quantile: with a target of 0.8 no burn rate is above 5, and the mildest rule asks for 6": func(c *Config) {
			c.LearnedSLOs.Quantile = 0.8
		},
		"error_budget.period: must be at least a minute and at least one window (got 1s)": func(c *Config) {
			c.ErrorBudget.Period = time.Second
		},
		"openslo[0]: testdata/openslo.yaml:14: the name \"checkout-latency\" is taken by slos[0]": func(c *Config) {
			c.SLOs = []SLO{{Name: "checkout-latency", Service: "cart", Operation: "*", Threshold: time.Second}}
			c.OpenSLO = []string{"testdata/openslo.yaml"}
		},
		"openslo[1]: testdata/mixed.yaml:15: with a target of 0.8 no burn rate is above 5, and the mildest rule asks for 6\n" +
			"openslo[1]: testdata/mixed.yaml:30: metric sources of type \"prometheus\" are not supported: only otel-spans, the spans that the Collector receives\n" +
			"openslo[1]: testdata/mixed.yaml:35: budgetingMethod must be Occurrences: requests are counted, not slices of time (got \"Timeslices\")\n" +
			"openslo[2]: testdata/missing.yaml: no such file or directory": func(c *Config) {
			c.OpenSLO = []string{"testdata/openslo.yaml", "testdata/mixed.yaml", "testdata/missing.yaml"}
		},
	} {
		cfg := DefaultConfig().(*Config)
		cfg.BurnRates.Enabled = true
		spoil(cfg)
		assert.EqualError(t, cfg.Validate(), want)
	}
}

// Whatever number is set, nothing wraps around: what no machine has is refused.
func TestConfig_boundsBeyondAllMachines(t *testing.T) {
	for setting, set := range map[string]func(*Limits){
		"limits.memory_mib: must be at most 1073741824":                     func(l *Limits) { l.MemoryMiB = math.MaxInt },
		"limits.summaries_mib: must be at most 1073741824":                  func(l *Limits) { l.SummariesMiB = math.MaxInt/mib + 1 },
		"limits.checkpoint_mib: must be at most 1073741824":                 func(l *Limits) { l.CheckpointMiB = math.MaxInt },
		"limits.memory_mib: must be at least 1073741824: 4398046511104 MiB": func(l *Limits) { l.PendingSpans = math.MaxInt },
		"must be at least 1073741824: 4398046511104 MiB for what the":       func(l *Limits) { l.Services, l.OperationsPerService = math.MaxInt/32, math.MaxInt/32 },
	} {
		cfg := DefaultConfig().(*Config)
		set(&cfg.Limits)
		err := cfg.Validate()
		require.ErrorContains(t, err, setting)
		assert.NotContains(t, err.Error(), "\n", "one problem")
	}
	cfg := DefaultConfig().(*Config)
	cfg.Limits.MemoryMiB, cfg.Limits.CheckpointMiB = maxMemory, maxMemory
	require.NoError(t, cfg.Validate())
	assert.Positive(t, cfg.columns())
}

// Bounds that do not fit into each other are refused, with what would fit; the
// default leaves the history room for thousands of columns.
func TestConfig_memoryHoldsWhatOtherLimitsAllow(t *testing.T) {
	cfg := DefaultConfig().(*Config)
	assert.Greater(t, cfg.columns(), 5000)

	for _, c := range []struct {
		pending, summaries, got, least int
		taken                          string
	}{
		{0, 0, 50, 138, "121"}, // of 138 MiB 41 for spans, 17 for summaries; 62 for names and streams
		{200_000, 0, 140, 203, "186"},
		{200_000, 1, 140, 178, "161"},
	} {
		cfg.Limits.PendingSpans, cfg.Limits.SummariesMiB, cfg.Limits.MemoryMiB = c.pending, c.summaries, c.got
		require.EqualError(t, cfg.Validate(), fmt.Sprintf(
			"limits.memory_mib: must be at least %d: %s MiB for what the other limits allow, and 17 MiB for 256 columns of training.history (got %d)", c.least, c.taken, c.got))
		cfg.Limits.MemoryMiB = c.least
		require.NoError(t, cfg.Validate())
		assert.InDelta(t, minColumns, cfg.columns(), 15, "a MiB has 15 columns")
	}

	assert.Equal(t, leastCheckpoint, cfg.checkpoint())
	whole := DefaultConfig().(*Config)
	assert.Equal(t, 109, whole.checkpoint()/mib, "7,987 columns of 2,880 windows, 5 bytes each")
	whole.Limits.CheckpointMiB = 3
	assert.Equal(t, 3*mib, whole.checkpoint())

	cfg.Training.History = time.Hour // a shorter history has more columns
	assert.Greater(t, cfg.columns(), 24*minColumns-1)
}
