package emit

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// sampler decides by the trace ID which traces are kept. A trace is kept where its
// randomness R, the last 56 bits of the ID, is at least the rejection threshold T:
//
//	p = (2^56 - T) / 2^56
//
// See OpenTelemetry specification, "TraceState: Probability Sampling".
type sampler struct {
	threshold  uint64
	tracestate string // "" where all are kept
}

// thresholdDigits is the precision of thresholds in hexadecimal digits, after the
// leading ones that are f; the specification recommends four.
const thresholdDigits = 4

func newSampler(ratio float64) sampler {
	if ratio <= 0 || ratio >= 1 {
		return sampler{}
	}
	const all = 1 << 56
	t := uint64((1 - ratio) * all)
	digits := thresholdDigits
	for x := t << 8; x>>60 == 0xf && digits < 14; x <<= 4 {
		digits++
	}
	shift := 4 * (14 - digits)
	t = t >> shift << shift
	text := strconv.FormatUint(t, 16)
	text = strings.Repeat("0", 14-len(text)) + text
	text = strings.TrimRight(text, "0")
	if text == "" {
		text = "0"
	}
	return sampler{threshold: t, tracestate: "ot=th:" + text}
}

func (s *sampler) keeps(trace *[16]byte) bool {
	return binary.BigEndian.Uint64(trace[8:])&(1<<56-1) >= s.threshold
}
