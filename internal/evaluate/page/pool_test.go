package page_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/evaluate/page"
)

// 30 incidents of the one suite and 2 of the other: (30 x 1 + 2 x 0.5) / 32 = 96.9 %
// and (30 x 1 + 2 x 0) / 32 = 93.8 %. Methods that one suite lacks, and kinds that one
// suite alone has, are not pooled.
func TestTables_poolsKindsOfFaults(t *testing.T) {
	text := page.Tables(example())
	_, text, ok := strings.Cut(text, "### Kinds of faults over all suites")
	require.True(t, ok)
	text, _, _ = strings.Cut(text, "Top-1:")
	assert.Contains(t, line(t, text, "fault", "incidents"), "| exclusive | sage |")
	assert.Contains(t, line(t, text, "cpu", "32"), "| **96.9** | 93.8 |")
	assert.NotContains(t, text, "pool")
	assert.NotContains(t, text, "disk")
}

// What is pooled is not repeated for each suite among the lowest.
func TestAccuracy_lowestOfPools(t *testing.T) {
	_, text, ok := strings.Cut(page.Accuracy(example(), nil), "### Finds least")
	require.True(t, ok)
	text, _, _ = strings.Cut(text, "###")
	assert.NotRegexp(t, `wide +\| cpu`, text)
	line(t, text, `fanout \| wide`, "disk")
}
