package rootcause

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"
)

// components are the places of a configuration of rootcause in a whole one.
var components = []string{"processors::rootcause", "connectors::rootcause"}

// from returns the configuration at a place of a whole one.
func from(t *testing.T, whole *confmap.Conf, place string) *Config {
	t.Helper()
	sub, err := whole.Sub(place)
	require.NoError(t, err)
	cfg := DefaultConfig().(*Config)
	require.NoError(t, sub.Unmarshal(cfg))
	return cfg
}

// The examples under config can be used, as they are started: from the top.
func TestConfig_examples(t *testing.T) {
	t.Chdir("../..")
	files, err := filepath.Glob("config/*.yaml")
	require.NoError(t, err)
	seen := map[string]int{}
	for _, f := range files {
		whole, err := confmaptest.LoadConf(f)
		require.NoError(t, err, f)
		for _, place := range components {
			if whole.IsSet(place) {
				seen[place]++
				require.NoError(t, from(t, whole, place).Validate(), f)
			}
		}
	}
	assert.GreaterOrEqual(t, seen[components[0]], 3)
	assert.GreaterOrEqual(t, seen[components[1]], 1)

	whole, err := confmaptest.LoadConf("config/slos.yaml")
	require.NoError(t, err)
	cfg := from(t, whole, components[0])
	_, err = newEngineForTest(cfg)
	require.NoError(t, err)
	objectives, err := cfg.objectives()
	require.NoError(t, err)
	var names []string
	for _, o := range objectives {
		names = append(names, o.Name)
	}
	assert.Equal(t, []string{"cart-latency", "cart-errors", "checkout-latency/most", "checkout-latency/nearly-all", "checkout-errors"}, names)
}

// What README.md shows can be used.
func TestDocs_examplesOfTheReadme(t *testing.T) {
	blocks := strings.Split(read(t, readme), "```yaml\n")[1:]
	require.Len(t, blocks, 3)
	for i, b := range blocks {
		text, _, _ := strings.Cut(b, "```")
		cfg := DefaultConfig().(*Config)
		if strings.HasPrefix(text, "apiVersion") {
			cfg.OpenSLO = []string{filepath.Join(t.TempDir(), "slo.yaml")}
			require.NoError(t, os.WriteFile(cfg.OpenSLO[0], []byte(text), 0o600))
		} else {
			r, err := confmap.NewRetrievedFromYAML([]byte(text))
			require.NoError(t, err)
			whole, err := r.AsConf()
			require.NoError(t, err)
			cfg = from(t, whole, components[0])
		}
		require.NoError(t, cfg.Validate())
		objectives, err := cfg.objectives()
		require.NoError(t, err)
		assert.Len(t, objectives, []int{0, 2, 1}[i])
	}
}
