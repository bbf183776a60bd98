package page

import (
	"fmt"
	"math"
	"strconv"

	"github.com/sage-rca/sage/internal/evaluate"
)

// status is how a target stands.
type status string

const (
	met      status = "met"
	below    status = "below target"
	above    status = "above target"
	unproved status = "not measured"
)

// judge holds a figure against a target. Only the figure counts: an interval that
// reaches the target does not meet it.
func (t *Target) judge(f found) status {
	switch {
	case !f.known():
		return unproved
	case f.value < t.Min-alike:
		return below
	case f.value > t.Max+alike:
		return above
	default:
		return met
	}
}

// known says whether there is a figure.
func (f found) known() bool { return f.ok && !math.IsNaN(f.value) && !math.IsInf(f.value, 0) }

// bound shows what is wanted.
func (t *Target) bound() string {
	switch low, high := !math.IsInf(t.Min, 0), !math.IsInf(t.Max, 0); {
	case low && high && t.Min == t.Max:
		return t.Unit.show(t.Min)
	case low && high:
		return t.Unit.show(t.Min) + " to " + t.Unit.show(t.Max)
	case low:
		return ">= " + t.Unit.show(t.Min)
	case t.Max == 0:
		return t.Unit.show(0)
	default:
		return "<= " + t.Unit.show(t.Max)
	}
}

// show renders a value without its unit, which the figure's words say.
func (u Unit) show(v float64) string {
	switch u {
	case Percent:
		return percent(v) + " %"
	case Points:
		return points(v) + " points"
	case Times:
		return strconv.FormatFloat(v, 'f', 1, 64) + " x"
	case Count:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return nothing
}

func targetTable() *table { return newTable(3, "target", "", "note", "wanted", "found") }

// row adds the target to a table.
func (t *Target) row(to *table, f found) {
	value := nothing
	if f.known() {
		value = t.Unit.show(f.value) + within(f.ci)
	}
	note := f.note
	if !f.known() || note == "" {
		note = nothing
	}
	to.add(t.What, string(t.judge(f)), note, t.bound(), value)
}

// scores counts targets by status.
func (ts Targets) scores(r *evaluate.Results) string {
	n := make(map[status]int)
	for i := range ts {
		n[ts[i].judge(ts[i].find(r))]++
	}
	return fmt.Sprintf("%d met, %d not met, %d not measured", n[met], n[below]+n[above], n[unproved])
}
