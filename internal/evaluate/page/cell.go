package page

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sage-rca/sage/internal/evaluate"
)

// nothing stands for a figure that is not there.
const nothing = "-"

// cell is one figure of a table.
type cell struct {
	text  string  // what is compared by eye, and set in bold
	tail  string  // what follows it, such as an interval
	value float64 // what is compared
	known bool
}

// missing is the cell of a figure that is not there.
func missing() cell { return cell{text: nothing} }

// number makes a cell of v, or a missing one where v is no number.
func number(v float64, text string) cell {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return missing()
	}
	return cell{text: text, value: v, known: true}
}

// share is a share in percent with one decimal.
func share(v float64) cell { return number(v, percent(v)) }

// shareWithin is a share with its 95 % interval.
func shareWithin(v float64, ci evaluate.Interval) cell {
	c := share(v)
	if c.known {
		c.tail = within(ci)
	}
	return c
}

// within shows an interval of a share, and nothing for the zero value: an interval
// of positive width is what every share has, even one of 0.
func within(ci evaluate.Interval) string {
	if ci == (evaluate.Interval{}) {
		return ""
	}
	return " [" + percent(ci[0]) + ", " + percent(ci[1]) + "]"
}

func count(n int) cell { return number(float64(n), strconv.Itoa(n)) }

// significant is a number with three significant digits.
func significant(v float64) cell {
	if v == 0 {
		return number(v, "0")
	}
	digits := 2 - int(math.Floor(math.Log10(math.Abs(v))))
	return number(v, strconv.FormatFloat(v, 'f', min(max(digits, 0), 9), 64))
}

// percent shows a share in percent. What rounds to zero has no sign.
func percent(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nothing
	}
	return strings.TrimPrefix(strconv.FormatFloat(100*v, 'f', 1, 64), "-")
}

// points shows a difference of two shares in percentage points.
func points(v float64) string { return strconv.FormatFloat(100*v, 'f', 1, 64) }

// String shows the cell as it stands in a table.
func (c cell) String() string { return c.text + c.tail }

// direction says which values of a figure are better.
type direction int

const (
	neither direction = iota // not to be compared
	more
	less
)

// emphasize sets the best of cells in bold, with all that look like it: a
// difference that the digits do not show is none to a reader.
func emphasize(cells []cell, better direction) {
	if better == neither {
		return
	}
	best := -1
	for i, c := range cells {
		if !c.known {
			continue
		}
		if best < 0 || better == more && c.value > cells[best].value || better == less && c.value < cells[best].value {
			best = i
		}
	}
	if best < 0 {
		return
	}
	text := cells[best].text
	for i := range cells {
		if cells[i].known && cells[i].text == text {
			cells[i].text = "**" + text + "**"
		}
	}
}

// bar draws a share as 20 characters at most.
func bar(v float64) string {
	if !(v > 0) {
		return ""
	}
	return strings.Repeat("#", int(math.Round(20*min(v, 1))))
}

func width(s string) int { return utf8.RuneCountInString(s) }
