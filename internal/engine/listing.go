package engine

import (
	"fmt"
	"strings"
)

// listed names the first most of all, and says how many more there are.
func listed[T fmt.Stringer](all []T, most int) string {
	var names []string
	for _, x := range all[:min(len(all), most)] {
		names = append(names, x.String())
	}
	text := strings.Join(names, ", ")
	if more := len(all) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// quoted lists names in quotes.
func quoted(names []string) string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(out, ", ")
}
