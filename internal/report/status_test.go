package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/engine"
	"github.com/sage-rca/sage/internal/report"
)

// A name of a megabyte that a warning or a reason quotes makes no attribute of that size.
func TestLogs_statusIsBounded(t *testing.T) {
	status := ready
	status.Warning = "too many names: " + strings.Repeat("é", 1<<19)
	status.Reason = status.Warning
	all := records(report.Logs([]engine.Output{{Model: &status}}, options))
	require.Len(t, all, 1)
	for _, key := range []string{"rca.model.warning", "rca.model.reason"} {
		v, ok := all[0].Attributes().Get(key)
		require.True(t, ok, key)
		assert.LessOrEqual(t, len(v.Str()), 2000, key)
		assert.True(t, strings.HasSuffix(v.Str(), "é..."), key)
	}
}
