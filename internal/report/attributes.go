package report

import (
	"math"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/plog"
)

// attributes sets attributes of a record, and leaves out what is not known: the
// empty string, NaN, infinity, the zero time, an empty list.
type attributes struct{ record plog.LogRecord }

func (a attributes) text(key, value string) {
	if value != "" {
		a.record.Attributes().PutStr(key, valid(value))
	}
}

func (a attributes) integer(key string, value int64) { a.record.Attributes().PutInt(key, value) }

func (a attributes) truth(key string, value bool) { a.record.Attributes().PutBool(key, value) }

func (a attributes) number(key string, value float64) {
	if known(value) {
		a.record.Attributes().PutDouble(key, value)
	}
}

func (a attributes) moment(key string, value time.Time) {
	if !value.IsZero() {
		a.record.Attributes().PutStr(key, value.UTC().Format(time.RFC3339Nano))
	}
}

func (a attributes) texts(key string, values []string) {
	if len(values) == 0 {
		return
	}
	to := a.record.Attributes().PutEmptySlice(key)
	for _, v := range values {
		to.AppendEmpty().SetStr(valid(v))
	}
}

// numbers sets a list of which each place means something: all are known, or it
// is left out.
func (a attributes) numbers(key string, values []float64) {
	for _, v := range values {
		if !known(v) {
			return
		}
	}
	if len(values) == 0 {
		return
	}
	to := a.record.Attributes().PutEmptySlice(key)
	for _, v := range values {
		to.AppendEmpty().SetDouble(v)
	}
}

// known reports whether v says something.
func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// valid returns s as UTF-8, which OTLP strings must be.
func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
