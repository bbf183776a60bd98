package config

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	attrRow = regexp.MustCompile("(?m)^\\| `([a-z_.]+)` \\| (?:string|int|double|boolean)")
	dotted  = regexp.MustCompile(`\brca(?:\.[a-z_]+)+`)
	scored  = regexp.MustCompile(`\brca_[a-z_]+`)
)

// contract has the names of events.md: of events and attributes.
func contract(t *testing.T) (events, attributes map[string]bool) {
	t.Helper()
	text := read(t, "../docs/events.md")
	head, table, ok := strings.Cut(text, "## Attributes")
	require.True(t, ok)
	events, attributes = map[string]bool{}, map[string]bool{}
	for line := range strings.SplitSeq(head, "\n") {
		if name, _, ok := strings.Cut(line, "` |"); ok && strings.HasPrefix(name, "| `rca.") {
			events[strings.TrimPrefix(name, "| `")] = true
		}
	}
	for _, m := range attrRow.FindAllStringSubmatch(table, -1) {
		attributes[m[1]] = true
	}
	require.GreaterOrEqual(t, len(events), 3)
	require.Greater(t, len(attributes), 60)
	return events, attributes
}

// Queries name events and attributes as events.md does, where a backend keeps dots, and
// with underscores where it does not.
func TestBackends_namesAreThoseOfTheContract(t *testing.T) {
	events, attributes := contract(t)
	text := read(t, "../docs/backends.md")
	found := dotted.FindAllString(text, -1)
	require.Greater(t, len(found), 40)
	for _, name := range found {
		assert.True(t, events[name] || attributes[name], "%s is neither an event nor an attribute", name)
	}
	underscored := map[string]bool{}
	for name := range attributes {
		underscored[strings.ReplaceAll(name, ".", "_")] = true
	}
	found = scored.FindAllString(text, -1)
	require.Greater(t, len(found), 8)
	for _, name := range found {
		assert.True(t, underscored[name], name)
	}
}

// Every backend has a query for each of the events that there always are.
func TestBackends_eachFindsEachEvent(t *testing.T) {
	text := read(t, "../docs/backends.md")
	for _, backend := range []string{"Loki", "Elastic", "Datadog", "ClickHouse"} {
		_, section, ok := strings.Cut(text, "\n## "+backend+"\n")
		require.True(t, ok, backend)
		section, _, _ = strings.Cut(section, "\n## ")
		var queries strings.Builder
		for i, part := range strings.Split(section, "```") {
			if i%2 == 1 {
				queries.WriteString(part)
			}
		}
		for _, event := range []string{"rca.incident", "rca.root_cause", "rca.model.status"} {
			assert.Regexp(t, `(event[._]name['\]]*\s*(=|==|:)\s*["']?)`+regexp.QuoteMeta(event)+`\b`, queries.String(), backend)
		}
	}
}
