package recorded

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// notes counts what was left out or repaired, by reason.
type notes map[string]note

// note is how often a reason was met, and where first.
type note struct {
	count int
	first string // "" where the reason says it all
}

func (n notes) add(reason string, count int) {
	if count > 0 {
		v := n[reason]
		v.count += count
		n[reason] = v
	}
}

// at counts one more, and remembers where the first was.
func (n notes) at(reason, where string) {
	v := n[reason]
	v.count++
	if v.first == "" {
		v.first = where
	}
	n[reason] = v
}

// list returns "reason: count", with the first where it is known, sorted.
func (n notes) list() []string {
	var out []string
	for _, reason := range slices.Sorted(maps.Keys(n)) {
		line := fmt.Sprintf("%s: %d", reason, n[reason].count)
		if first := n[reason].first; first != "" {
			line += ", first " + first
		}
		out = append(out, line)
	}
	return out
}

// maxNamed is how many names a note has.
const maxNamed = 10

// named appends what names to a reason, where there are any.
func (n notes) named(reason string, names []string) {
	if len(names) == 0 {
		return
	}
	shown := strings.Join(names[:min(len(names), maxNamed)], ", ")
	if len(names) > maxNamed {
		shown += ", ..."
	}
	n.add(reason+" ("+shown+")", len(names))
}

// because ends an error: what was noted until then may be why.
func (n notes) because() string {
	if len(n) == 0 {
		return ""
	}
	return " (" + strings.Join(n.list(), "; ") + ")"
}
