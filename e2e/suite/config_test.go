//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The built Collector accepts every configuration that users copy.
func TestConfigs_areValid(t *testing.T) {
	dir := root(t)
	files, err := filepath.Glob(filepath.Join(dir, "config", "*.yaml"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "builder-") || strings.Contains(name, ".openslo.") {
			continue // says how to build a Collector, or what an objective is, not how to run one
		}
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "dist", "otelcol-sage"), "validate", "--config", file)
			cmd.Env = append(os.Environ(), "SAGE_STORAGE="+t.TempDir(), "SAGE_HOST=here", "PAGERDUTY_ROUTING_KEY=0123456789abcdef0123456789abcdef", "SAGE_WEBHOOK_TOKEN=token")
			cmd.Dir = dir // to which files that they name are relative
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
		})
	}
}
