package change

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkLedger_Observe is a window of 1000 services of 10 operations each.
func BenchmarkLedger_Observe(b *testing.B) {
	var text strings.Builder
	for s := range 1000 {
		for o := range 10 {
			fmt.Fprintf(&text, " s%d/o%d@v1#r%d", s, o, o%3)
		}
	}
	l := NewLedger(Default(1000))
	w := picture(b, 0, text.String())
	b.ReportAllocs()
	for b.Loop() {
		l.Observe(w)
	}
}
