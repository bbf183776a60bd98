package ingest

import "strings"

// weightOf returns the adjusted count that the OpenTelemetry entry of a W3C
// tracestate gives a span: the number of spans that it stands for. A rejection
// threshold T (ot=th:..., up to 14 hexadecimal digits of 56 bits, trailing zeros
// left out) means a sampling probability of (2^56-T)/2^56, so
//
//	weight = 2^56 / (2^56 - T)
//
// Without a threshold the weight is 1. It is 1 too where the threshold is
// malformed, and ok is false.
//
// See OpenTelemetry specification, "TraceState: Probability Sampling" (OTEP 235).
func weightOf(tracestate string) (weight float64, ok bool) {
	entry, found := listMember(tracestate, "ot")
	if !found {
		return 1, true
	}
	for entry != "" {
		var field string
		field, entry, _ = strings.Cut(entry, ";")
		digits, isThreshold := strings.CutPrefix(field, "th:")
		if !isThreshold {
			continue
		}
		t, ok := parseThreshold(digits)
		if !ok {
			return 1, false
		}
		const all = 1 << 56
		return all / float64(all-t), true
	}
	return 1, true
}

// listMember returns the value of key in a comma-separated list of key=value.
func listMember(list, key string) (string, bool) {
	for list != "" {
		var member string
		member, list, _ = strings.Cut(list, ",")
		k, v, ok := strings.Cut(strings.Trim(member, " \t"), "=")
		if ok && k == key {
			return v, true
		}
	}
	return "", false
}

// parseThreshold reads 1 to 14 lower-case hexadecimal digits as the leading ones of 56 bits.
func parseThreshold(digits string) (uint64, bool) {
	const width = 14
	if len(digits) == 0 || len(digits) > width {
		return 0, false
	}
	var t uint64
	for i := range len(digits) {
		c := digits[i]
		switch {
		case '0' <= c && c <= '9':
			t = t<<4 | uint64(c-'0')
		case 'a' <= c && c <= 'f':
			t = t<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return t << (4 * (width - len(digits))), true
}
