package fleet

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"

	"github.com/sage-rca/sage/connector/rootcauseconnector"
)

var variable = regexp.MustCompile(`\$\{env:(\w+)(?::-([^}]*))?\}`)

// configurations are those of config/fleet by name, with the defaults of variables.
func configurations(t *testing.T) map[string]*confmap.Conf {
	t.Helper()
	files, err := filepath.Glob("../../config/fleet/*.yaml")
	require.NoError(t, err)
	out := map[string]*confmap.Conf{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		r, err := confmap.NewRetrievedFromYAML(variable.ReplaceAll(text, []byte("$2")))
		require.NoError(t, err, f)
		out[strings.TrimSuffix(filepath.Base(f), ".yaml")], err = r.AsConf()
		require.NoError(t, err, f)
	}
	require.Len(t, out, 5)
	return out
}

// engine is the connector of a configuration.
func engine(t *testing.T, c *confmap.Conf) *rootcauseconnector.Config {
	t.Helper()
	sub, err := c.Sub("connectors::rootcause")
	require.NoError(t, err)
	cfg := rootcauseconnector.NewFactory().CreateDefaultConfig().(*rootcauseconnector.Config)
	require.NoError(t, sub.Unmarshal(cfg))
	require.NoError(t, cfg.Validate())
	return cfg
}

// The tiers have the settings that belong together, as docs/fleet.md says.
func TestConfig_tiersBelongTogether(t *testing.T) {
	all := configurations(t)
	analysis := engine(t, all["analysis"])
	assert.False(t, analysis.Emit.Summaries)
	assert.NotNil(t, analysis.Storage)
	for _, name := range []string{"first-tier", "kafka-first-tier"} {
		first := engine(t, all[name])
		assert.Equal(t, analysis.Window, first.Window, name)
		assert.Less(t, first.Lateness, analysis.Lateness, name)
		assert.Less(t, analysis.Lateness, analysis.Window, name)
		assert.Equal(t, rootcauseconnector.Emit{Summaries: true}, first.Emit, name)
		assert.Nil(t, first.Storage, "%s judges nothing", name)
	}
}

// Traces stay whole, and metrics go past the first tier.
func TestConfig_tracesStayWhole(t *testing.T) {
	all := configurations(t)
	assert.Equal(t, "traceID", all["router"].Get("exporters::loadbalancing::routing_key"))
	assert.True(t, all["router"].IsSet("exporters::loadbalancing::resolver::static"))
	assert.Equal(t, true, all["kafka-agents"].Get("exporters::kafka::partition_traces_by_id"))
	assert.Equal(t, all["kafka-agents"].Get("exporters::kafka::traces::topic"), all["kafka-first-tier"].Get("receivers::kafka::traces::topics").([]any)[0])
	for _, name := range []string{"router", "kafka-agents"} {
		assert.Equal(t, []any{"otlp_grpc/analysis"}, all[name].Get("service::pipelines::metrics::exporters"), name)
	}
}

// Pipelines name what is configured, and all that is configured is in one.
func TestConfig_pipelines(t *testing.T) {
	for name, c := range configurations(t) {
		used := map[string]bool{}
		for _, p := range c.Get("service::pipelines").(map[string]any) {
			for _, list := range p.(map[string]any) {
				for _, id := range list.([]any) {
					used[id.(string)] = true
				}
			}
		}
		extensions, _ := c.Get("service::extensions").([]any)
		for _, id := range extensions {
			used[id.(string)] = true
		}
		var configured []string
		for _, kind := range []string{"receivers", "processors", "connectors", "exporters", "extensions"} {
			components, _ := c.Get(kind).(map[string]any)
			for id := range components {
				configured = append(configured, id)
			}
		}
		for id := range used {
			assert.True(t, slices.Contains(configured, id), "%s: %s", name, id)
		}
		assert.Len(t, used, len(configured), name)
	}
}
