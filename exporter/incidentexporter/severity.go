package incidentexporter

import "go.opentelemetry.io/collector/pdata/plog"

// severities are what min_severity may be.
var severities = map[string]plog.SeverityNumber{
	"info":  plog.SeverityNumberInfo,
	"warn":  plog.SeverityNumberWarn,
	"error": plog.SeverityNumberError,
}

// critical is the severity that pages.
const critical = "critical"

// severityName is a severity in the words of PagerDuty, which are also those that
// rules for Alertmanager use: critical pages, warning does not.
func severityName(n plog.SeverityNumber) string {
	switch {
	case n >= plog.SeverityNumberError:
		return critical
	case n >= plog.SeverityNumberWarn:
		return "warning"
	default:
		return "info"
	}
}
