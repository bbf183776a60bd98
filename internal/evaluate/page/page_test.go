package page_test

import (
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sage-rca/sage/internal/evaluate"
	"github.com/sage-rca/sage/internal/evaluate/page"
)

// A golden file per page; UPDATE=1 rewrites them.
func TestPages_golden(t *testing.T) {
	for name, got := range map[string]string{
		"tables.md":         page.Tables(example()),
		"accuracy.md":       page.Accuracy(example(), page.Design()),
		"summary.txt":       page.Summary(example()),
		"tables_empty.md":   page.Tables(nil),
		"accuracy_empty.md": page.Accuracy(nil, page.Design()),
		"summary_empty.txt": page.Summary(nil),
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name)
			if os.Getenv("UPDATE") != "" {
				require.NoError(t, os.WriteFile(file, []byte(got), 0o600))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
		})
	}
}

// Every table has as many cells in each row, and rows of equal width.
func TestPages_tablesAreAligned(t *testing.T) {
	for name, text := range map[string]string{
		"tables":   page.Tables(example()),
		"accuracy": page.Accuracy(example(), page.Design()),
	} {
		bars, wide, rows := 0, 0, 0
		for i, line := range strings.Split(text, "\n") {
			if !strings.HasPrefix(line, "|") {
				bars = 0
				continue
			}
			rows++
			n, w := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"), utf8.RuneCountInString(line)
			if bars == 0 {
				bars, wide = n, w
			}
			assert.Equal(t, bars, n, "%s, line %d", name, i+1)
			assert.Equal(t, wide, w, "%s, line %d", name, i+1)
		}
		assert.Greater(t, rows, 50, name)
	}
}

// What is not measured is said to be, and nothing panics or shows a NaN.
func TestPages_withoutParts(t *testing.T) {
	for name, r := range map[string]*evaluate.Results{
		"no methods":    {Suites: []evaluate.Suite{{Name: "chain"}}, Recorded: []evaluate.RecordedSet{{Name: "shop"}}, Ablations: []evaluate.Suite{{Name: "chain"}}},
		"no default":    {Suites: []evaluate.Suite{{Name: "chain", Methods: []evaluate.MethodResult{row("baro", 3, 0.5, 0.5)}}}},
		"default alone": {Suites: []evaluate.Suite{{Name: "chain", Methods: []evaluate.MethodResult{row("sage", 3, 1, 1)}}}},
		"empty curve":   {Robustness: map[string][]evaluate.Point{"sampling": nil}},
		"not a number":  {Suites: []evaluate.Suite{{Name: "chain", Methods: []evaluate.MethodResult{row("sage", 3, math.NaN(), math.Inf(1))}}}},
		"a curve without numbers": {Robustness: map[string][]evaluate.Point{"sampling": {
			{At: "100 %", Methods: []evaluate.MethodResult{row("sage", 3, 1, 1)}}, {At: "1 %", Methods: []evaluate.MethodResult{row("sage", 3, math.NaN(), 1)}},
		}}},
		"no predictions": {WhatIf: evaluate.WhatIf{Coverage90: math.NaN()}},
		"empty bins":     {Calibration: []evaluate.Bin{{From: 0, To: 1}}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range []string{page.Tables(r), page.Accuracy(r, page.Design()), page.Accuracy(r, nil), page.Summary(r)} {
				assert.NotContains(t, text, "NaN")
				assert.NotContains(t, text, "Inf")
			}
			assert.Contains(t, page.Tables(r), "Not measured.")
		})
	}
}

// line returns the row of a page's table that begins with these cells.
func line(t *testing.T, text string, cells ...string) string {
	t.Helper()
	var quoted []string
	for _, c := range cells {
		quoted = append(quoted, regexp.QuoteMeta(c))
	}
	m := regexp.MustCompile(`(?m)^\| *` + strings.Join(quoted, ` *\| *`) + ` *\|.*$`).FindString(text)
	require.NotEmpty(t, m, "no row %v", cells)
	return regexp.MustCompile(` +`).ReplaceAllString(m, " ")
}

func TestTables_boldIsBest(t *testing.T) {
	text := page.Tables(example())
	// The best exact share and fewest wrong; top-1 is a tie; times are bold nowhere.
	ours := line(t, text, "sage", "40")
	assert.Contains(t, ours, "**97.5** [87.5, 100.0] | **2.5** | **2.5** | **97.5** |")
	assert.Contains(t, ours, "| 12.3 | 41.2 |")
	theirs := line(t, text, "exclusive", "40")
	assert.Contains(t, theirs, "| 90.0 [80.0, 95.0] | 10.0 | 5.0 | **97.5** |")
	// A kind of fault is a row.
	assert.Contains(t, line(t, text, "cpu", "30"), "| 10.0 | **100.0** | 80.0 | **100.0** |")
	assert.Contains(t, line(t, text, "pool", "10"), "| - | 60.0 | **100.0** | 90.0 |")
}

// Equal as far as the digits go is equal.
func TestTables_tiesByDigits(t *testing.T) {
	r := &evaluate.Results{Suites: []evaluate.Suite{{Name: "s", Methods: []evaluate.MethodResult{
		{Name: "a", Incidents: 9, Exact: 0.50001}, {Name: "b", Incidents: 9, Exact: 0.5}, {Name: "c", Incidents: 9, Exact: 0.49}, {Name: "d"},
	}}}}
	text := page.Tables(r)
	assert.Contains(t, line(t, text, "a", "9"), "| **50.0** |")
	assert.Contains(t, line(t, text, "b", "9"), "| **50.0** |")
	assert.Contains(t, line(t, text, "c", "9"), "| 49.0 |")
	assert.Contains(t, line(t, text, "d", "0"), "| - |", "a share of no incidents is not 0")
}

func TestTables_calibrationError(t *testing.T) {
	// (10 |0.8 - 0.6| + 30 |0.95 - 0.95|) / 40 = 0.05
	assert.Contains(t, page.Tables(example()), "Expected calibration error: 5.0 points over 40 culprits.")
	assert.Contains(t, page.Accuracy(example(), nil), "overconfident where it states 50.0 to 90.0 %")
}

func TestAccuracy_saysWhereItIsWeak(t *testing.T) {
	text := page.Accuracy(example(), page.Design())
	_, text, ok := strings.Cut(text, "### Loses most to another method")
	require.True(t, ok)
	most, rest, ok := strings.Cut(text, "### Loses to its own robust scorer")
	require.True(t, ok)
	// An incident each, largest share first, but eight tenths of one of the recorded.
	assert.Contains(t, line(t, most, `fanout \| wide`, "cpu", "exact", "exclusive"), "| 50.0 | 50.0 | 1.0 |")
	assert.Contains(t, line(t, most, `fanout \| wide`, "(all)", "exact", "exclusive"), "| 33.3 | 33.3 | 1.0 |")
	assert.Contains(t, line(t, most, "chain", "pool", "exact", "robust"), "| 100.0 | 10.0 | 1.0 |")
	assert.Contains(t, line(t, most, "all suites", "cpu", "exact", "exclusive"), "| 32 | 93.8 | 96.9 | 3.1 | 1.0 |")
	assert.Contains(t, line(t, most, "shop", "latency", "top-1", "baro"), "| 90.0 | 10.0 | 0.8 |")
	order := regexp.MustCompile(`(?m)^\| (fanout \\\| wide|chain|all suites|shop)`).FindAllStringSubmatch(most, -1)
	require.Len(t, order, 5)
	for i, want := range []string{`fanout \| wide`, `fanout \| wide`, "chain", "all suites", "shop"} {
		assert.Equal(t, want, order[i][1])
	}

	robust, rest, ok := strings.Cut(rest, "### Finds least")
	require.True(t, ok)
	line(t, robust, "chain", "pool", "exact")
	line(t, robust, "chain", "pool", "top-1")
	line(t, robust, "chain: sampling", "1 %", "exact")
	assert.NotContains(t, robust, "cpu")
	assert.NotContains(t, robust, "shop")

	_, rest, ok = strings.Cut(rest, "### Parts that cost more than they bring")
	require.True(t, ok)
	assert.Contains(t, line(t, rest, "chain", "without screen"), "| 100.0 | 97.5 | 2.5 |")
	assert.NotContains(t, strings.Split(rest, "###")[0], "without floor")
}

func TestAccuracy_targets(t *testing.T) {
	text := page.Accuracy(example(), page.Design())
	_, text, ok := strings.Cut(text, "## Targets")
	require.True(t, ok)
	text, _, ok = strings.Cut(text, "## Where it is weak")
	require.True(t, ok)
	for what, want := range map[string]string{
		"chain, exact culprit set":                                   "| met | - | >= 97.0 % | 97.5 % [87.5, 100.0] |",
		"fanout, exact culprit set":                                  "| below target | - | >= 96.0 % | 95.0 % [85.0, 100.0] |",
		"syn-1024, exact culprit set":                                "| not measured | - | >= 92.0 % | - |",
		"wrong-culprit incidents in the worst suite":                 `| above target | fanout \| wide | <= 2.0 % | 50.0 % [40.0, 55.0] |`,
		"incidents raised by decoys":                                 "| above target | in 4.2 hours | 0 | 2 |",
		"exact after services were added, at once":                   "| met | - | >= 90.0 % | 90.0 % [80.0, 95.0] |",
		"exact after partial retraining":                             "| below target | - | >= 92.0 % |",
		"training from scratch takes, times partial retraining":      "| met | - | >= 10.0 x | 12.5 x |",
		"what-if, median error":                                      "| above target | - | <= 10.0 % | 12.3 % |",
		"what-if, truth within 90 % intervals":                       "| met | - | 85.0 % to 95.0 % |",
		"exact lost by sampling 10 % of traces":                      "| met | chain: sampling | <= 1.0 points | 1.0 points |",
		"exact lost by sampling 1 % of traces":                       "| above target | chain: sampling | <= 3.0 points | 25.0 points |",
		"recorded kinds of faults where a baseline is ahead (top-1)": "| above target | shop latency (baro), of 2 | 0 | 1 |",
		"places where its own robust scorer is ahead":                "| above target | - | 0 | 2 |",
	} {
		assert.Contains(t, line(t, text, what), want)
	}
	assert.Contains(t, text, "5 met, 8 not met, 6 not measured.")
}

func TestSummary_isShort(t *testing.T) {
	text := page.Summary(example())
	assert.LessOrEqual(t, strings.Count(text, "\n"), 12)
	assert.Contains(t, text, "loses most: fanout | wide cpu to exclusive by 50.0 points; fanout | wide (all) to exclusive by 33.3 points; chain pool to robust by 10.0 points")
	assert.Contains(t, text, "target >= 96.0 %: below target")
}
