package openslo

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// node is a place in a file. One without YAML is what is not there.
type node struct {
	*yaml.Node
	file string
	in   *importer
}

func (n node) there() bool { return n.Node != nil }

// refuse notes why what is here cannot be imported.
func (n node) refuse(format string, args ...any) {
	n.in.problems = append(n.in.problems, Problem{n.file, n.Line, fmt.Sprintf(format, args...)})
}

// or returns n, or the node that holds it where n is not there, to point at.
func (n node) or(parent node) node {
	if n.there() {
		return n
	}
	return parent
}

// fields returns the values of an object by key. Keys that are not known, or stand
// there twice, are refused; those that are not there are nodes without YAML.
func (n node) fields(known ...string) map[string]node {
	out := make(map[string]node, len(known))
	for _, k := range known {
		out[k] = node{nil, n.file, n.in}
	}
	if !n.there() {
		return out
	}
	if n.Kind != yaml.MappingNode {
		n.refuse("must be an object")
		return out
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := node{n.Content[i], n.file, n.in}, node{n.Content[i+1], n.file, n.in}
		switch {
		case !slices.Contains(known, key.Value):
			key.refuse("%s is not supported here: only %s", key.Value, strings.Join(known, ", "))
		case out[key.Value].there():
			key.refuse("%s stands there twice", key.Value)
		case value.Kind == yaml.AliasNode:
			value.refuse("aliases are not supported")
		case value.Tag != "!!null":
			out[key.Value] = value
		}
	}
	return out
}

// items returns the elements of a list.
func (n node) items() []node {
	if !n.there() {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		n.refuse("must be a list")
		return nil
	}
	out := make([]node, 0, len(n.Content))
	for _, c := range n.Content {
		out = append(out, node{c, n.file, n.in})
	}
	return out
}

// text returns a scalar, "" where it is not there.
func (n node) text() string {
	if !n.there() {
		return ""
	}
	if n.Kind != yaml.ScalarNode {
		n.refuse("must be one value")
		return ""
	}
	return n.Value
}

// number returns a finite number, and whether there is one; what is no number is
// refused.
func (n node) number() (float64, bool) {
	if !n.there() {
		return 0, false
	}
	v, err := strconv.ParseFloat(n.text(), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		n.refuse("%q is no number", n.Value)
		return 0, false
	}
	return v, true
}

// latency returns a positive duration such as 500ms; what is none is refused.
func (n node) latency() time.Duration {
	d, err := time.ParseDuration(n.text())
	if err != nil || d <= 0 {
		n.refuse("%q is no positive duration such as 500ms", n.Value)
		return 0
	}
	return d
}

// units of durations in OpenSLO that have one length.
var units = []struct {
	suffix string
	length time.Duration
}{{"m", time.Minute}, {"h", time.Hour}, {"d", 24 * time.Hour}, {"w", 7 * 24 * time.Hour}}

// maxPeriod of a time window: as OpenSLO's longest unit, a year.
const maxPeriod = 366 * 24 * time.Hour

// period returns a duration in OpenSLO's shorthand, such as 30d.
func (n node) period() time.Duration {
	s := n.text()
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		v, err := strconv.ParseUint(digits, 10, 31)
		if err == nil && v > 0 && v <= uint64(maxPeriod/u.length) {
			return time.Duration(v) * u.length
		}
	}
	n.refuse("%q is no time window such as 30d: a whole number of m, h, d or w, at most a year", s)
	return 0
}
