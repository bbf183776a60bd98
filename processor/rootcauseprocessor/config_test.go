package rootcauseprocessor

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

func load(t *testing.T, name string) *Config {
	t.Helper()
	cm, err := confmaptest.LoadConf(filepath.Join("testdata", "config.yaml"))
	require.NoError(t, err)
	sub, err := cm.Sub("rootcause/" + name)
	require.NoError(t, err)
	cfg := createDefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	return cfg
}

func TestConfig_emptyIsTheDefaultAndValid(t *testing.T) {
	cfg := load(t, "empty")
	assert.Equal(t, createDefaultConfig(), cfg)
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
		"learned_slos.windows", "learned_slos.quantile", "learned_slos.headroom",
		"rule.of", "rule.resolve_after", "rule.min_requests",
		"training.min_windows", "training.interval", "training.cpu_budget", "training.publish_after", "training.epochs",
		"limits.services", "limits.operations_per_service", "limits.instances", "limits.pending_spans", "limits.trace_spans", "limits.trace_age",
		"limits.metric_streams", "limits.pending_windows", "limits.memory_mib", "limits.checkpoint_mib",
		"metrics.include[0]", "metrics.include[1]", "metrics.join[0]",
		"events.candidates", "events.model_heartbeat", "events.incident_heartbeat", "events.expire_after", "events.max_open",
	}, got)
}

// Configurations that Validate accepts start an engine: it does not refuse later.
func TestConfig_validMeansUsable(t *testing.T) {
	for _, name := range []string{"empty", "issue"} {
		cfg := load(t, name)
		require.NoError(t, cfg.Validate())
		_, err := newEngineForTest(cfg)
		assert.NoError(t, err)
	}
}

func TestConfig_objectives(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	cfg.SLOs = []SLO{{Name: "a", Service: "shop/eu/cart", Operation: "*", Threshold: time.Second}}
	got := cfg.objectives()[0]
	assert.Equal(t, "shop/eu", got.Service.Namespace)
	assert.Equal(t, "cart", got.Service.Name)
	assert.InDelta(t, 0.99, got.Quantile, 0)
	assert.InDelta(t, 0.99, got.Target, 0)
}

// Bounds that do not fit into each other are refused, with what would fit; the
// default leaves the history room for thousands of columns.
func TestConfig_memoryHoldsWhatOtherLimitsAllow(t *testing.T) {
	cfg := createDefaultConfig().(*Config)
	assert.Greater(t, cfg.columns(), 5000)

	cfg.Limits.MemoryMiB = 140
	require.EqualError(t, cfg.Validate(),
		"limits.memory_mib: must be at least 157: 140 MiB for what the other limits allow, and 17 MiB for 256 columns of training.history (got 140)")
	cfg.Limits.MemoryMiB = 157
	require.NoError(t, cfg.Validate())
	assert.GreaterOrEqual(t, cfg.columns(), minColumns)

	cfg.Training.History = time.Hour // a shorter history has more columns
	assert.Greater(t, cfg.columns(), 24*minColumns-1)
}
