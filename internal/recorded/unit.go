package recorded

import "strings"

// units are those of durations, as names of columns have them, in ns.
var units = map[string]float64{
	"s": nsPerSecond, "sec": nsPerSecond, "seconds": nsPerSecond,
	"ms": 1e6, "us": 1e3, "µs": 1e3, "μs": 1e3, "ns": 1,
}

// unitOf splits a name that ends in the unit of a duration, in parentheses; ok is
// false where it does not, or in one that is not known.
func unitOf(name string) (bare string, ns float64, ok bool) {
	name = strings.TrimSpace(name)
	open := strings.LastIndexByte(name, '(')
	if open < 0 || !strings.HasSuffix(name, ")") {
		return name, 0, false
	}
	ns, ok = units[strings.ToLower(strings.TrimSpace(name[open+1:len(name)-1]))]
	return strings.TrimSpace(name[:open]), ns, ok
}
