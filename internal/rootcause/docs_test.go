package rootcause

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component"

	"github.com/sage-rca/sage/internal/callgraph"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

// readme has the settings of both components.
const readme = "../../processor/rootcauseprocessor/README.md"

// settings lists the keys of a configuration by path; those of list elements
// stand alone, as README.md has a table of their own for them.
func settings(of reflect.Type, path string) []string {
	var out []string
	for f := range of.Fields() {
		key := f.Tag.Get("mapstructure")
		switch typ := f.Type; {
		case typ == reflect.TypeFor[*component.ID](), typ == reflect.TypeFor[time.Duration](), typ.Kind() != reflect.Struct && typ.Kind() != reflect.Slice:
			out = append(out, path+key)
		case typ.Kind() == reflect.Struct:
			out = append(out, settings(typ, path+key+".")...)
		default:
			out = append(out, path+key)
			if typ.Elem().Kind() == reflect.Struct {
				out = append(out, settings(typ.Elem(), "")...)
			}
		}
	}
	return out
}

func TestDocs_everySettingIsInTheReadme(t *testing.T) {
	text := read(t, readme)
	all := settings(reflect.TypeFor[Config](), "")
	require.Greater(t, len(all), 40)
	for _, s := range all {
		assert.Contains(t, text, "`"+s+"`")
	}
}

// Defaults in README.md are those of the code, where they are written the same way.
func TestDocs_defaultsAreThoseOfTheCode(t *testing.T) {
	text := read(t, readme)
	cfg := DefaultConfig().(*Config)
	for setting, want := range map[string]string{
		"window": cfg.Window.String(), "lateness": cfg.Lateness.String(),
		"limits.memory_mib": "1024", "limits.pending_spans": "0", "limits.checkpoint_mib": "0", "training.min_windows": "40",
	} {
		line := text[strings.Index(text, "| `"+setting+"` |"):]
		line, _, _ = strings.Cut(line, "\n")
		assert.Contains(t, line, "| `"+want+"` |")
	}
	assert.Equal(t, 1024, cfg.Limits.MemoryMiB)
	assert.Zero(t, cfg.Limits.PendingSpans)
	assert.Equal(t, 40, cfg.Training.MinWindows)
}

func TestDocs_everyReasonOfTheCallGraphIsExplained(t *testing.T) {
	text := read(t, "../../docs/operations.md")
	for r := range callgraph.Reason(callgraph.NumReasons) {
		assert.Contains(t, text, "`"+r.String()+"`")
	}
}
