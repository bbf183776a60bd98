//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sage-rca/sage/internal/eventlog"
)

// row is the outcome of one fault.
type row struct {
	Fault string `json:"fault"`
	What  string `json:"what"`

	Opened    bool    `json:"opened"`
	ToOpen    int     `json:"windows_to_open"`
	ToVerdict int     `json:"windows_to_right_verdict"` // 0: never
	ToResolve int     `json:"windows_to_resolve"`       // after the recovery
	First     verdict `json:"first_verdict"`
	Last      verdict `json:"last_verdict"`

	ServiceRight   bool `json:"service_right"`
	MechanismRight bool `json:"mechanism_right"`
	Resolved       bool `json:"resolved"`

	HealthyP95 float64 `json:"entry_p95_before_s"`
	FaultP95   float64 `json:"entry_p95_during_s"`
}

// verdict is what an event says of the cause.
type verdict struct {
	Kind        string  `json:"kind"`
	Service     string  `json:"service"`
	Mechanism   string  `json:"mechanism"`
	Metric      string  `json:"metric,omitempty"`
	Probability float64 `json:"probability"`
	Method      string  `json:"method"`
	Abstained   string  `json:"abstained,omitempty"`
}

func verdictOf(in eventlog.Incident) verdict {
	v := verdict{
		Kind: in.Kind, Service: in.Culprit, Mechanism: in.Mechanism, Metric: in.Metric,
		Probability: in.Probability, Method: in.Method,
	}
	if in.Abstained {
		v.Abstained = in.AbstainReason
	}
	return v
}

func (v verdict) String() string {
	if v.Service == "" {
		return "none: " + v.Abstained
	}
	text := fmt.Sprintf("%s %s %s", v.Kind, v.Service, v.Mechanism)
	if v.Metric != "" {
		text += " [" + v.Metric + "]"
	}
	return fmt.Sprintf("%s p=%.2f, %s", text, v.Probability, v.Method)
}

// table shows rows as a Markdown table.
func table(rows []row) string {
	var b strings.Builder
	b.WriteString("| fault | entry p95 | event | service right | mechanism right | windows to open | to right verdict | to resolve |\n")
	b.WriteString("|---|---|---|---|---|--:|--:|--:|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %s: %s | %.0f > %.0f ms | %s | %s | %s | %s | %s | %s |\n",
			r.Fault, r.What, 1e3*r.HealthyP95, 1e3*r.FaultP95, r.Last, yes(r.ServiceRight), yes(r.MechanismRight),
			count(r.ToOpen), count(r.ToVerdict), count(r.ToResolve))
	}
	return b.String()
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "NO"
}

func count(n int) string {
	if n == 0 {
		return "never"
	}
	return fmt.Sprint(n)
}

// write puts the table into dir as e2e.md and e2e.json.
func write(dir string, rows []row) error {
	text, err := json.MarshalIndent(rows, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "e2e.json"), append(text, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "e2e.md"), []byte(table(rows)), 0o644)
}

// windows is how many windows, the last one begun, lie between two moments.
func windows(from, to time.Time) int {
	return max(1, int((to.Sub(from)+window-1)/window))
}
