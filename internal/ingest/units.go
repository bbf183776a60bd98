package ingest

import "strings"

// units maps the units of OTLP (UCUM, and what receivers write in its place) to
// their size in base units: seconds, bytes, and 1.
var units = map[string]float64{
	"": 1, "1": 1, "%": 0.01, "percent": 0.01,
	"s": 1, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ns": 1e-9, "min": 60, "h": 3600, "d": 86400,
	"seconds": 1, "second": 1, "milliseconds": 1e-3, "microseconds": 1e-6, "nanoseconds": 1e-9,
	"By": 1, "B": 1, "byte": 1, "bytes": 1, "bit": 0.125,
	"kBy": 1e3, "KBy": 1e3, "MBy": 1e6, "GBy": 1e9, "TBy": 1e12,
	"KiBy": 1 << 10, "MiBy": 1 << 20, "GiBy": 1 << 30, "TiBy": 1 << 40,
	"kb": 1e3, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
	"m{cpu}": 1e-3, "mcpu": 1e-3, "n{cpu}": 1e-9,
}

// suffixes give the unit of metrics without one, named as Prometheus does.
var suffixes = []struct{ suffix, unit string }{
	{"_milliseconds", "ms"},
	{"_microseconds", "us"},
	{"_nanoseconds", "ns"},
	{"_seconds", "s"},
	{"_megabytes", "MBy"},
	{"_kilobytes", "kBy"},
	{"_bytes", "By"},
	{"_percent", "%"},
}

// unitFactor returns what a value in unit is to be multiplied by to be in base
// units, and false where the unit is not known. A unit may be a quotient ("By/s")
// and what stands in braces counts things ("{thread}").
func unitFactor(unit string) (float64, bool) {
	if f, ok := units[unit]; ok {
		return f, true
	}
	if strings.HasPrefix(unit, "{") && strings.HasSuffix(unit, "}") {
		return 1, true
	}
	numerator, denominator, ok := strings.Cut(unit, "/")
	if !ok {
		return 1, false
	}
	n, nok := unitFactor(numerator)
	d, dok := unitFactor(denominator)
	return n / d, nok && dok
}

// factorOf returns the factor of a metric: of its unit, where that is known,
// else of its name, else of fallback.
func factorOf(name, unit, fallback string) float64 {
	if unit != "" {
		if f, ok := unitFactor(unit); ok {
			return f
		}
	}
	stem := strings.TrimSuffix(name, "_total")
	for _, s := range suffixes {
		if strings.HasSuffix(stem, s.suffix) {
			return units[s.unit]
		}
	}
	f, _ := unitFactor(fallback)
	return f
}
