//go:build ocb

package rootcauseprocessor

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A user's own manifest: what README.md shows, beside components of their own.
const manifest = `dist:
  name: mycollector
  output_path: OUT
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver v0.149.0
processors:
LINES
  - gomod: go.opentelemetry.io/collector/exporter/debugexporter v0.149.0
providers:
  - gomod: go.opentelemetry.io/collector/confmap/provider/fileprovider v1.55.0
`

// The lines that README.md tells users to add build, in a manifest of their own,
// a Collector that has the components.
func TestOCB(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	dir := t.TempDir()
	text := strings.NewReplacer("OUT", dir, "LINES", readmeLines(t, root)).Replace(manifest)
	text = strings.ReplaceAll(text, "/path/to/sage", root)
	file := filepath.Join(dir, "builder.yaml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))

	run := func(name string, args ...string) string {
		cmd := exec.Command(name, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s %v: %s", name, args, out)
		return string(out)
	}
	run("go", "run", "go.opentelemetry.io/collector/cmd/builder@v0.149.0", "--config", file)
	components := run(filepath.Join(dir, "mycollector"), "components")
	assert.Contains(t, components, "name: rootcause")
	assert.Contains(t, components, "name: incident")
}

// readmeLines returns the manifest lines between the markers in README.md: processors,
// connectors, then exporters.
func readmeLines(t *testing.T, root string) string {
	b, err := os.ReadFile(filepath.Join(root, "README.md"))
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(b), "<!-- ocb -->\n```yaml\nprocessors:\n")
	require.True(t, found, "README.md has lost its ocb lines")
	lines, _, found := strings.Cut(rest, "```")
	require.True(t, found)
	return strings.TrimRight(lines, "\n")
}
