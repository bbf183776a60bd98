package recorded

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// notes counts what was left out or repaired, by reason.
type notes map[string]int

func (n notes) add(reason string, count int) {
	if count > 0 {
		n[reason] += count
	}
}

// list returns "reason: count", sorted.
func (n notes) list() []string {
	var out []string
	for _, reason := range slices.Sorted(maps.Keys(n)) {
		out = append(out, fmt.Sprintf("%s: %d", reason, n[reason]))
	}
	return out
}

// named appends what names to a reason, where there are any.
func (n notes) named(reason string, names []string) {
	if len(names) > 0 {
		n.add(reason+" ("+strings.Join(names, ", ")+")", len(names))
	}
}
